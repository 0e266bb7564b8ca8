"""
What was proved in one visit of the portal: codes that were answered in it, and when.

It stands in the register, beside the session: a browser holds none of it, and a session that is
opened anew begins with nothing. In a visit whose person a product vouched for, only an address
that the product named counts, so that whoever took a session over gains nothing by a mailbox of
their own.

Source: PIPL 51; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from rights.services import contacts, reaching, subjects
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.services.portal import LIFE, Person
from rights.services.portal_sessions import Visit
from rights.store.models import Challenge, IdentifierRow, PortalSession, Request

FRESH: Final = LIFE
"""How old a proof may be for a download: as old as a product's own word."""
MOST: Final = 60
"""How many answered codes a visit remembers: the newest."""
TWO: Final = 2
"""The most that codes alone are worth."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """
    One answered code.

    Args:
        challenge_id: Which code; what the audit trail names.
        place: Keyed hash of the address it went to.
        request_id: What it was answered for, or counted for since.
        at: When it was answered.
    """

    challenge_id: str
    place: str = field(repr=False)
    request_id: str
    at: datetime


def note(
    session: Session, context: Context, here: Visit, answered: Challenge, *, now: datetime
) -> None:
    """Remember a code that was answered in this visit just now, if it counts in it."""
    contact = reaching.contact(session, answered.identifier_id)
    if contact is None or not _counts(context, here.person, contact):
        return
    place = contacts.place(context, contact)
    _append(session, here, [Earlier(answered.id, place, answered.request_id, now)])


def count_for(session: Session, here: Visit, request: Request, proofs: Iterable[Earlier]) -> None:
    """Remember that earlier proofs count for *request* too; they grow no younger by it."""
    told = [Earlier(one.challenge_id, one.place, request.id, one.at) for one in proofs]
    _append(session, here, told)


def live(session: Session, context: Context, here: Visit, *, now: datetime) -> list[Earlier]:
    """Return what was proved so lately that it counts for what is asked now, the newest first."""
    within = timedelta(minutes=context.settings.portal_proof_minutes)
    return _since(session, here, now - within)


def fresh(session: Session, here: Visit, *, now: datetime) -> list[Earlier]:
    """Return what was proved so lately that it opens a download."""
    return _since(session, here, now - FRESH)


def every(session: Session, here: Visit) -> list[Earlier]:
    """Return all that was proved in this visit: for what may be read in it."""
    return _since(session, here, None)


def at(context: Context, rows: Iterable[Contact], proofs: Iterable[Earlier]) -> dict[str, Earlier]:
    """Return which of *rows* were proved, by their ids."""
    by_place = {one.place: one for one in reversed([*proofs])}
    places = {row.id: contacts.place(context, row) for row in rows} if by_place else {}
    return {row_id: by_place[place] for row_id, place in places.items() if place in by_place}


def level_for(
    session: Session, context: Context, here: Visit, *requests: Request, now: datetime
) -> int:
    """
    Return what this visit proved for the last of *requests*, at addresses that it has.

    Args:
        requests: Those for which codes were answered; the last is the one to be read.
    """
    rows = reaching.rows(session, requests[-1])
    ids = {one.id for one in requests}
    lately = live(session, context, here, now=now)
    mine = [one for one in every(session, here) if one.request_id in ids or one in lately]
    return min(TWO, len({one.place for one in at(context, rows, mine).values()}))


def _counts(context: Context, person: Person | None, contact: Contact) -> bool:
    if person is None or person.acr is None:
        return True  # nobody vouches for anybody: a code is worth what it is to a stranger
    if not isinstance(contact, IdentifierRow):
        return contact.proof == "assertion"  # of who acts: named by the product, or for nothing
    if contact.type not in person.attested:
        return False
    value = person.identifiers[contact.type]
    return contact.blind in subjects.blinds(context.vault, contact.type, value)


def _append(session: Session, here: Visit, proofs: list[Earlier]) -> None:
    session.flush()  # reading it anew would forget what is not written yet
    row = session.get(PortalSession, here.id, with_for_update=True)
    if row is None or not proofs:
        return  # it was left meanwhile: what was proved goes with it
    said = [[p.challenge_id, p.place, p.request_id, p.at.isoformat()] for p in proofs]
    row.proofs = [*row.proofs, *said][-MOST:]
    session.add(row)
    session.flush()


def _since(session: Session, here: Visit, moment: datetime | None) -> list[Earlier]:
    session.flush()  # as above
    row = session.get(PortalSession, here.id, populate_existing=True)
    found = [_read(one) for one in reversed(row.proofs)] if row is not None else []
    return [one for one in found if moment is None or one.at > moment]


def _read(said: list[Any]) -> Earlier:
    challenge_id, place, request_id, moment = said
    return Earlier(challenge_id, place, request_id, datetime.fromisoformat(moment))
