"""
The client: one request, to a judged address, bounded in time and size.

Connections are kept per host and address and used again. Nothing is followed, retried or
decoded here: a redirect, a 429 or a 503 is an answer, and the caller's to judge.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rights.domain.errors import Misconfigured, Refused, Transient
from rights.net.guard import Destination, Guard
from rights.net.sockets import PinnedConnection

_CHUNK = 65_536
_MAX_IDLE_S = 20.0  # below the 60 s and more after which common servers hang up
_KEPT = 32

_Place = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Response:
    """
    What the server answered.

    Args:
        headers: Names in lower case; the values of a repeated one joined by a comma.
        body: Complete if ``framed``: then a short answer is an error, never a short body.
        framed: The server said how long the body is. If not, it ended when the server hung up.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    framed: bool = True


class Client:
    """
    Opens URLs that came from outside.

    Args:
        tls: For a private certificate authority; the system's authorities otherwise.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        connect_timeout: float = 5.0,
        user_agent: str = "rights/1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._connect_timeout = connect_timeout
        self._user_agent = user_agent
        self._tls = tls
        self._idle: list[tuple[_Place, PinnedConnection]] = []  # the oldest first
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes = b"",
        timeout: float = 10.0,
        max_bytes: int = 1_048_576,
    ) -> Response:
        """
        Make one request and return its whole answer, whatever the status.

        Args:
            timeout: Seconds, for everything after the name is resolved.

        Raises:
            Refused: we do not go there, or the answer is too large or not HTTP.
            Transient: it could not be reached or did not answer in time.
            Misconfigured: its certificate is not valid for its name.
        """
        place = self._guard.check(url)
        fixed = {"Host": place.authority, "Accept-Encoding": "identity"}
        sent = {"User-Agent": self._user_agent, **headers, **fixed}
        connection: PinnedConnection | None = None
        try:
            connection, key = self._connected(place, timeout)
            connection.request(method, place.target, body=body or None, headers=sent)
            response, reusable = _answered(connection, place.name, max_bytes)
        except BaseException as error:
            if connection is not None:
                connection.close()
            failed = _typed(error, place.name)
            if failed is None:
                raise
        else:
            self._keep(key, connection) if reusable else connection.close()
            return response
        raise failed  # not from the error above, which may quote the request

    def close(self) -> None:
        """Close what is kept; the client may be used again."""
        with self._lock:
            kept, self._idle = self._idle, []
        for _, connection in kept:
            connection.close()

    def _connected(self, place: Destination, timeout: float) -> tuple[PinnedConnection, _Place]:
        ends_at = time.monotonic() + timeout
        error: OSError = TimeoutError()
        for address in place.addresses:
            key = (place.scheme, place.host, place.port, address)
            if kept := self._kept(key):
                kept.deadline.set(ends_at - time.monotonic(), timeout)
                return kept, key
        for address in place.addresses:
            tls = self._context() if place.scheme == "https" else None
            fresh = PinnedConnection(place.host, address, place.port, tls)
            left = ends_at - time.monotonic()
            fresh.deadline.set(min(left, self._connect_timeout), timeout)
            try:
                fresh.connect()
            except ssl.SSLError:
                raise
            except OSError as failed:
                error = failed
                continue
            fresh.deadline.set(ends_at - time.monotonic(), timeout)
            return fresh, (place.scheme, place.host, place.port, address)
        raise error

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _kept(self, key: _Place) -> PinnedConnection | None:
        while True:
            with self._lock:
                found = next((one for one in reversed(self._idle) if one[0] == key), None)
                if found is None:
                    return None
                self._idle.remove(found)
            if not found[1].is_stale(max_idle_s=_MAX_IDLE_S):
                return found[1]
            found[1].close()

    def _keep(self, key: _Place, connection: PinnedConnection) -> None:
        connection.used_at = time.monotonic()
        with self._lock:
            self._idle.append((key, connection))
            surplus = self._idle.pop(0) if len(self._idle) > _KEPT else None
        if surplus is not None:
            surplus[1].close()


def _answered(connection: PinnedConnection, name: str, max_bytes: int) -> tuple[Response, bool]:
    """Return the answer, and whether the connection may be used again."""
    with connection.getresponse() as answer:
        return _read(answer, name, max_bytes), not answer.will_close


def _read(answer: http.client.HTTPResponse, name: str, max_bytes: int) -> Response:
    if answer.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(f"{name} compressed its answer although we asked it not to")
    if answer.length is not None and answer.length > max_bytes:
        raise Refused(f"{name} answered more than {max_bytes} bytes")
    framed = answer.chunked or answer.length is not None
    parts: list[bytes] = []
    size = 0
    while part := answer.read(min(_CHUNK, max_bytes + 1 - size)):
        size += len(part)
        if size > max_bytes:
            raise Refused(f"{name} answered more than {max_bytes} bytes")
        parts.append(part)
    if answer.length:
        raise Transient(f"{name} broke off in the middle of its answer")
    headers: dict[str, str] = {}
    for header, value in answer.getheaders():
        known = headers.get(header.lower())
        headers[header.lower()] = value if known is None else f"{known}, {value}"
    return Response(answer.status, MappingProxyType(headers), b"".join(parts), framed)


def _typed(error: BaseException, name: str) -> Exception | None:
    """Return the error to raise in place of *error*; None lets it pass."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Misconfigured(f"the certificate of {name} is not valid for it; renew or trust it")
    if isinstance(error, TimeoutError):
        return Transient(f"{name} did not answer in time")
    if isinstance(error, (http.client.IncompleteRead, OSError)):
        return Transient(f"{name} could not be reached or hung up")
    if isinstance(error, http.client.HTTPException):
        return Refused(f"{name} does not answer as HTTP asks")
    if isinstance(error, ValueError):
        return Refused(f"a request to {name} has a header or method that HTTP forbids")
    return None
