"""
Signed assertions: a product backend's word about its logged-in user.

A JWS in compact form, Ed25519 or HS256, with ``aud``, ``iat``, ``exp`` (at most five minutes
later), ``jti`` or ``nonce``, ``acr`` and ``subject`` (identifier type to value). It is good
once. Whatever is wrong with it, the answer is the same.

It may say how old the person is (``age_band``) and who a child's ``guardian`` is, or, of a
guardian who is logged in, whom they represent (``represents``): the least proof of guardianship
there is, the link between two accounts.
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
from rights.domain.policy import ASSERTION
from rights.domain.representation import RELATIONS, AgeBand, Role
from rights.services import subjects
from rights.services.backend_assertion_keys import opened
from rights.services.backends import Caller
from rights.services.context import Context
from rights.services.representatives import Second
from rights.store.models import Nonce
from rights.store.rows import table_of

LONGEST: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=60)
_LONGEST_TOKEN: Final = 8192


@dataclass(frozen=True, slots=True)
class Proof:
    """
    What an assertion vouches for: identifiers as stores compare them, and how surely.

    Args:
        identifiers: Of the person it is about: of whom a guardian represents, where one is logged
            in.
        role: As who the logged-in person asks.
        second: The guardian who is logged in, or whom the logged-in child has.
    """

    identifiers: Mapping[str, str] = field(repr=False)
    acr: Acr
    role: Role = Role.SELF
    second: Second | None = field(default=None, repr=False)
    age_band: AgeBand = AgeBand.UNKNOWN


def verify(
    session: Session, context: Context, caller: Caller, token: str, *, now: datetime
) -> Proof:
    """
    Return what *token* vouches for, and use it up in the caller's transaction.

    Raises:
        Unauthenticated: forged, for somebody else, too old, too long-lived, or used before.
    """
    if ASSERTION not in context.policy.ways:
        raise refused()
    claims = _claims(context, caller, token)
    ends = _in_time(claims, now)
    if not _for_us(claims, caller):
        raise refused()
    try:
        proof = _read(context, claims)
    except (ValueError, KeyError, AttributeError, TypeError, Invalid):
        raise refused() from None
    _once(session, caller, claims, ends)
    return proof


def _read(context: Context, claims: Mapping[str, Any]) -> Proof:
    acr, band = Acr(claims.get("acr", "")), AgeBand(claims.get("age_band", AgeBand.UNKNOWN))
    logged_in = _people(context, claims["subject"])
    if said := claims.get("represents"):
        role = Role(said["role"])
        if role not in _LINKED:
            raise ValueError("a product links guardians only")
        second = _second(role, said["relation"], logged_in)
        return Proof(_people(context, said["subject"]), acr, role, second, band)
    if said := claims.get("guardian"):
        guardian = _people(context, said["subject"])
        second = _second(Role.GUARDIAN, said["relation"], guardian)
        return Proof(logged_in, acr, second=second, age_band=band)
    return Proof(logged_in, acr, age_band=band)


_LINKED: Final = (Role.GUARDIAN, Role.GUARDIAN_ADULT)


def _people(context: Context, said: Mapping[str, Any]) -> dict[str, str]:
    return subjects.cleaned(context.datamap, {str(k): str(v) for k, v in said.items()})


def _second(role: Role, relation: str, identifiers: Mapping[str, str]) -> Second:
    if relation not in RELATIONS[role]:
        raise ValueError("that is no relation of this role")
    return Second(role, relation, identifiers, vouched=frozenset(identifiers), attested=True)


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
