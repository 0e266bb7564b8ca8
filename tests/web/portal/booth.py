"""
Another company's server: a bridge to the national network identity service, of our making.

It keeps the protocol of ``docs/reference/network-identity.md`` by its own few lines, unless a test
tells it not to. Every way to misbehave is a value that a test sets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request, Response

KEY = b"s" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Booth</title></head>
<body><main><h1>Network identity</h1><p><a href="{there}">I show it</a></p></main></body>
</html>"""


@dataclass
class Booth:
    """
    A bridge.

    Args:
        account: To whom the network identity of whoever comes is bound here.
        said: What its answer says that is to be something else; None leaves one out.
        status: What it answers with in place of 200, by path.
        key: With which it signs.
        another: It signs as if it answered another question.
        cancels: Whoever comes goes back without having shown anything.
        pages: It shows a page with a link first.
        pause_s: How long it takes over an answer.
    """

    url: str = ""
    now: Callable[[], float] = time.time
    account: dict[str, str] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    key: bytes = KEY
    another: bool = False
    cancels: bool = False
    pages: bool = False
    pause_s: float = 0.0
    go: str = ""
    asked: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    visits: dict[str, dict[str, Any]] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)

    def app(self) -> Any:
        """Return its application."""
        return Request.application(self._answer)

    def _answer(self, request: Request) -> Response:
        if request.path == "/go":
            return self._go(request)
        body = request.get_data()
        if not self._signed(request, body):
            return Response(status=401)
        self.asked.append(request.path)
        self.documents.append(json.loads(body))
        time.sleep(self.pause_s)
        if request.path in self.status:
            return Response(status=self.status[request.path])
        known = {"/about": self._about, "/visits": self._visit, "/results": self._result}
        return self._sealed(request, known[request.path](json.loads(body)))

    def _about(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"protocol": 1}

    def _visit(self, given: dict[str, Any]) -> dict[str, Any]:
        self.visits[given["state"]] = given
        return {"go": self.go or f"{self.url}/go?{urlencode({'visit': given['state']})}"}

    def _go(self, request: Request) -> Response:
        """Let whoever comes show their network identity, and send them back."""
        state = request.args["visit"]
        back = {"state": state}
        if not self.cancels:
            ticket = secrets.token_urlsafe(16)
            self.tickets[ticket] = state
            back["ticket"] = ticket
        there = f"{self.visits[state]['back']}?{urlencode(back)}"
        if self.pages:
            page = _PAGE.format(there=there.replace("&", "&amp;"))
            return Response(page, content_type="text/html")
        return Response(status=302, headers={"Location": there})

    def _result(self, given: dict[str, Any]) -> dict[str, Any]:
        state = self.tickets.pop(given["ticket"], "")  # once
        if not state:
            return {"result": "unknown"}
        answer = {
            "nonce": self.visits[state]["nonce"],
            "result": "proved",
            "at": datetime.fromtimestamp(self.now(), UTC).isoformat(),
            "account": self.account,
            "real_name": "same",
            **self.said,
        }
        return {name: value for name, value in answer.items() if value is not None}

    def _signed(self, request: Request, body: bytes) -> bool:
        given = request.headers.get("webhook-signature", "")
        made = self._mac(request.headers["webhook-id"], request.headers["webhook-timestamp"], body)
        return hmac.compare_digest(given, made) or self.key != KEY

    def _mac(self, message_id: str, at: str, body: bytes) -> str:
        mac = hmac.digest(self.key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
        return "v1," + base64.b64encode(mac).decode()

    def _sealed(self, request: Request, document: dict[str, Any]) -> Response:
        body, at = json.dumps(document).encode(), str(int(self.now()))
        message_id = "another-question" if self.another else request.headers["webhook-id"]
        signed = {
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": self._mac(message_id, at, body),
        }
        return Response(body, content_type="application/json", headers=signed)
