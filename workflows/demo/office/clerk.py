"""A member of staff at a browser: what they send is what the console's pages send, and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import urllib3

_KEY: Final = re.compile(r'name="key" value="([0-9a-f]+)"')
_SECRET: Final = re.compile(r"<code>([A-Z2-7]{16,})</code>")
_PLAN: Final = re.compile(r'name="plan" value="([0-9a-f]+)"')
_STEP: Final = timedelta(seconds=30)
_OK: Final = 200
_SEE_OTHER: Final = 303
_TIMEOUT: Final = urllib3.Timeout(connect=2.0, read=30.0)


class Refused(RuntimeError):
    """The console did not do what it was asked to."""


class Clerk:
    """
    One browser.

    Args:
        console_url: Where the console's web is.
        secret: Of the authenticator app; empty before one is set up.
    """

    def __init__(self, console_url: str, name: str, password: str, secret: str = "") -> None:
        self._base = console_url
        self.name = name
        self.password = password
        self._secret = secret
        self._cookies: dict[str, str] = {}
        self.session_cookie = ""
        """As the console gave it, with all it says about it."""

    def codes(self, now: datetime) -> list[str]:
        """Return what the app shows now, and next: each counts once."""
        import pyotp

        app = pyotp.TOTP(self._secret)
        return [str(app.at(now)), str(app.at(now + _STEP))]

    def accept(self, token: str) -> None:
        """Set the password with an invitation's link. Raises Refused."""
        both = {"password": self.password, "again": self.password}
        self._send("/console/invitation", {"w": token, **both})

    def set_up(self) -> str:
        """Sign in and set up an app, as at the first time; return its secret. Raises Refused."""
        self._send("/console/sign-in", {"name": self.name, "password": self.password})
        page = self.get("/console/set-up")
        self._secret = _found(_SECRET, page)
        code, _ = self.codes(datetime.now(UTC))
        self._send("/console/set-up", {"key": _found(_KEY, page), "code": code}, expected=_OK)
        return self._secret

    def sign_in(self) -> None:
        """Sign in with password and app. Raises Refused."""
        self._cookies.clear()
        self._send("/console/sign-in", {"name": self.name, "password": self.password})
        key = _found(_KEY, self.get("/console/code"))
        for code in self.codes(datetime.now(UTC)):
            given = {"key": key, "code": code, "to": "/console/"}
            if self._call("POST", "/console/code", given).status == _SEE_OTHER:
                return
        raise Refused("each code counts once: in a minute there is another one")

    def get(self, path: str) -> str:
        """Return a page. Raises Refused."""
        answer = self._call("GET", path, None)
        if answer.status != _OK:
            raise Refused(f"GET {path}: {answer.status}")
        return answer.data.decode()

    def approve(self, request_id: str) -> None:
        """Approve a plan that waits, as the page of its request shows it. Raises Refused."""
        if request_id not in self.get("/console/waiting"):
            raise Refused("the request does not stand among what waits")
        path = f"/console/requests/{request_id}"
        page = self.get(path)
        given = {"key": _found(_KEY, page), "plan": _found(_PLAN, page)}
        self._send(f"{path}/approve", given)

    def _send(self, path: str, given: Mapping[str, str], *, expected: int = _SEE_OTHER) -> None:
        answer = self._call("POST", path, given)
        if answer.status != expected:
            raise Refused(f"POST {path}: {answer.status}")

    def _call(
        self, method: str, path: str, given: Mapping[str, str] | None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept-Language": "en"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{n}={v}" for n, v in self._cookies.items())
        if given is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._base}
        answer = urllib3.request(
            method,
            f"{self._base}{path}",
            headers=headers,
            body=None if given is None else urlencode(given),
            redirect=False,
            retries=False,
            timeout=_TIMEOUT,
        )
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
            if name == "rights_staff":
                self.session_cookie = line
        return answer


def _found(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    if found is None:
        raise Refused("a page of the console does not show what it should")
    return found[1]
