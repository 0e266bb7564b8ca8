"""
Sign-ins under way: begun in one browser, good once, for ten minutes.

What travels to the provider and back is the state. What the provider never sees, and a second
browser does not have, is the word in the cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import delete
from sqlmodel import Session, col

from rights.services.sign_in.refusing import over
from rights.store.keys import Tampered
from rights.store.models import SignIn
from rights.store.vault import Vault

LIFE: Final = timedelta(minutes=10)
LONGEST: Final = 100
"""Characters of a state or of a cookie's word: ours have 43."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """
    What a sign-in is for.

    Args:
        issuer: At whom; another answer does not end it.
        view: The page that opens afterwards.
        account: Who is to sign in again, as a keyed hash; empty for anybody.
        request: What they want to prove themselves for.
    """

    issuer: str
    view: str = ""
    account: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """
    A sign-in under way, as whoever began it knows it.

    Args:
        word: For the cookie.
        verifier: Of PKCE: only its hash goes to the provider beforehand. Source: RFC 7636.
    """

    state: str = field(repr=False)
    word: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    purpose: Purpose
    at: datetime


def begin(purpose: Purpose, *, now: datetime) -> Begun:
    """Return a fresh sign-in; nothing is noted yet."""
    state, word, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    return Begun(state, word, nonce, verifier, purpose, now)


def note(session: Session, vault: Vault, backend_id: str, begun: Begun) -> None:
    """Note a sign-in; only then does the caller send the browser on with its state."""
    row_id = place(begun.state)
    said = {"n": begun.nonce, "v": begun.verifier, "p": asdict(begun.purpose)}
    row = SignIn(
        id=row_id,
        backend_id=backend_id,
        browser=place(begun.word),
        sealed=vault.seal(orjson.dumps(said), aad=_aad(row_id)),
        created_at=begun.at,
        expires_at=begun.at + LIFE,
    )
    session.add(row)


def take(
    session: Session, vault: Vault, backend_id: str, state: str, word: str, *, now: datetime
) -> Begun:
    """
    Return the sign-in that comes back, and use it up in the caller's transaction.

    A browser that did not begin it does not use it up either.

    Raises:
        Unauthenticated: it was not begun in this browser and at this backend, or it is over.
    """
    if not 0 < len(state) <= LONGEST or len(word) > LONGEST:
        raise over()
    row = session.get(SignIn, place(state))
    mine = hmac.compare_digest(row.browser if row else "", place(word))
    if row is None or not mine or row.backend_id != backend_id:
        raise over()
    gone: Any = session.connection().execute(delete(SignIn).where(col(SignIn.id) == row.id))
    if gone.rowcount != 1:  # another call was faster
        raise over()
    if row.expires_at <= now:
        raise over()
    said = _opened(vault, row)
    return Begun(state, word, said["n"], said["v"], Purpose(**said["p"]), row.created_at)


def place(secret: str) -> str:
    """Return under which id the register keeps what only a browser knows."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _aad(row_id: str) -> str:
    return f"sign_in|{row_id}"


def _opened(vault: Vault, row: SignIn) -> Any:
    try:
        return orjson.loads(vault.open(row.sealed, aad=_aad(row.id)))
    except Tampered:  # sealed under a key that was retired meanwhile
        raise over() from None
