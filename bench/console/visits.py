"""An approver who signs in over HTTP and opens every page of the console, again and again."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import pyotp

from bench.console.places import PAGES
from bench.portal.browser import Browser

_KEY: Final = re.compile(r'name="key" value="([0-9a-f]+)"')
_SECRET: Final = re.compile(r"<code>([A-Z2-7]+)</code>")
_NEXT: Final = re.compile(r'href="/console(/requests\?[^"]*after=[^"]*)"')
PASSWORD: Final = "a long walk by the river"


@dataclass(slots=True)
class Approver:
    """
    Somebody at a browser.

    Args:
        port: Of our web.
        token: Of an invitation.
        known: What stands for the names in paths and forms.
    """

    port: int
    token: str = field(repr=False)
    browser: Browser = field(init=False)
    known: dict[str, str] = field(default_factory=dict)

    def come_in(self, name: str) -> None:
        """Set a password and an app, and be signed in. Raises RuntimeError."""
        self.browser = here = Browser(self.port, "")
        twice = {"password": PASSWORD, "again": PASSWORD}
        here.open("/console/invitation", {"w": self.token, **twice})
        here.send("/console/sign-in", {"name": name, "password": PASSWORD})
        text = here.open("/console/set-up").body.decode()
        secret = _found(_SECRET, text)
        here.key = _found(_KEY, text)
        here.open("/console/set-up", {"code": pyotp.TOTP(secret).at(datetime.now(UTC))})
        here.key = _found(_KEY, here.open("/console/account").body.decode())

    def look(self, known: Mapping[str, str]) -> None:
        """Come back after a while, and learn where everything is."""
        self.browser.rest()
        first = self.browser.open("/console/requests").body.decode()
        self.known = {**known, "second": _found(_NEXT, first).replace("&amp;", "&")}

    def visit(self, name: str) -> float:
        """Open a page; return the milliseconds until all of it was there, of a file its begin."""
        place = PAGES[name]
        path = f"/console{place.path.format_map(self.known)}"
        sent = place.sent
        given = None if sent is None else {n: v.format_map(self.known) for n, v in sent.items()}
        begun = time.perf_counter()
        if place.file:
            return self._begin_of(path, begun)
        self.browser.open(path, given)
        return (time.perf_counter() - begun) * 1000

    def _begin_of(self, path: str, begun: float) -> float:
        cookies = "; ".join(f"{n}={v}" for n, v in self.browser.cookies.items())
        return first_byte(self.port, path, begun, {"Cookie": cookies})


def first_byte(port: int, path: str, begun: float, headers: Mapping[str, str]) -> float:
    """Return the milliseconds from *begun* until a file begins; the rest is read outside."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=dict(headers))
    response = connection.getresponse()
    response.read(1)
    took = (time.perf_counter() - begun) * 1000
    response.read()
    connection.close()
    if response.status != http.client.OK:
        raise RuntimeError(f"{path} answered {response.status}")
    return took


def bare(browser: Browser, port: int, name: str, known: Mapping[str, str]) -> float:
    """Open the bare page of the same name; return its milliseconds."""
    path = f"/{name}?{urlencode(known)}"
    begun = time.perf_counter()
    if PAGES[name].file:
        return first_byte(port, path, begun, {})
    browser.open(path)
    return (time.perf_counter() - begun) * 1000


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise RuntimeError("a page of the console does not show what it should")
    return found[1]
