"""
Signed assertions: a product backend's word about its logged-in user.

A JWS in compact form, Ed25519 or HS256, with ``aud``, ``iat``, ``exp`` (at most five minutes
later), ``jti`` or ``nonce``, ``acr`` and ``subject`` (identifier type to value). It is good
once. Whatever is wrong with it, the answer is the same.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from rights.domain.errors import Invalid, Unauthenticated
from rights.domain.levels import Acr
from rights.services import subjects
from rights.services.backend_assertion_keys import opened
from rights.services.backends import Caller
from rights.services.context import Context
from rights.store.models import Nonce
from rights.store.rows import table_of

LONGEST: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=60)
_LONGEST_TOKEN: Final = 8192


@dataclass(frozen=True, slots=True)
class Proof:
    """What an assertion vouches for: identifiers as stores compare them, and how surely."""

    identifiers: Mapping[str, str] = field(repr=False)
    acr: Acr


def verify(
    session: Session, context: Context, caller: Caller, token: str, *, now: datetime
) -> Proof:
    """
    Return what *token* vouches for, and use it up in the caller's transaction.

    Raises:
        Unauthenticated: forged, for somebody else, too old, too long-lived, or used before.
    """
    claims = _claims(context, caller, token)
    ends = _in_time(claims, now)
    if not _for_us(claims, caller):
        raise refused()
    try:
        acr = Acr(claims.get("acr", ""))
        subject = {str(k): str(v) for k, v in claims["subject"].items()}
        identifiers = subjects.cleaned(context.datamap, subject)
    except (ValueError, KeyError, AttributeError, Invalid):
        raise refused() from None
    _once(session, caller, claims, ends)
    return Proof(identifiers, acr)


def refused() -> Unauthenticated:
    """Return the error for an assertion that does not hold, the same for every reason."""
    return Unauthenticated("the assertion is not acceptable: sign a new one", code="bad_assertion")


def _claims(context: Context, caller: Caller, token: str) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise refused()
    for kept in caller.assertion_keys:
        key, algorithms = opened(context.vault, caller.id, kept)
        try:
            with warnings.catch_warnings():
                # "EdDSA" is the older name of the same algorithm; backends still write it.
                warnings.simplefilter("ignore", SecurityWarning)
                found = jws.deserialize_compact(token, key, algorithms=list(algorithms))
            claims = orjson.loads(found.payload)
        except (JoseError, ValueError):
            continue
        if isinstance(claims, dict):
            return claims
    raise refused()


def _in_time(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return when it ends, if that is still to come and not too far from its beginning."""
    try:
        issued = datetime.fromtimestamp(float(claims["iat"]), UTC)
        ends = datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise refused() from None
    if not issued - SKEW <= now < ends or not timedelta() < ends - issued <= LONGEST:
        raise refused()
    return ends


def _for_us(claims: Mapping[str, Any], caller: Caller) -> bool:
    audience = claims.get("aud")
    return caller.audience in (audience if isinstance(audience, list) else [audience])


def _once(session: Session, caller: Caller, claims: Mapping[str, Any], ends: datetime) -> None:
    nonce = claims.get("jti") or claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise refused()
    used = hashlib.sha256(f"{caller.id}|{nonce}".encode()).hexdigest()
    row = {"hash": used, "expires_at": ends + SKEW}
    try:
        with session.begin_nested():
            session.connection().execute(insert(table_of(Nonce)), [row])
    except IntegrityError:
        raise refused() from None
