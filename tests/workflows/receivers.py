"""A product backend's end of a webhook: a real HTTP server that keeps what it was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """
    Answers every POST with ``status``, after ``pause_s``.

    Paths can have answers of their own in ``by_path``.
    """

    def __init__(self, *, status: int = 204, pause_s: float = 0, **headers: str) -> None:
        self.status, self.pause_s, self.headers = status, pause_s, headers
        self.by_path: dict[str, int] = {}
        self.received: list[Received] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                outer.received.append(
                    Received(self.path, dict(self.headers), self.rfile.read(size))
                )
                time.sleep(outer.pause_s)
                self.send_response(outer.by_path.get(self.path, outer.status))
                for name, value in outer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str = "/hook") -> str:
        return f"http://{self.place}{path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
