"""The recommender over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from rights.domain import signing
from rights.domain.errors import Unauthenticated
from workflows.demo.company.recommender import everyday, protocol
from workflows.demo.company.recommender.store import BadRequest, Row, Store

PREFIX: Final = "/rights/"
_LARGEST: Final = 8 * 1024 * 1024


class Answered(Exception):
    """An answer other than 200, with its code."""

    def __init__(self, status: HTTPStatus, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Handler(BaseHTTPRequestHandler):
    """One connection. Everyday calls are open; our protocol's are signed."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # small answers on kept connections would wait 40 ms
    store: ClassVar[Store]
    secret: ClassVar[str]

    def do_GET(self) -> None:
        """``/feed`` and ``/health``."""
        self._answer(self._got)

    def do_POST(self) -> None:
        """``/decide`` and everything below ``/rights/``."""
        self._answer(self._posted)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's name
        """Say nothing: a line of the query would name people."""

    def _answer(self, act: Callable[[bytes], Row]) -> None:
        try:
            body = self._body()
            status, reply = HTTPStatus.OK, act(body)
        except Answered as other:
            status, reply = other.status, {"error": other.code}
        except BadRequest as error:
            fenced = str(error) == "fenced"
            status = HTTPStatus.CONFLICT if fenced else HTTPStatus.BAD_REQUEST
            reply = {"error": str(error)}
        except (KeyError, TypeError, ValueError):
            status, reply = HTTPStatus.BAD_REQUEST, {"error": "malformed"}
        raw = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST:
            self.close_connection = True
            raise Answered(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        return self.rfile.read(length)

    def _got(self, _: bytes) -> Row:
        path, query = self._asked()
        if path == "/health":
            return {"ok": True}
        if path == "/feed":
            who = {name: query[name] for name in ("user_id", "device_id") if name in query}
            return everyday.feed_for(self.store, **who)
        raise Answered(HTTPStatus.NOT_FOUND, "not_found")

    def _posted(self, body: bytes) -> Row:
        path, query = self._asked()
        if path == "/decide":
            made = everyday.decide_for(self.store, query["user_id"], datetime.now(UTC))
            if made is None:
                raise Answered(HTTPStatus.NOT_FOUND, "unknown_person")
            return made
        if not path.startswith(PREFIX):
            raise Answered(HTTPStatus.NOT_FOUND, "not_found")
        return self._spoken(path.removeprefix(PREFIX), body)

    def _spoken(self, path: str, body: bytes) -> Row:
        try:
            signing.verify([self.secret], dict(self.headers.items()), body, datetime.now(UTC))
        except Unauthenticated:
            raise Answered(HTTPStatus.UNAUTHORIZED, "signature") from None
        if path == "about":
            return protocol.about(self.store)
        asked: Mapping[str, Any] = json.loads(body)
        collection, _, verb = path.partition("/")
        if verb in protocol.READS:
            return protocol.read(self.store, collection, asked)
        key = self.headers.get("Idempotency-Key", "")
        fence = int(self.headers.get("Rights-Fence", "0"))
        return protocol.change(self.store, collection, verb, asked, key, fence)

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def serve(store: Store, secret: str, port: int) -> ThreadingHTTPServer:
    """Return a server on *port* of this machine (any free one when 0), not running yet."""
    handler = type("OwnHandler", (Handler,), {"store": store, "secret": secret})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server
