"""A product backend's end of the webhooks: it takes what is properly signed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rights.domain import signing
from rights.domain.errors import Unauthenticated


class Receiver:
    """
    Listens on this machine and keeps the events whose signature holds.

    Args:
        secret: Set once the subscription was made; until then nothing is taken.
    """

    def __init__(self) -> None:
        self.secret = ""
        self.taken: list[dict[str, Any]] = []
        self.refused = 0
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                right = receiver.take(dict(self.headers.items()), body)
                status = HTTPStatus.NO_CONTENT if right else HTTPStatus.UNAUTHORIZED
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
                pass  # the terminal shows mails and results only

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def take(self, headers: dict[str, str], body: bytes) -> bool:
        """Keep one event if it is properly signed."""
        try:
            signing.verify([self.secret] if self.secret else [], headers, body, datetime.now(UTC))
        except Unauthenticated:
            self.refused += 1
            return False
        with self._arrived:
            self.taken.append(json.loads(body))
            self._arrived.notify_all()
        return True

    def wait_for(self, request_id: str, event: str, *, timeout_s: float = 10.0) -> bool:
        """Return whether *event* of a request arrived in time."""

        def there() -> bool:
            return any(
                e["type"] == event and e["data"]["request_id"] == request_id for e in self.taken
            )

        with self._arrived:
            return self._arrived.wait_for(there, timeout=timeout_s)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()
