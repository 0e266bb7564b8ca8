"""Just enough of a browser: one connection, its cookies, and where a form leads."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_KEY = re.compile(r'name="key" value="([0-9a-f]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came back.

    Args:
        size: Bytes that were sent: status line, headers and body.
    """

    status: int
    where: str
    body: bytes
    size: int


class Browser:
    """
    One person's browser, on loopback.

    Args:
        token: A portal token, with which :meth:`enter` opens a session.
    """

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._origin = f"http://127.0.0.1:{port}"
        self._token = token
        self.cookies: dict[str, str] = {}
        self.key = ""

    def enter(self) -> None:
        """Open the session, and read what its forms carry. Raises RuntimeError."""
        first = self.open("/portal/enter", {"token": self._token, "lang": "en"})
        found = _KEY.search(first.body.decode())
        if found is None:
            raise RuntimeError("the first page has no form")
        self.key = found[1]

    def open(self, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Follow a link or send a form; return the page it leads to. Raises RuntimeError."""
        given = None if fields is None else {"key": self.key, **fields}
        answer = self.send(path, given)
        if answer.status == http.client.SEE_OTHER:
            answer = self.send(answer.where)
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.body[:2000]!r}")
        return answer

    def send(self, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Send one call, and read all of its answer."""
        headers = {"Accept-Language": "en", "Origin": self._origin}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        if fields is None:
            self._connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            self._connection.request("POST", path, urlencode(fields), headers)
        return self._read()

    def rest(self) -> None:
        """Close the connection; the next call opens another one."""
        self._connection.close()

    def _read(self) -> Answer:
        response = self._connection.getresponse()
        body, lines = response.read(), response.getheaders()
        for name, value in lines:
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self.cookies[cookie] = content
        head = sum(len(name) + len(value) + 4 for name, value in lines)
        size = len(f"HTTP/1.1 {response.status} {response.reason}") + 4 + head + len(body)
        return Answer(response.status, response.headers.get("Location", ""), body, size)


class BareBrowser:
    """The same calls to the bare page: one for a link, two for a form and where it leads."""

    def __init__(self, port: int, number: int) -> None:
        self._browser = Browser(port, "")
        self._path = f"/{number}"
        self.key = ""

    def enter(self) -> None:
        """Open the connection."""
        self._browser.open(self._path)

    def open(self, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Open the page as often as ours would be called. Raises RuntimeError."""
        if fields is not None:
            self._browser.open(self._path)
        del path
        return self._browser.open(self._path)
