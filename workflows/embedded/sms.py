"""A provider of text messages of our own that keeps what it is sent instead of delivering it."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Received:
    """One text message, and the key by which a repeat is told."""

    key: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    said: dict[str, Any] = field(repr=False)


class Texts:
    """
    A running provider on 127.0.0.1 that takes what carries *token*.

    ``messages`` grows in the order of arrival, a repeat under the same key left out.
    ``on_text`` is called in the server's thread.
    """

    def __init__(self, *, token: str, on_text: Callable[[Received], None] | None = None) -> None:
        self.token = token
        self.messages: list[Received] = []
        self._on_text = on_text
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"texts": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.place}/messages"
        self._thread = threading.Thread(target=self._server.serve_forever, name="sms", daemon=True)
        self._thread.start()

    def take(self, key: str, said: dict[str, Any]) -> None:
        """Keep one message, unless it is a repeat."""
        message = Received(key, str(said["to"]), str(said["text"]), said)
        with self._lock:
            if any(one.key == key for one in self.messages):
                return
            self.messages.append(message)
        if self._on_text is not None:
            self._on_text(message)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    texts: Texts

    def do_POST(self) -> None:
        """Take one message."""
        size = int(self.headers.get("Content-Length", "0"))
        if size > _MOST_BYTES:
            self.close_connection = True
            self._answer(413)
            return
        body = self.rfile.read(size)
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.texts.token}".encode()):
            self._answer(401)
            return
        try:
            self.texts.take(self.headers["Idempotency-Key"], orjson.loads(body))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            self._answer(400)
            return
        self._answer(202)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing: what is worth saying is said by ``on_text``."""
