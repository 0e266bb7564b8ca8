"""
A small honest service that speaks the protocol of ``docs/reference/http-backend.md``.

Tables are dictionaries, a thread serves them on loopback, and faults can be put in front of the
next requests. It imports nothing of the connector: it was written from the description.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rights.domain.errors import Unauthenticated
from rights.domain.signing import verify

SECRET = "whsec_" + "dGVzdHMtb25seS1zZWNyZXQtMzItYnl0ZXMtbG9uZyE="
READS = ("freeze", "locate", "collect", "verify")
EFFECTS = ("erase", "correct", "restrict", "suppress", "close")

Row = dict[str, Any]
Answer = tuple[int, dict[str, Any]]
Fault = Callable[["Handler"], bool]
"""Answers in place of the service and returns True, or spoils something and returns False."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    document: dict[str, Any]


@dataclass
class Backend:
    """
    The service's state.

    Args:
        tables: Rows by collection.
        keys: The columns that name a row; ``id`` where not given.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    secret: str = SECRET
    url: str = ""
    _done: dict[str, Answer] = field(default_factory=dict)
    _fences: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: Mapping[str, str], document: dict[str, Any]) -> Answer:
        with self._lock:
            if path == "/about":
                return 200, {"protocol": 1, "collections": self._about()}
            collection, _, verb = path.strip("/").partition("/")
            if (verb, collection) != (document["verb"], document["collection"]):
                return 400, {"error": "path_and_body_differ"}
            if collection not in self.tables:
                return 404, {"error": "not_found"}
            if verb in READS:
                return 200, self._page(collection, document)
            if verb in EFFECTS:
                return self._once(collection, headers, document)
            return 405, {"error": "no_such_verb"}

    def _about(self) -> dict[str, Any]:
        return {
            name: {
                "verbs": [*READS, *EFFECTS],
                "key": list(self._key(name)),
                "columns": {c: type(v).__name__ for c, v in (rows[0] if rows else {}).items()},
            }
            for name, rows in self.tables.items()
        }

    def _page(self, collection: str, document: dict[str, Any]) -> dict[str, Any]:
        """Keyset pages: a cursor is the last key, so rows may go while they are read."""
        key = self._key(collection)
        found = sorted(
            (r for r in self.tables[collection] if _matches(r, document["match"])),
            key=lambda row: [_text(row[c]) for c in key],
        )
        after = json.loads(document["after"]) if document["after"] else None
        rest = [r for r in found if after is None or [_text(r[c]) for c in key] > after]
        page = rest[: document["limit"]]
        more = len(rest) > len(page)
        return {
            "rows": [{c: row.get(c) for c in document["columns"]} for row in page],
            "next": json.dumps([_text(page[-1][c]) for c in key]) if more else None,
        }

    def _once(
        self, collection: str, headers: Mapping[str, str], document: dict[str, Any]
    ) -> Answer:
        unit, fence = f"{document['step']}:{document['chunk']}", int(headers["Rights-Fence"])
        if fence < self._fences.get(unit, 0):
            return 409, {"error": "fenced"}
        self._fences[unit] = fence
        key = headers["Idempotency-Key"]
        if key not in self._done:
            self._done[key] = 200, self._effect(collection, document)
        return self._done[key]

    def _effect(self, collection: str, document: dict[str, Any]) -> dict[str, int]:
        named = {tuple(map(_text, key)) for key in document["rows"]}
        key, table = self._key(collection), self.tables[collection]
        rows = [row for row in table if tuple(_text(row[c]) for c in key) in named]
        if "changes" in document:
            return _correct(rows, document["changes"])
        if document["verb"] == "erase" and "columns" not in document:
            table[:] = [row for row in table if row not in rows]
        values = dict.fromkeys(document.get("columns", ())) | document.get("set", {})
        for row in rows:
            row.update(values)
        return {"affected": len(rows) + self._create(collection, document, values)}

    def _create(self, collection: str, document: dict[str, Any], values: Row) -> int:
        entries = document.get("create", [])
        for entry in entries:
            for one in entry["keys"]:
                made = {c: f"new-{len(self.tables[collection])}" for c in self._key(collection)}
                made |= dict(zip(entry["columns"], one, strict=True))
                self.tables[collection].append(made | values)
        return len(entries)

    def _key(self, collection: str) -> tuple[str, ...]:
        return self.keys.get(collection, ("id",))


def _correct(rows: Iterable[Row], changes: list[dict[str, Any]]) -> dict[str, int]:
    affected = conflicts = 0
    for row in rows:
        if any("old" in c and row[c["column"]] not in (c["old"], c["value"]) for c in changes):
            conflicts += 1
            continue
        row.update({c["column"]: c["value"] for c in changes})
        affected += 1
    return {"affected": affected, "conflicts": conflicts}


def _matches(row: Row, match: list[dict[str, Any]]) -> bool:
    return any(_fits(row, entry) for entry in match)


def _fits(row: Row, entry: dict[str, Any]) -> bool:
    kind = entry.get("type")
    if kind and _text(row.get(kind["column"])) != _text(kind["value"]):
        return False
    fold = bool(entry.get("fold"))
    values = [_text(row.get(c), fold=fold) for c in entry["columns"]]
    return None not in values and values in [
        [_text(v, fold=fold) for v in key] for key in entry["keys"]
    ]


def _text(value: Any, *, fold: bool = False) -> Any:
    text = None if value is None else str(value)
    return text.lower() if text and fold else text


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        document = json.loads(body)
        backend = self.server.backend
        backend.seen.append(Seen(self.path, dict(self.headers), document))
        if backend.faults and backend.faults.popleft()(self):
            return
        try:
            verify([backend.secret], dict(self.headers), body, datetime.now(UTC))
        except Unauthenticated:
            self.say(401, {"error": "bad_signature"})
            return
        self.say(*backend.answer(self.path, dict(self.headers), document))

    def say(self, status: int, document: Any, **headers: str) -> None:
        self.say_bytes(status, json.dumps(document).encode(), **headers)

    def say_bytes(
        self, status: int, body: bytes, content_type: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read ``seen``."""


class Server(ThreadingHTTPServer):
    """The service on a loopback port, with a thread for each connection."""

    daemon_threads = True

    def __init__(self, backend: Backend) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.backend = backend
        self.stopping = threading.Event()
        backend.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that hung up is what some tests are about."""


def status(code: int, document: Any = None, **headers: str) -> Fault:
    """Answer *code* once."""

    def fault(handler: Handler) -> bool:
        handler.say(code, document or {"error": "made_up"}, **headers)
        return True

    return fault


def saying(body: bytes, *, code: int = 200, content_type: str = "application/json") -> Fault:
    """Answer *body* once, whatever it is."""

    def fault(handler: Handler) -> bool:
        handler.say_bytes(code, body, content_type)
        return True

    return fault


def hanging(handler: Handler) -> bool:
    """Say nothing until the test is over."""
    handler.server.stopping.wait(10)
    handler.close_connection = True
    return True


def hanging_up(handler: Handler) -> bool:
    """Close the connection without an answer."""
    handler.close_connection = True
    return True


def losing_the_answer(handler: Handler) -> bool:
    """Do what is asked, then hang up before the answer is out."""
    handler.say = lambda *_, **__: None  # type: ignore[method-assign]  # this connection's only
    handler.close_connection = True
    return False
