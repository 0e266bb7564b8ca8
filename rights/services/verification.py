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
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, Gone, TooMany, Unauthenticated
from rights.domain.lifecycle import TERMINAL
from rights.services import (
    audit,
    contacts,
    reaching,
    tokens,
    warnings_due,
)
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Challenge, Complaint, KeyLetter, Request

DIGITS: Final = 6
CODES_A_DAY: Final = 10
VISIT: Final = "visit"
"""Purpose of a code that shows a request's page again."""
_WRONG: Final = "the code is wrong, used, or too old: ask for a new one"
_NOTHING: Final = "|"
"""What an unreadable token comes to: no challenge and no code, so equal to none of ours."""


def challenge(
    session: Session,
    context: Context,
    request: Request | Complaint | KeyLetter,
    contact: Contact,
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
    session: Session,
    context: Context,
    request: Request | Complaint,
    *,
    now: datetime,
    purpose: str,
    to: str = "",
) -> tuple[Challenge, Contact]:
    """
    Make a fresh code; older ones of the same purpose to the same contact stop working.

    Args:
        to: The type of the identifier it goes to; empty for the best.

    Raises:
        Conflict: the request is closed, or no address was given that a code can go to.
        Invalid: *to* is not one of them.
        TooMany: the last code, wherever it went, is younger than the cool-down, or wrong ones were
            just given.
    """
    if isinstance(request, Request) and request.state in TERMINAL and purpose == "request":
        raise Conflict("this request is closed", code="closed")
    # First, so that a wrong name is told as such, and again and again.
    contact = _where(session, context, request, purpose, to)
    _not_too_often(session, request, now, purpose)
    open_ones = _open(session, request, purpose)
    _pausing(context, open_ones, now)
    if open_ones and (wait := pause_after(context, open_ones[0], now)) > timedelta():
        raise TooMany("a code was sent a moment ago", retry_after=wait)
    for one in open_ones:
        if one.identifier_id == contact.id:
            one.expires_at = min(one.expires_at, now)  # not ``used_at``: only an answer proves
    return challenge(session, context, request, contact, now=now, purpose=purpose), contact


def _where(
    session: Session, context: Context, request: Request | Complaint, purpose: str, to: str
) -> Contact:
    """Return the contact a code goes to. Raises like :func:`again`."""
    contact = contacts.chosen(context, reaching.rows(session, request, purpose), to)
    fresh = purpose in ("grant", reaching.PROCEED) and isinstance(request, Request)
    second = fresh and isinstance(request, Request) and reaching.to_second(request, purpose)
    if second and not contacts.proved(contact):
        message = "what goes to a representative goes to an address that was proved to be theirs"
        raise Conflict(message, code="unverified_channel")
    return contact


def pause_after(context: Context, sent: Challenge, now: datetime) -> timedelta:
    """Return how long after a code another one has to wait."""
    return sent.created_at + timedelta(seconds=context.settings.code_cooldown_s) - now


def _not_too_often(
    session: Session, request: Request | Complaint, now: datetime, purpose: str
) -> None:
    """
    A million codes and five tries each: ten codes a day leave guessing no chance.

    Whoever only knows a reference can ask for codes that show its page; they use up none of those
    the person needs.
    """
    showing = col(Challenge.purpose) == VISIT
    day = timedelta(days=1)
    query = (
        select(Challenge.created_at)
        .where(
            Challenge.request_id == request.id,
            col(Challenge.created_at) > now - day,
            showing if purpose == VISIT else ~showing,
        )
        .order_by(col(Challenge.created_at))
    )
    sent = session.exec(query).all()
    if len(sent) >= CODES_A_DAY:
        raise TooMany("too many codes were sent today", retry_after=sent[0] + day - now)


def reachable(
    session: Session, context: Context, request: Request | Complaint, purpose: str = "request"
) -> Contact | None:
    """Return the contact that messages of this purpose go to; a proved one before a typed one."""
    return contacts.best(context, reaching.rows(session, request, purpose))


def answer(
    session: Session,
    context: Context,
    request: Request | Complaint,
    given: str,
    *,
    now: datetime,
    purpose: str = "request",
    by_token: bool = False,
) -> Challenge | None:
    """
    Check a code against those that were sent; return what it answered, or None.

    A wrong answer counts for every code it might have been, so that two contacts give nobody
    more tries than one; the caller commits in both cases and only then refuses.

    Args:
        given: The digits; with *by_token*, the token of :func:`token_of`.

    Raises:
        Unauthenticated: there is no live code. Says nothing about why.
        TooMany: too many wrong ones were given a moment ago.
    """
    live = _live(session, context, request, purpose, now)
    said = _read(context, given, purpose, now) if by_token else given.strip()
    # All are compared, whichever is right, so that the time tells nothing.
    right = [one for one in live if _same(context, one, said, by_token=by_token)]
    if not right:
        _count_wrong(session, context, request, live, now)
        return None
    row = right[0]
    row.used_at = now
    contact = reaching.contact(session, row.identifier_id)
    if contact is None:
        raise Gone("the address this code was sent to has been forgotten")
    contact.proof, contact.proved_at = contact.proof or "code", now
    data = {"challenge": row.id, "to": contact.type}
    _note(session, request, audit.Line("code_answered", "subject", data), now)
    return row


def _live(
    session: Session,
    context: Context,
    request: Request | Complaint,
    purpose: str,
    now: datetime,
) -> list[Challenge]:
    """Return the codes that can be answered, the newest first: one for each contact."""
    open_ones = _open(session, request, purpose)
    _pausing(context, open_ones, now)
    tries = context.settings.code_tries
    live = [one for one in open_ones if one.expires_at > now and one.tries < tries]
    if not live:
        raise Unauthenticated(_WRONG, code="wrong_code")
    return live


def _same(context: Context, row: Challenge, said: str, *, by_token: bool) -> bool:
    right = f"{row.id}|{code_of(context, row)}"
    return hmac.compare_digest(right.encode(), (said if by_token else f"{row.id}|{said}").encode())


def _count_wrong(
    session: Session,
    context: Context,
    about: Request | Complaint,
    live: list[Challenge],
    now: datetime,
) -> None:
    """Count a wrong answer; after the last one there is a pause, and the owner is told."""
    for one in live:
        one.tries += 1
    tries = max(one.tries for one in live)
    _note(session, about, audit.Line("code_refused", "subject", {"tries": tries}), now)
    spent = [one for one in live if one.tries >= context.settings.code_tries]
    if isinstance(about, Request) and any(one.purpose != VISIT for one in spent):
        for one in spent:
            one.failed_at = now
        warnings_due.wrong_codes(session, about, now=now)


def _pausing(context: Context, open_ones: list[Challenge], now: datetime) -> None:
    """Raise TooMany while the last wrong answer that was allowed was given only a moment ago."""
    until = _paused(context, open_ones)
    if until is not None and until > now:
        raise TooMany(
            "too many wrong codes: wait, or prove it another way, with a signed assertion of the"
            " product",
            retry_after=until - now,
            code="wrong_codes",
        )


def _paused(context: Context, open_ones: list[Challenge]) -> datetime | None:
    """Return until when no code is taken: whoever guessed at one contact waits at all of them."""
    failed = [one.failed_at for one in open_ones if one.failed_at is not None]
    pause = timedelta(minutes=context.settings.code_pause_minutes)
    return max(failed) + pause if failed else None


def paused_until(
    session: Session, context: Context, request: Request, now: datetime
) -> datetime | None:
    """Return until when no code is taken because of wrong ones; None when one is."""
    until = _paused(context, _open(session, request, "request"))
    return until if until is not None and until > now else None


def _note(session: Session, about: Request | Complaint, line: audit.Line, now: datetime) -> None:
    if isinstance(about, Request):
        audit.append(session, about, [line], now=now)
        return
    said = audit.Line(line.event, line.actor, {**line.data, "complaint": about.id})
    audit.append_day(session, said, now=now)


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


def _open(session: Session, request: Request | Complaint, purpose: str) -> list[Challenge]:
    """Return the codes of one purpose that were not answered, the newest first."""
    query = (
        select(Challenge)
        .where(
            Challenge.request_id == request.id,
            Challenge.purpose == purpose,
            col(Challenge.used_at).is_(None),
        )
        .order_by(col(Challenge.created_at).desc())
    )
    return list(session.exec(query))
