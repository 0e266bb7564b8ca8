"""
A small server of metrics and readiness, on an address of its own that is not for the public.

The address is taken before the fork and each process of the group listens there: whoever is free
answers for all, so that one that died, or is busy, hides nobody.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import orjson

from rights import logs, metrics
from rights.domain.errors import ConfigError

if TYPE_CHECKING:
    from rights.metrics.book import Book

_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_JSON: Final = "application/json"
_BACKLOG: Final = 16
_PATIENCE_S: Final = 5
_TRIES: Final = 3

Answer = tuple[int, str, bytes]
Ready = Callable[[], Mapping[str, str]]
"""Says of each thing that is needed ``up``, or what is wrong with it."""


def address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``, as the settings let it through."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def bound(text: str) -> socket.socket:
    """
    Return a socket that listens at ``host:port``.

    Raises:
        ConfigError: somebody else does, or this machine has no such address.
    """
    host, port = address(text)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        made = socket.create_server(found[0][4][:2], family=found[0][0], backlog=_BACKLOG)
    except OSError as error:
        why = f"RIGHTS_METRICS_LISTEN: nothing can listen there ({type(error).__name__})"
        raise ConfigError(f"{why}: another process does, or it is no address of ours") from None
    made.setblocking(False)  # several wait for one call, and one of them gets it
    return made


class Listener(ThreadingHTTPServer):
    """
    Answers ``/metrics``, ``/healthz`` and, where *ready* is given, ``/readyz``.

    Args:
        at: From :func:`bound`.
        ready: Opens what readiness is asked of; called in each process, after the fork.
    """

    daemon_threads = True

    def __init__(
        self, at: socket.socket, book: Book, ready: Callable[[], Ready] | None = None
    ) -> None:
        super().__init__(at.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = at
        self._book, self._make_ready = book, ready
        self._ready: Ready | None = None

    def begin(self) -> None:
        """Count and listen in this process from now on; without room it does neither."""
        try:
            self._book.join()
        except OSError as error:
            logs.get().error("metrics.no_room", error=type(error).__name__, pid=os.getpid())
            metrics.stop()
            return
        self._ready = self._make_ready() if self._make_ready else None
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def answer(self, path: str) -> Answer:
        """Return status, content type and body for a path."""
        if path == "/metrics":
            return 200, _FORMAT, self._text()
        if path == "/healthz":
            return 200, _JSON, orjson.dumps({"status": "ok"})
        if path == "/readyz" and self._ready:
            said = self._ready()
            missing = sorted(name for name, how in said.items() if how != "up" and name != "redis")
            status = "not_ready" if missing else "ok" if said.get("redis") == "up" else "degraded"
            return 503 if missing else 200, _JSON, orjson.dumps({"status": status, **said})
        return 404, _JSON, orjson.dumps({"status": "not_found"})

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the library asks so
        """Say so in the log, by type and place; whoever asked is not named."""
        logs.get().warning("metrics.fault", exc_info=True)

    def _text(self) -> bytes:
        for _ in range(_TRIES - 1):
            try:
                return self._book.text()
            except struct.error:
                continue  # a process began to count at this moment
        return self._book.text()


class _Handler(BaseHTTPRequestHandler):
    """One call."""

    timeout = _PATIENCE_S
    server: Listener
    server_version = "rights"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer it."""
        status, kind, body = self.server.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write nothing: somebody asks every few seconds."""
