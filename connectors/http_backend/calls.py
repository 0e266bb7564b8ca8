"""
One call to the service: signed, repeated while it is busy, its status turned into an error type.

Repeating is safe: a verb that changes rows carries an ``Idempotency-Key`` made of its unit of
work and of what it asks, so that the same effect has the same key, after a crash too, and
another effect has another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from connectors.http_backend.answers import Answer, parsed
from connectors.http_backend.settings import HttpBackendSettings
from connectors.sdk import Fenced, Misconfigured, Overloaded, Refused, Transient
from rights.domain import signing
from rights.domain.errors import ConfigError
from rights.failpoints import Point, hit
from rights.net import Client, Guard, Response

_OK = 200
_BUSY = frozenset({408, 425, 429})
_LACKS = frozenset({405, 501})
_CREDENTIALS = frozenset({401, 403})
_NOT_FOUND = 404
_CONFLICT = 409
_FIRST_WAIT_S = 0.2
_CODE = re.compile("[a-z][a-z_]{0,39}")  # no digits: a code must not be able to hold a number

ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Call:
    """
    What is asked.

    Args:
        path: Below the service's address; holds no personal data.
        about: Verb and collection, for messages.
        document: The JSON body.
        unit: ``step:chunk`` of a verb that changes rows; empty for one that reads.
        deadline: Aware UTC.
    """

    path: str
    about: str
    document: Mapping[str, Any]
    deadline: datetime
    unit: str = ""
    fence: int = 0
    keep_running: Callable[[], None] = lambda: None


def utc_now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)


class Caller:
    """
    Calls the service.

    Args:
        clock, sleep, token: The machine's own; tests give theirs.
    """

    def __init__(
        self,
        settings: HttpBackendSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        token: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._token = token
        self._secrets = [s for s in (settings.secret, settings.previous_secret) if s]
        self._base = settings.url.rstrip("/")
        try:
            self._client = Client(Guard(tuple(settings.allow)))
            signing.sign(self._secrets, "check", datetime.fromtimestamp(0, UTC), b"")
        except ConfigError as error:
            raise Misconfigured(f"http_backend: {error}") from None

    def now(self) -> datetime:
        """Return the time this caller goes by."""
        return self._clock()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def call(self, call: Call) -> Answer | None:
        """
        Return the answer, or None when the service has nothing there (a 404 it vouches for).

        Raises:
            Transient: it stayed unreachable.
            Overloaded: it stayed busy; with ``retry_after`` when it said so.
            Fenced: it has seen a newer worker.
        """
        response = self._answered(call)
        if response.status == _OK:
            return parsed(call.about, response.headers.get("content-type", ""), response.body)
        if response.status == _NOT_FOUND and call.path != ABOUT:
            self._vouch(call)
            return None
        raise _error(call.about, response)

    def _answered(self, call: Call) -> Response:
        """Try until there is an answer that is not "later", or no time is left."""
        body = orjson.dumps(call.document)
        key = f"{call.unit}:{self._fingerprint(body)}" if call.unit else ""
        message_id = key or self._token()
        wait_s = _FIRST_WAIT_S
        for left in range(self._settings.retries, -1, -1):
            call.keep_running()
            try:
                response = self._send(call, message_id, key, body)
            except Transient as error:
                later, asked = error, None
            else:
                if not _is_busy(response.status):
                    return response
                asked = _retry_after(response, self._clock())
                later = Overloaded(
                    f"the service is busy or broken ({call.about}: {response.status})",
                    retry_after=asked,
                )
            pause_s = wait_s if asked is None else asked.total_seconds()
            if not left or not self._may_wait(pause_s, call.deadline):
                raise later
            self._sleep(pause_s)
            wait_s *= 2
        raise AssertionError  # pragma: no cover - the last round returns or raises

    def _send(self, call: Call, message_id: str, key: str, body: bytes) -> Response:
        now = self._clock()
        left_s = (call.deadline - now).total_seconds()
        if left_s <= 0:
            raise Transient(f"no time is left for {call.about}")
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            **signing.sign(self._secrets, message_id, now, body),
        }
        if key:
            headers |= {"Idempotency-Key": key, "Rights-Fence": str(call.fence)}
        hit(Point.SERVICE_BEFORE)
        response = self._client.request(
            "POST",
            f"{self._base}/{call.path}",
            headers=headers,
            body=body,
            timeout=min(self._settings.timeout_s, left_s),
            max_bytes=self._settings.max_bytes,
        )
        hit(Point.SERVICE_AFTER)
        return response

    def _fingerprint(self, body: bytes) -> str:
        """Return what tells two bodies apart and tells nobody what they say: they name people."""
        return hmac.new(self._settings.secret.encode(), body, hashlib.sha256).hexdigest()[:32]

    def _may_wait(self, pause_s: float, deadline: datetime) -> bool:
        ends = self._clock() + timedelta(seconds=pause_s)
        return pause_s <= self._settings.longest_wait_s and ends < deadline

    def _vouch(self, call: Call) -> None:
        """
        Make sure that a 404 is about rows and not about a wrong address.

        Raises:
            Misconfigured: the service does not say that it serves this collection and verb.
        """
        answer = self.call(about(call.deadline, call.keep_running))
        collection, verb = call.document["collection"], call.document["verb"]
        served = answer.mapping("collections").get(collection, {}) if answer else {}
        verbs = served.get("verbs")
        if not isinstance(verbs, list) or verb not in verbs:
            raise Misconfigured(
                f"the service answered 404 to {call.about} and does not list it under /{ABOUT}: "
                "check the store's url and the collection's path"
            )


def about(deadline: datetime, keep_running: Callable[[], None] = lambda: None) -> Call:
    """Return the call that asks the service what it serves."""
    return Call(ABOUT, ABOUT, {"verb": ABOUT}, deadline, keep_running=keep_running)


def _is_busy(status: int) -> bool:
    return status in _BUSY or (status >= 500 and status not in _LACKS)  # noqa: PLR2004


def _retry_after(response: Response, now: datetime) -> timedelta | None:
    said = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,7}", said):
        return timedelta(seconds=int(said))
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(at.astimezone(UTC) - now, timedelta())


def _error(about: str, response: Response) -> Exception:
    """Return the error that says what happens next."""
    status = response.status
    code = _code(response)
    if status in _CREDENTIALS:
        return Misconfigured(f"the service refused our signature ({about}: {status})")
    if 300 <= status < 400:  # noqa: PLR2004
        return Misconfigured(f"the service redirects {about}; give its final address as url")
    if status == _NOT_FOUND:
        return Misconfigured(f"nothing answers at the service's /{ABOUT}; check the store's url")
    if status in _LACKS:
        return Refused(f"the service does not do {about}")
    if status == _CONFLICT and code == "fenced":
        return Fenced("a newer worker has reached the service")
    return Refused(f"the service refused {about} ({status}{code and f', {code}'})")


def _code(response: Response) -> str:
    """Return the machine-readable ``error`` of an answer, if it is one; never free text."""
    try:
        code = orjson.loads(response.body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
