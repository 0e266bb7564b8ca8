"""
Queue a letter to everybody whom an incident hit, a hundred people in a transaction.

The relay does it: whoever dies in between goes on behind the last hundred. One line of the log and
one notice are one transaction. A drill leaves the lines of its log, and no notice.

Source: PIPL 57; NDSR 11(2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, or_
from sqlmodel import Session, col, select

from rights.services import contacts
from rights.services.contacts import Way
from rights.services.context import Context
from rights.services.security_incidents import people, scope, telling, touched
from rights.services.security_incidents.opening import note
from rights.services.security_incidents.people import Person, Reached
from rights.services.security_incidents.scope import Scope
from rights.store import rows
from rights.store.db import picture, reading, transaction
from rights.store.ids import new_id
from rights.store.models import IncidentLetter, IncidentTold, Notice, Request, SecurityIncident


def spread(
    register: Engine,
    context: Context,
    now: Callable[[], datetime],
    *,
    together: int = people.BATCH,
) -> int:
    """
    Queue every letter that waits for it; return how many lines its log got.

    Args:
        together: People in one transaction.
    """
    with reading(register) as session:
        query = select(IncidentLetter.id).where(col(IncidentLetter.spread_at).is_(None))
        waiting = session.exec(query.order_by(col(IncidentLetter.made_at))).all()
    return sum(_letter(register, context, one, now, together) for one in waiting)


def _letter(
    register: Engine,
    context: Context,
    letter_id: str,
    now: Callable[[], datetime],
    together: int,
) -> int:
    with reading(register) as session:
        letter = session.get_one(IncidentLetter, letter_id)
        incident = session.get_one(SecurityIncident, letter.incident_id)
    where, after, lines = scope.of(incident), letter.reached, 0
    with picture(register) as connection:
        for batch in people.following(connection, where, after, batch=together):
            with transaction(register) as session:
                mine = session.get_one(IncidentLetter, letter_id, with_for_update=True)
                if mine.reached != after:
                    return lines  # another relay is at it
                lines += _batch(session, context, incident, where, mine, batch, now())
                mine.reached = after = batch[-1].key
    with transaction(register) as session:
        _done(session, incident, letter_id, after, now())
    return lines


def _done(
    session: Session, incident: SecurityIncident, letter_id: str, after: str, now: datetime
) -> None:
    mine = session.get_one(IncidentLetter, letter_id, with_for_update=True)
    if mine.reached != after or mine.spread_at is not None:
        return
    mine.spread_at = now
    counted = telling.log(session, incident).get(letter_id, {})
    data = {"letter": letter_id, "drill": incident.drill, "lines": sum(counted.values())}
    note(session, incident, "spread", "system", now=now, **data)


def _batch(
    session: Session,
    context: Context,
    incident: SecurityIncident,
    where: Scope,
    letter: IncidentLetter,
    batch: Sequence[Person],
    now: datetime,
) -> int:
    found = people.reached(session, context, where, batch)
    before = _told(session, letter, batch) if letter.untold else frozenset()
    told = [
        _line(context, letter, person, one, drill=incident.drill) | {"at": now}
        for person in batch
        for one in found[person.key]
        if one.contact is None or (person.key, one.role, one.contact.id) not in before
    ]
    rows.insert(session, IncidentTold, told)
    rows.insert(session, Notice, [*_notices(told, now)])
    return len(told)


def _told(
    session: Session, letter: IncidentLetter, batch: Sequence[Person]
) -> frozenset[tuple[str, str, str]]:
    """
    Return to whom of a batch a letter of the same incident was queued: person, role and contact.

    Whoever could not be reached then, or was told at another address, is told.
    """
    query = (
        select(touched.PERSON, IncidentTold.role, IncidentTold.contact_id)
        .select_from(IncidentTold)
        .join(IncidentLetter, col(IncidentLetter.id) == col(IncidentTold.letter_id))
        .join(Request, col(Request.id) == col(IncidentTold.request_id))
        .outerjoin(Notice, col(Notice.id) == col(IncidentTold.id))
        .where(
            IncidentLetter.incident_id == letter.incident_id,
            IncidentTold.letter_id != letter.id,
            touched.of_people([one.key for one in batch]),
            or_(
                col(IncidentTold.state) == telling.DRILL,
                col(Notice.state).in_(telling.TOLD),
            ),
        )
    )
    return frozenset((key, role, contact) for key, role, contact in session.exec(query))


def _line(
    context: Context, letter: IncidentLetter, person: Person, one: Reached, *, drill: bool
) -> dict[str, Any]:
    contact = one.contact
    return {
        "id": new_id(),
        "letter_id": letter.id,
        "request_id": contact.request_id if contact else person.request_id,
        "role": one.role,
        "contact_id": contact.id if contact else "",
        "state": telling.DRILL if drill else _state(context, one),
    }


def _state(context: Context, one: Reached) -> str:
    if one.contact is None:
        return telling.NO_CONTACT
    way = contacts.ways(context).get(one.contact.type)
    if way is None:
        return telling.BY_PHONE
    return telling.QUEUED if way is Way.EMAIL else telling.BY_TEXT


def _notices(told: Sequence[dict[str, Any]], now: datetime) -> Iterator[dict[str, Any]]:
    for line in told:
        if line["state"] in (telling.QUEUED, telling.BY_TEXT):
            yield {
                "id": line["id"],
                "request_id": line["request_id"],
                "event": telling.EVENT,
                "identifier_id": line["contact_id"],
                "challenge_id": "",
                "state": "waiting",
                "attempts": 0,
                "next_at": now,
                "created_at": now,
                "sent_at": None,
            }
