"""
The small process between us and a server we start: it ends the server when we end.

Its standard input is a pipe of which only the starter holds the other end. Whatever ends the
starter, SIGKILL included, closes that pipe; then the keeper ends the server and removes its
folder. A pipe works the same on Linux and macOS, where a parent-death signal does not.

Run by path, with the standard library alone: ``python -I -S keeper.py SPEC``, where SPEC is JSON:
``command``, ``folder``, ``end_signal``, ``environment``, ``user`` (a numeric id, or null) and
``leftovers`` (files outside the folder that the server leaves behind). The server's process id
is printed first. A line ``keep`` on the pipe ends the server and keeps the folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


def _follow_the_starter(
    server: subprocess.Popen[bytes], end_signal: int, seen: list[bytes]
) -> None:
    # Not sys.stdin: its lock, held by a thread that still reads, breaks the interpreter's exit.
    seen.append(os.read(0, 16))
    server.send_signal(end_signal)


def _launch(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    folder = Path(spec["folder"])
    user = spec["user"]
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            spec["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **spec["environment"]},
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )


def main() -> int:
    """Run the server until it ends or the starter does; return the server's exit code."""
    spec = json.loads(sys.argv[1])
    server = _launch(spec)
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    seen: list[bytes] = []
    threading.Thread(
        target=_follow_the_starter,
        args=(server, signal.Signals[spec["end_signal"]], seen),
        daemon=True,
    ).start()
    code = server.wait()
    for leftover in spec["leftovers"]:
        Path(leftover).unlink(missing_ok=True)
    if seen and not seen[0].startswith(b"keep"):
        shutil.rmtree(spec["folder"], ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
