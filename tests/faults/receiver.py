"""The backend's end of a webhook: notes what arrived, and how often."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """What arrived: event ids with how often, and the request and event of each."""

    url: str = ""
    times: Counter[str] = field(default_factory=Counter)
    events: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, request_id: str) -> list[str]:
        """Return the events about one request, each once."""
        return sorted(event for request, event in self.events.values() if request == request_id)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        received: Received = self.server.received  # type: ignore[attr-defined]  # set below
        number = self.headers["webhook-id"]
        received.times[number] += 1
        received.events[number] = (body["data"]["request_id"], body["type"])
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A sender that was killed hung up: that is what the laboratory is for."""


@contextmanager
def receiver() -> Iterator[Received]:
    """Yield what a receiver on loopback has got."""
    server = _Server(("127.0.0.1", 0), _Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}/")
    server.received = received  # type: ignore[attr-defined]  # for its handlers
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
