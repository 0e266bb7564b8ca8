"""
Our own processes, each in a group and a session of its own, ended when we end.

The embedded servers' keeper looks after these too. Unlike a server's, their environment holds
secrets, so it is handed over as an environment: a command line is everybody's to read.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workflows.embedded import keeper
from workflows.embedded.process import StartFailed

_KEEPER: Final = Path(keeper.__file__)
_PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.02
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "PYTHONPATH")
_TAIL: Final = 20


def bare_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with *values* and what any program needs, and nothing else of ours."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **values}


class OwnProcess:
    """
    One running process of ours.

    Args:
        folder: A folder of its own, for its log; it stays when the process ends.
        environment: All of it; nothing is inherited.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        spec: dict[str, Any] = {
            "command": list(command),
            "folder": str(folder),
            "end_signal": "SIGTERM",
            "environment": {},
            "user": None,
            "leftovers": [],
        }
        # -I -S keeps the keeper small; what it starts gets the environment as it is here.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            env=dict(environment),
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdin is not None
        self._words = self._keeper.stdin
        first = self._keeper.stdout.readline()
        if not first:
            raise StartFailed(f"could not start {name}")
        self.pid = int(first)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._keeper.poll() is None

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and return its exit code."""
        return self._keeper.wait(timeout=timeout_s)

    def tail(self) -> str:
        """Return the end of what it printed."""
        log = self._folder / "server.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-_TAIL:])

    def ask_to_end(self) -> None:
        """Ask it to end in good order, and do not wait."""
        if self._words.closed:
            return
        try:
            self._words.write("keep\n")
            self._words.close()
        except BrokenPipeError:
            pass  # it ended by itself before

    def stop(self) -> None:
        """End it and everything it started; by force when it takes too long."""
        self.ask_to_end()
        assert self._keeper.stdout is not None
        if not self._keeper.stdout.closed:
            # It says nothing more: what can be read is its end, before anybody reaped it.
            select.select([self._keeper.stdout], [], [], _PATIENCE_S)
            self._keeper.stdout.close()
        if self._keeper.returncode is None:
            # So the number of the session that we gave it is still its own.
            os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.wait()


def python(*words: str) -> list[str]:
    """Return the command that runs *words* with the Python we run on."""
    return [sys.executable, *words]


def until(ready: Callable[[], bool], process: OwnProcess, *, timeout_s: float = 30.0) -> None:
    """
    Return once ``ready()`` is true.

    Raises:
        StartFailed: the process ended, or the time is over; with the end of its log.
    """
    end = time.monotonic() + timeout_s
    while not ready():
        if not process.running or time.monotonic() > end:
            raise StartFailed(f"{process.name} did not start:\n{process.tail()}")
        time.sleep(_LOOK_S)
