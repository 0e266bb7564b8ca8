"""
A page of the demo's own on which one click signs in as a sample member of staff.

It knows the passwords and apps of the staff it made, and sends what a browser would send; the
console has no other way in than that. The browser is given the cookie that comes of it: it is of
the same host.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any, Final

from urllib3.exceptions import HTTPError

from workflows.demo.office.clerk import Clerk, Refused

_PAGE: Final = Template(Path(__file__).with_name("door.html").read_text(encoding="utf-8"))
_MEMBER: Final = Template(
    '<section><h2>$name</h2><form method="post" action="/as/$name"><p><button>Sign in 登录</button>'
    "</p></form><p>password 密码 <code>$password</code> · code 动态码 <code>$code</code></p>"
    "</section>"
)


class Door:
    """Listens on this machine until it is told to stop."""

    def __init__(self, clerks: Sequence[Clerk], console_url: str) -> None:
        self._clerks = {one.name: one for one in clerks}
        self._console = console_url
        self._turn = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.door = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    def page(self) -> str:
        """Return the page, with the codes of now."""
        now = datetime.now(UTC)
        members = [
            _MEMBER.substitute(
                name=html.escape(one.name),
                password=html.escape(one.password),
                code=one.codes(now)[0],
            )
            for one in self._clerks.values()
        ]
        return _PAGE.substitute(console=self._console, members="\n".join(members))

    def enter(self, name: str) -> tuple[str, str]:
        """Sign in; return where the console is, and its cookie. Raises Refused, KeyError."""
        clerk = self._clerks[name]
        with self._turn:
            clerk.sign_in()
            return f"{self._console}/console/", clerk.session_cookie

    def is_own(self, host: str, origin: str) -> bool:
        """Return whether a call comes from this page: no other page signs anybody in."""
        return f"http://{host}" == self.url and origin in ("", self.url)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    door: Door


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if not self._is_own() or self.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, "")
            return
        self._answer(HTTPStatus.OK, self.server.door.page())

    def do_POST(self) -> None:
        if not self._is_own():
            self._answer(HTTPStatus.FORBIDDEN, "")
            return
        try:
            where, cookie = self.server.door.enter(self.path.removeprefix("/as/"))
        except KeyError:
            self._answer(HTTPStatus.NOT_FOUND, "")
        except (Refused, HTTPError) as error:
            self._answer(HTTPStatus.CONFLICT, html.escape(str(error)))
        else:
            self._answer(HTTPStatus.SEE_OTHER, "", **{"Location": where, "Set-Cookie": cookie})

    def _is_own(self) -> bool:
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin", "")
        return self.server.door.is_own(host, origin)

    def _answer(self, status: HTTPStatus, text: str, **more: str) -> None:
        body = text.encode()
        self.send_response(status)
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
        for name, value in (headers | more).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        pass  # the terminal shows mails and results only
