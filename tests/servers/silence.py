"""A network in a process: passes bytes on, until it is told to swallow them without a word."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BYTES = 65_536


class Network:
    """
    A TCP proxy on loopback.

    Args:
        to: Where it leads: host and port, or the path of a socket.
    """

    def __init__(self, to: tuple[str, int] | Path) -> None:
        self._to = to
        self._silent = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Swallow everything from now on; connections stay up and new ones are taken."""
        self._silent.set()

    def speak(self) -> None:
        """Pass on what new connections say; what was swallowed is lost."""
        self._silent.clear()

    def stop(self) -> None:
        """Close everything."""
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = self._connect()
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._to, Path):
            far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            far.connect(str(self._to))
            return far
        return socket.create_connection(self._to)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BYTES):
                if self._silent.is_set():
                    continue
                sink.sendall(data)
            if not self._silent.is_set():
                sink.shutdown(socket.SHUT_WR)


@contextmanager
def network(to: tuple[str, int] | Path) -> Iterator[Network]:
    """Yield a network that leads to *to*."""
    one = Network(to)
    try:
        yield one
    finally:
        one.stop()
