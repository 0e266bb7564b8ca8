"""Starting a server that ends with us, and waiting until it answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_KEEPER = Path(__file__).with_name("keeper.py")


class StartFailed(RuntimeError):
    """A server we started ended or did not answer in time; the message has the end of its log."""


def new_folder(name: str) -> Path:
    """
    Return a new private folder for a server's data.

    In the system's folder for temporary files and with a short name: the path of a unix socket
    may have 103 characters on macOS, 107 on Linux.
    """
    return Path(tempfile.mkdtemp(prefix=f"rights-{name}-"))


class Process:
    """A running server: its process id, its folder, and the keeper that ends it."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        end_signal: str = "SIGTERM",
        environment: Mapping[str, str] | None = None,
        user: int | None = None,
        leftovers: Sequence[Path] = (),
    ) -> None:
        spec = {
            "command": list(command),
            "folder": str(folder),
            "end_signal": end_signal,
            "environment": dict(environment or {}),
            "user": user,
            "leftovers": [str(path) for path in leftovers],
        }
        self.folder = folder
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle, not the server's
        )
        first = _pipe(self._keeper.stdout).readline()
        if not first:
            raise StartFailed(f"Could not start {command[0]}: is it installed and executable?")
        self.pid = int(first)

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._keeper.poll() is None

    def wait_until(self, answers: Callable[[], bool], *, timeout_s: float = 30) -> None:
        """
        Return when ``answers()`` is true.

        Raises:
            StartFailed: the server ended, or the time is over.
        """
        end = time.monotonic() + timeout_s
        while not answers():
            if not self.running or time.monotonic() > end:
                log = self.log_tail()
                self.stop()
                raise StartFailed(f"The server did not start; the end of its log:\n{log}")
            time.sleep(0.02)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines the server printed."""
        log = self.folder / "server.log"
        if not log.exists():
            return ""
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, *, keep: bool = False) -> None:
        """End the server and remove its folder; with ``keep``, leave the folder."""
        pipe = _pipe(self._keeper.stdin)
        try:
            if keep and not pipe.closed:
                pipe.write("keep\n")
            pipe.close()
        except BrokenPipeError:
            pass  # the server, and so its keeper, had ended already
        _pipe(self._keeper.stdout).close()
        self._keeper.wait(timeout=30)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "both ends were asked for as pipes"
    return stream
