"""
Writing to a person about their keys, outside any request; and the code that opens their keys.

Everybody who can be reached is told of a key that was added, taken away or misused: whoever took
a session over may have added it. What is kept for that is gone a week later.

Source: PIPL 51, 57; NDSR 9.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, TooMany
from rights.services import notices, person_keys, subjects, verification
from rights.services.context import Context
from rights.services.portal import Person
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Challenge, IdentifierRow, KeyLetter, Notice, Request

PURPOSE: Final = "keys"
"""Of a code that opens a person's keys: it is no code for a request, nor one of those for it."""

CODE: Final = "key_code"

KEPT: Final = timedelta(days=7)
_MOST: Final = 10
"""Addresses that are written to about one thing."""


def tell(
    session: Session,
    context: Context,
    person: Person,
    event: str,
    way: str,
    *,
    locale: str,
    now: datetime,
) -> None:
    """Tell everybody who can be reached for *person* what happened to a key of theirs."""
    letter = _letter(session, context, person, event, locale=locale, now=now, way=way)
    for name, value in reachable(session, context, person).values():
        contact = _contact(session, context, letter, name, value, now)
        notices.queue(session, letter.id, event, now=now, identifier_id=contact.id)


def reachable(session: Session, context: Context, person: Person) -> Mapping[str, tuple[str, str]]:
    """
    Return, by blind index, the addresses a product has vouched for: now, and in requests.

    Those of earlier requests are told too: a thief would change the address first.
    """
    found = {
        subjects.blind(context.vault, name, value): (name, value)
        for name, value in _vouched(context, person)
    }
    query = (
        select(IdentifierRow)
        .join(Request, col(Request.id) == col(IdentifierRow.request_id))
        .where(
            Request.backend_id == person.backend_id,
            col(Request.subject).in_(person.subjects),
            col(IdentifierRow.type).in_(_mailed(context)),
            IdentifierRow.proof == "assertion",
        )
        .order_by(col(Request.received_at).desc())
        .limit(100)
    )
    for row in session.exec(query):
        if row.blind not in found and len(found) < _MOST:
            found[row.blind] = (row.type, subjects.value(context.vault, row))
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """A code that is on its way: to which type of address, and until when it works."""

    to: str
    expires_at: datetime


def send_code(
    session: Session,
    context: Context,
    person: Person,
    visit: str,
    *,
    locale: str,
    now: datetime,
) -> Sent:
    """
    Send a code to the address that the product vouches for; older ones of this visit stop working.

    Args:
        visit: Where it is to be answered: a portal session, or whom a portal token stands for.

    Raises:
        Conflict: the product vouches for no address that mail can go to.
        TooMany: the last code is younger than the cool-down, or too many were sent today.
    """
    to = next(_vouched(context, person), None)
    if to is None:
        raise Conflict("the product vouches for no address of mail", code="no_contact")
    _not_too_often(session, context, person, now)
    for old in _codes(session, visit):
        old.expires_at = min(old.expires_at, now)
    letter = _letter(session, context, person, CODE, locale=locale, now=now, visit=visit)
    contact = _contact(session, context, letter, *to, now)
    row = verification.challenge(session, context, letter, contact, now=now, purpose=PURPOSE)
    about = {"identifier_id": contact.id, "challenge_id": row.id}
    notices.queue(session, letter.id, CODE, now=now, **about)
    return Sent(to[0], row.expires_at)


def answer_code(
    session: Session, context: Context, visit: str, given: str, *, now: datetime
) -> bool:
    """
    Check a code of this visit; a wrong one is counted, so the caller commits before refusing.

    Raises:
        Unauthenticated: there is no live code. Says nothing about why.
    """
    live = [c for c in _codes(session, visit) if c.used_at is None and c.expires_at > now]
    row = max(live, key=lambda c: c.created_at, default=None)
    if row is None:
        raise verification.refused()
    session.refresh(row, with_for_update=True)  # two who guess at once are counted both
    if row.used_at is not None or row.tries >= context.settings.code_tries:
        raise verification.refused()
    right = verification.code_of(context, row)
    if not hmac.compare_digest(right.encode(), given.strip().encode()):
        row.tries += 1
        return False
    row.used_at = now
    return True


def answered(session: Session, visit: str) -> bool:
    """Return whether a code was answered in this visit."""
    return bool(visit) and any(one.used_at is not None for one in _codes(session, visit))


def _codes(session: Session, visit: str) -> list[Challenge]:
    query = (
        select(Challenge)
        .join(KeyLetter, col(KeyLetter.id) == col(Challenge.request_id))
        .where(KeyLetter.visit == visit, Challenge.purpose == PURPOSE)
    )
    return list(session.exec(query))


def _not_too_often(session: Session, context: Context, person: Person, now: datetime) -> None:
    """Ten codes a day and five tries each leave guessing no chance, in however many visits."""
    day = timedelta(days=1)
    query = (
        select(KeyLetter.created_at)
        .where(
            col(KeyLetter.subject).in_(person_keys.subjects_of(context, person)),
            KeyLetter.event == CODE,
            col(KeyLetter.created_at) > now - day,
        )
        .order_by(col(KeyLetter.created_at))
    )
    sent = session.exec(query).all()
    pause = timedelta(seconds=context.settings.code_cooldown_s)
    if sent and (wait := sent[-1] + pause - now) > timedelta():
        raise TooMany("a code was sent a moment ago", retry_after=wait)
    if len(sent) >= verification.CODES_A_DAY:
        raise TooMany("too many codes were sent today", retry_after=sent[0] + day - now)


def _letter(
    session: Session,
    context: Context,
    person: Person,
    event: str,
    *,
    locale: str,
    now: datetime,
    way: str = "",
    visit: str = "",
) -> KeyLetter:
    letter = KeyLetter(
        id=new_id(),
        subject=person_keys.subjects_of(context, person)[0],
        visit=visit,
        event=event,
        way=way,
        locale=locale,
        created_at=now,
    )
    session.add(letter)
    session.flush()
    return letter


def _contact(
    session: Session, context: Context, letter: KeyLetter, name: str, value: str, now: datetime
) -> IdentifierRow:
    row = IdentifierRow(
        id=new_id(),
        request_id=letter.id,
        type=name,
        sealed=context.vault.seal(value.encode(), aad=subjects.aad(letter.id, name)),
        blind=subjects.blind(context.vault, name, value),
        proof="assertion",
        proved_at=now,
    )
    session.add(row)
    return row


def _mailed(context: Context) -> list[str]:
    known = context.datamap.identifiers.items()
    return [name for name, one in known if one.normalise == "email"]


def _vouched(context: Context, person: Person) -> Iterator[tuple[str, str]]:
    """Yield the addresses mail can go to that the product vouches for."""
    for name in _mailed(context):
        if name in person.attested and name in person.identifiers:
            yield name, person.identifiers[name]


def stand_in(
    session: Session, context: Context, letter_id: str
) -> tuple[KeyLetter, Request] | None:
    """Return a letter, and what says its language and law where a letter has a request."""
    letter = session.get(KeyLetter, letter_id)
    if letter is None:
        return None
    regimes = list(context.settings.default_regimes)
    return letter, rows.new(Request, id="", locale=letter.locale, regimes=regimes)


def forget(session: Session, now: datetime) -> int:
    """Forget the letters of more than a week ago, with addresses and codes; return how many."""
    old = select(KeyLetter.id).where(col(KeyLetter.created_at) <= now - KEPT)
    for model in (IdentifierRow, Challenge, Notice):
        session.connection().execute(delete(model).where(col(model.request_id).in_(old)))
    gone: Any = session.connection().execute(
        delete(KeyLetter).where(col(KeyLetter.created_at) <= now - KEPT)
    )
    return int(gone.rowcount)
