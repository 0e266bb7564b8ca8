"""
One-time codes: what they prove is control of one identifier, no more.

A code goes to the address that was typed, known to us or not; everything the caller sees is
the same either way. Beside the digits the mail holds a token that answers the same challenge:
signed for one purpose, sealed, and dead whenever the digits are.

Source: GDPR 12(6); GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.clock import tighten
from rights.domain.errors import Conflict, Gone, TooMany, Unauthenticated
from rights.domain.levels import Acr, level
from rights.domain.lifecycle import TERMINAL, Event, State
from rights.services import audit, requests, subjects, tokens
from rights.services.context import Context
from rights.services.regimes import promise
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Challenge, IdentifierRow, Request

DIGITS: Final = 6
CODES_A_DAY: Final = 10
_WRONG: Final = "the code is wrong, used, or too old: ask for a new one"
_NOTHING: Final = "|"
"""What an unreadable token comes to: no challenge and no code, so equal to none of ours."""


def challenge(
    session: Session,
    context: Context,
    request: Request,
    contact: IdentifierRow,
    *,
    now: datetime,
    purpose: str = "request",
) -> Challenge:
    """Make a code for *contact*. The caller queues the notice that carries it."""
    row_id = new_id()
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row = rows.new(
        Challenge,
        id=row_id,
        request_id=request.id,
        identifier_id=contact.id,
        purpose=purpose,
        sealed_code=context.vault.seal(code.encode(), aad=f"code|{row_id}"),
        created_at=now,
        expires_at=now + timedelta(minutes=context.settings.code_minutes),
    )
    rows.insert_attached(session, row)
    return row


def again(
    session: Session, context: Context, request: Request, *, now: datetime, purpose: str
) -> tuple[Challenge, IdentifierRow]:
    """
    Make a fresh code; older ones of the same purpose stop working.

    Raises:
        Conflict: the request is closed, or no address was given that a code can go to.
        TooMany: the last code is younger than the cool-down.
    """
    if request.state in TERMINAL and purpose == "request":
        raise Conflict("this request is closed", code="closed")
    _not_too_often(session, request, now)
    last = _live(session, request, purpose)
    pause = timedelta(seconds=context.settings.code_cooldown_s)
    if last and (wait := last.created_at + pause - now) > timedelta():
        raise TooMany("a code was sent a moment ago", retry_after=wait)
    if last:
        last.expires_at = now  # not ``used_at``: only an answered code proves anything
    contact = reachable(session, context, request)
    if contact is None:
        raise Conflict(
            "no address was given that a code can be sent to: add an e-mail address",
            code="no_contact",
        )
    return challenge(session, context, request, contact, now=now, purpose=purpose), contact


def _not_too_often(session: Session, request: Request, now: datetime) -> None:
    """A million codes and five tries each: ten codes a day leave guessing no chance."""
    day = timedelta(days=1)
    query = (
        select(Challenge.created_at)
        .where(Challenge.request_id == request.id, col(Challenge.created_at) > now - day)
        .order_by(col(Challenge.created_at))
    )
    sent = session.exec(query).all()
    if len(sent) >= CODES_A_DAY:
        raise TooMany("too many codes were sent today", retry_after=sent[0] + day - now)


def reachable(session: Session, context: Context, request: Request) -> IdentifierRow | None:
    """Return the identifier that mail can go to; a proved one before a typed one."""
    return contact_among(context, subjects.identifier_rows(session, request.id))


def contact_among(context: Context, rows: Iterable[IdentifierRow]) -> IdentifierRow | None:
    """Return which of one request's identifiers mail can go to; a proved one before a typed one."""
    how = {n for n, i in context.datamap.identifiers.items() if i.normalise == "email"}
    return min((r for r in rows if r.type in how), key=lambda r: not r.proof, default=None)


def answer(
    session: Session,
    context: Context,
    request: Request,
    given: str,
    *,
    now: datetime,
    purpose: str = "request",
    by_token: bool = False,
) -> bool:
    """
    Check a code; return whether it was right.

    A wrong answer is counted, so the caller commits in both cases and only then refuses.

    Args:
        given: The digits; with *by_token*, the token of :func:`token_of`.

    Raises:
        Unauthenticated: there is no live code. Says nothing about why.
    """
    row = _live(session, request, purpose)
    if row is None or row.expires_at <= now or row.tries >= context.settings.code_tries:
        raise Unauthenticated(_WRONG, code="wrong_code")
    said = _read(context, given, purpose, now) if by_token else f"{row.id}|{given.strip()}"
    right = f"{row.id}|{code_of(context, row)}"
    if not hmac.compare_digest(right.encode(), said.encode()):
        row.tries += 1
        line = audit.Line("code_refused", "subject", {"tries": row.tries})
        audit.append(session, request, [line], now=now)
        return False
    row.used_at = now
    contact = session.get(IdentifierRow, row.identifier_id)
    if contact is None:
        raise Gone("the address this code was sent to has been forgotten")
    contact.proof, contact.proved_at = contact.proof or "code", now
    audit.append(session, request, [audit.Line("code_answered", "subject", {})], now=now)
    return True


def code_of(context: Context, row: Challenge) -> str:
    """Return the digits of a challenge, for the mail that carries them."""
    return context.vault.open(row.sealed_code, aad=f"code|{row.id}").decode()


def token_of(context: Context, row: Challenge) -> str:
    """Return the token of a challenge: it answers in place of the digits, as long as they do."""
    content = [row.id, code_of(context, row)]
    return tokens.make(context.vault, f"code|{row.purpose}", content, expires_at=row.expires_at)


def _read(context: Context, token: str, purpose: str, now: datetime) -> str:
    """Return challenge and code of a token, as one text to compare."""
    try:
        challenge_id, code = tokens.read(context.vault, f"code|{purpose}", token.strip(), now=now)
    except Unauthenticated:
        return _NOTHING  # refused and counted like any other wrong answer
    return f"{challenge_id}|{code}"


def refused() -> Unauthenticated:
    """Return the error for a wrong code, the same for every reason."""
    return Unauthenticated(_WRONG, code="wrong_code")


def proved(session: Session, context: Context, request: Request, *, cap: int) -> int:
    """Return the level that the proofs given so far are worth."""
    identifiers = subjects.identifier_rows(session, request.id)
    answered = select(Challenge).where(
        Challenge.request_id == request.id,
        col(Challenge.used_at).is_not(None),
        Challenge.purpose == "request",
    )
    coded = {c.identifier_id for c in session.exec(answered)}
    # Beside an assertion, a code counts only at an address that the backend vouches for too:
    # whoever took over a session could otherwise prove an address of their own.
    codes = [
        r.type
        for r in identifiers
        if r.id in coded and r.proved_at is not None and (not request.acr or r.proof == "assertion")
    ]
    del context
    return level(Acr(request.acr) if request.acr else None, codes, cap=cap)


def raise_level(
    session: Session, context: Context, request: Request, *, cap: int, now: datetime
) -> State:
    """Bring the request's level up to its proofs, and start the work once it suffices."""
    request.level = max(request.level, proved(session, context, request, cap=cap))
    if request.state is State.VERIFYING and request.level >= request.level_needed:
        request.verified_at = now
        _tighten(context, request, now)
        if not _merged(session, context, request, now):
            requests.record(session, request, Event.VERIFIED, actor="subject", now=now)
    return request.state


def _tighten(context: Context, request: Request, now: datetime) -> None:
    """Some clocks start at verification; what was promised may only get earlier."""
    fresh = promise(
        request.kind,
        request.option,
        request.regimes,
        request.received_at,
        verified_at=now,
        book=context.regimes,
    )
    request.due_at = tighten(request.due_at, fresh.due_at)
    request.promised_at = tighten(request.promised_at, fresh.promised_at)


def _merged(session: Session, context: Context, request: Request, now: datetime) -> bool:
    """Close a request that proves to be a repeat; the first one keeps its clock."""
    del context
    query = (
        select(Request)
        .where(
            Request.subject == request.subject,
            Request.fingerprint == request.fingerprint,
            Request.id != request.id,
            col(Request.state).in_((State.IN_PROGRESS, State.ON_HOLD)),
        )
        .order_by(col(Request.received_at))
    )
    first = session.exec(query).first()
    if first is None:
        return False
    request.merged_into, request.reason = first.id, "merged"
    data = {"reason": "merged", "into": first.id}
    requests.record(session, request, Event.REVOKED, actor="system", now=now, data=data)
    return True


def _live(session: Session, request: Request, purpose: str) -> Challenge | None:
    query = (
        select(Challenge)
        .where(
            Challenge.request_id == request.id,
            Challenge.purpose == purpose,
            col(Challenge.used_at).is_(None),
        )
        .order_by(col(Challenge.created_at).desc())
    )
    return session.exec(query).first()
