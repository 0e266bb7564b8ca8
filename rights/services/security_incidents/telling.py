"""
Have everybody told whom an incident hit, by a letter with every element that the law names.

It is written here and queued by the relay (``spreading``), to guardians of minors too. Who has no
mail address that is known stands in the log, for staff to phone them or for an announcement.

Source: PIPL 57; NDSR 11(2); Minors Regulation 35.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import func
from sqlmodel import Session, col, select

from rights.domain import duties, incident_letter
from rights.domain.errors import Conflict
from rights.services import notices, writings
from rights.services.context import Context
from rights.services.security_incidents import facts
from rights.services.security_incidents.opening import locked, note
from rights.services.security_incidents.scope import of, spreading
from rights.services.words import LANGUAGES
from rights.store.models import IncidentLetter, IncidentTold, Notice, SecurityIncident, Staff

(EVENT,) = notices.OF_INCIDENTS
"""What the notices are called that carry a letter."""

QUEUED: Final = "queued"
NO_CONTACT: Final = "no_contact"
BY_PHONE: Final = "by_phone"
"""Only a telephone is known: a letter does not fit into a text message."""

DRILL: Final = "drill"


def tell(
    session: Session,
    context: Context,
    incident_id: str,
    staff: Staff,
    letter: Mapping[str, object],
    *,
    now: datetime,
) -> IncidentLetter:
    """
    Have a letter sent to everybody whom an incident hit; of a drill, to nobody.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident.
        Invalid: an element is missing in a language, or too long; names each.
        Conflict: nobody has said in which time people were hit, another letter is on its way, or
            the incident is closed.
    """
    duties.check(staff.roles, duties.Act.HANDLE_INCIDENT)
    row = locked(session, incident_id)
    if row.closed_at is not None:
        raise Conflict("this incident is closed", code="incident_closed")
    of(row)
    if spreading(session, row.id):
        raise Conflict("another letter is on its way", code="incident_spreading")
    said = incident_letter.checked(letter, facts.titles("elements"), LANGUAGES)
    text = orjson.dumps(said).decode()
    kept = writings.keep(session, context.vault, row.id, writings.INCIDENT_LETTER, text, now=now)
    actor = f"staff:{staff.id}"
    made = IncidentLetter(incident_id=row.id, writing_id=kept.id, made_by=actor, made_at=now)
    session.add(made)
    note(session, row, "letter", actor, now=now, letter=made.id, drill=row.drill)
    return made


def letter_of(
    session: Session, context: Context, notice_id: str
) -> tuple[dict[str, dict[str, str]], str]:
    """
    Return what a notice says, by element and language, and to whom: person, guardian …

    Nothing where the letter is gone.
    """
    told = session.get(IncidentTold, notice_id)
    letter = session.get(IncidentLetter, told.letter_id) if told else None
    if told is None or letter is None:
        return {}, ""
    kept = writings.read(session, context.vault, letter.incident_id, (writings.INCIDENT_LETTER,))
    text = next((one.text for one in kept if one.id == letter.writing_id), "{}")
    return orjson.loads(text), told.role


def log(session: Session, row: SecurityIncident) -> dict[str, dict[str, int]]:
    """Return, for each letter about an incident, how many lines of its log are in which state."""
    state = func.coalesce(col(Notice.state), col(IncidentTold.state)).label("state")
    query = (
        select(IncidentTold.letter_id, state, func.count())
        .join(IncidentLetter, col(IncidentLetter.id) == col(IncidentTold.letter_id))
        .outerjoin(Notice, col(Notice.id) == col(IncidentTold.id))
        .where(IncidentLetter.incident_id == row.id)
        .group_by(col(IncidentTold.letter_id), state)
    )
    found: dict[str, dict[str, int]] = {}
    for letter_id, name, count in session.exec(query):
        found.setdefault(letter_id, {})[name] = count
    return found
