"""
Partners on whom people wait: the services at which they sign in or show who they are.

Their addresses are over https; plain http is for this very machine, where the guard lets it be. A
process asks few things of them at a time, so that a slow one holds up those who go there and nobody
else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from rights.domain.errors import RightsError, Transient
from rights.net.client import Client, Response
from rights.net.guard import Guard

_TIMEOUT_S: Final = 5.0
_CONNECT_S: Final = 3.0
_ABREAST: Final = 3
_PATIENCE_S: Final = 2.0
_LONGEST: Final = 300
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PLAIN: Final = "is plain http, which RIGHTS_WEBHOOK_ALLOW does not allow"
_URL: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&()*+,=%]{1,2000}")


class Busy(Transient):
    """Too many wait for partners already; this one was not asked."""


class PartnerClient:
    """
    Asks partners, few at a time.

    Args:
        guard: Where they may be.
        max_bytes: How long an answer may be.
    """

    def __init__(self, guard: Guard, *, max_bytes: int) -> None:
        self._client = Client(guard, connect_timeout=_CONNECT_S)
        self._max_bytes = max_bytes
        self._turns = threading.BoundedSemaphore(_ABREAST)

    def close(self) -> None:
        """Close what is kept open."""
        self._client.close()

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """
        Return the answer to one request, whatever its status.

        Raises:
            Busy: nobody's turn came up in time.
            Transient, Refused, Misconfigured: like :meth:`Client.request`.
        """
        if not self._turns.acquire(timeout=_PATIENCE_S):
            raise Busy("too many wait for partners")
        try:
            return self._client.request(
                method,
                url,
                headers=headers,
                body=body,
                timeout=_TIMEOUT_S,
                max_bytes=self._max_bytes,
            )
        finally:
            self._turns.release()


def mistake(guard: Guard, url: str, *, odd: str) -> str:
    """
    Return what is wrong with the address of a partner; empty if nothing is.

    Args:
        odd: What is said of one that is longer than 300 characters, names no host, or has more.
    """
    parts = _parts(url)
    if parts is None:
        return "is no address"
    more = parts.query or parts.fragment or "@" in parts.netloc
    if len(url) > _LONGEST or not parts.hostname or more:
        return odd
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return "" if _allowed(guard, url) else _PLAIN
    return "" if parts.scheme == "https" else "must begin with https://"


def leads_on(partner: str, url: str) -> bool:
    """Return whether *url*, which *partner* named, is one to go to: as safe as its own address."""
    parts = _parts(url) if _URL.fullmatch(url) else None
    if parts is None:
        return False
    plain = parts.scheme == "http" and partner.startswith("http:")
    return bool(parts.hostname) and "@" not in parts.netloc and (plain or parts.scheme == "https")


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _allowed(guard: Guard, url: str) -> bool:
    try:
        guard.check(url)
    except RightsError:
        return False
    return True
