"""
Visits to the service: begun for one request in one browser, good once, for ten minutes.

They are kept in the register, never in Redis: a state that is gone is gone for good.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.domain.errors import TooMany, Unauthenticated
from rights.services.network_identity.bridge import Bridge
from rights.store.keys import Tampered
from rights.store.models import NetworkIdentityVisit
from rights.store.vault import Vault

LIFE: Final = timedelta(minutes=10)
MOST: Final = 20
"""How many may be under way for one request: each is a row, and a call to the bridge."""

_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Begun:
    """
    A visit under way.

    Args:
        nonce: Goes to the bridge server to server, and has to come back in its answer.
        visit: Which browser; empty for a product's backend.
        url: Of the bridge that was asked: another one's word does not end it.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    request_id: str
    visit: str
    url: str
    at: datetime


def begin(bridge: Bridge, request_id: str, visit: str, *, now: datetime) -> Begun:
    """Return a fresh visit; nothing is noted yet."""
    state, nonce = (secrets.token_urlsafe(32) for _ in range(2))
    return Begun(state, nonce, request_id, visit, bridge.url, now)


def note(session: Session, vault: Vault, bridge: Bridge, begun: Begun) -> None:
    """
    Note a visit; only then does the caller let the browser go.

    Raises:
        TooMany: too many are under way for this request.
    """
    mine = col(NetworkIdentityVisit.request_id) == begun.request_id
    live = mine & (col(NetworkIdentityVisit.expires_at) > begun.at)
    query = select(NetworkIdentityVisit.expires_at).where(live)
    under_way = sorted(session.exec(query))
    if len(under_way) >= MOST:
        raise TooMany("too many visits are under way", retry_after=under_way[0] - begun.at)
    row_id = place(begun.state)
    sealed = vault.seal(orjson.dumps({"n": begun.nonce, "u": begun.url}), aad=_aad(row_id))
    session.add(
        NetworkIdentityVisit(
            id=row_id,
            backend_id=bridge.backend_id,
            request_id=begun.request_id,
            visit=begun.visit,
            sealed=sealed,
            created_at=begun.at,
            expires_at=begun.at + LIFE,
        )
    )


def request_of(session: Session, state: str, visit: str) -> str:
    """
    Return the request for which somebody left, and use nothing up.

    Raises:
        Unauthenticated: nobody left from this browser with that state.
    """
    return _row(session, state, visit).request_id


def take(
    session: Session, vault: Vault, request_id: str, state: str, visit: str, *, now: datetime
) -> Begun:
    """
    Return the visit that comes back, and use it up in the caller's transaction.

    A browser that did not begin it does not use it up either.

    Raises:
        Unauthenticated: it was not begun in this browser for this request, or it is over.
    """
    row = _row(session, state, visit)
    if row.request_id != request_id:
        raise over()
    gone: Any = session.connection().execute(
        delete(NetworkIdentityVisit).where(col(NetworkIdentityVisit.id) == row.id)
    )
    if gone.rowcount != 1 or row.expires_at <= now:  # another call was faster, or it is too late
        raise over()
    try:
        said = orjson.loads(vault.open(row.sealed, aad=_aad(row.id)))
    except Tampered:  # sealed under a key that was retired meanwhile
        raise over() from None
    return Begun(state, said["n"], row.request_id, row.visit, said["u"], row.created_at)


def place(state: str) -> str:
    """Return under which id the register keeps what only the browser knows."""
    return hashlib.sha256(state.encode()).hexdigest()


def over() -> Unauthenticated:
    """Return the error for a visit that was not begun here, is too old, or was used."""
    return Unauthenticated("this visit is over: begin again", code="network_identity_over")


def _row(session: Session, state: str, visit: str) -> NetworkIdentityVisit:
    row = session.get(NetworkIdentityVisit, place(state)) if 0 < len(state) <= _LONGEST else None
    mine = hmac.compare_digest(row.visit.encode() if row else b"-", visit.encode())
    if row is None or not mine:
        raise over()
    return row


def _aad(row_id: str) -> str:
    return f"network_identity|{row_id}"
