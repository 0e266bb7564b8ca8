"""
Sockets whose every read ends by a deadline.

A read timeout alone bounds nothing: a server that sends one byte a second keeps a reader for
ever. Here the time that is left is set before each system call.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from typing import Any, cast

_OVER = "the deadline has passed"


class Deadline:
    """
    How long a request may still take; one per connection, set anew for each request.

    Args:
        idle_s: The longest silence between two bytes, within the total.
    """

    def __init__(self) -> None:
        self.at = 0.0
        self.idle_s = 0.0

    def set(self, total_s: float, idle_s: float) -> None:
        """Start counting."""
        self.at = time.monotonic() + total_s
        self.idle_s = idle_s

    def left(self) -> float:
        """Return the seconds the next system call may take. Raises TimeoutError."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError(_OVER)
        return min(left, self.idle_s)


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline
        self._inner = cast("io.RawIOBase", sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._inner.readinto(buffer)

    def close(self) -> None:
        # Closes its share of the descriptor, as the file of a plain socket would.
        self._inner.close()
        super().close()


class _BoundedSocket:
    """The part of a socket that ``http.client`` uses."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self.sock = sock
        self._deadline = deadline

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.sock, self._deadline), 65536)

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(self._deadline.left())
        self.sock.sendall(data)

    def close(self) -> None:
        self.sock.close()


class PinnedConnection(http.client.HTTPConnection):
    """
    A connection to one judged address, in the name of one host.

    Args:
        host: For the certificate; the Host header is the caller's.
        address: Where the socket goes, whatever *host* resolves to by now.
        tls: None for plain HTTP.
    """

    def __init__(self, host: str, address: str, port: int, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self.deadline = Deadline()
        self.used_at = 0.0
        self._address = address
        self._tls = tls

    def connect(self) -> None:
        """Connect to the address, and prove over TLS that it answers for the host."""
        raw = socket.create_connection((self._address, self.port), self.deadline.left())
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                raw.settimeout(self.deadline.left())
                raw = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()  # whatever happened, it is passed on
            raise
        self.sock = cast("socket.socket", _BoundedSocket(raw, self.deadline))

    def is_stale(self, *, max_idle_s: float) -> bool:
        """Tell whether the peer has closed, or said something nobody asked for."""
        bounded = cast("_BoundedSocket | None", self.sock)
        if bounded is None or time.monotonic() - self.used_at > max_idle_s:
            return True
        bounded.sock.settimeout(0)
        try:
            bounded.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True
