"""
Have everybody told whom an incident hit, by a letter with every element that the law names.

It is written here and queued by the relay (``spreading``), to guardians of minors too. Of whom
only a telephone is known, a text message says that there is something to be told, and where to
ask; where none can be sent they stand in the log, for staff to phone them, as does who cannot be
reached at all.

Source: PIPL 57; NDSR 11(2); Minors Regulation 35.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import and_, case, func
from sqlmodel import Session, col, select

from rights.domain import duties, incident_letter
from rights.domain.errors import Conflict
from rights.services import notices, writings
from rights.services.context import Context
from rights.services.notices import UNSENT
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
"""Only a telephone is known, and no provider of text messages is set."""

BY_TEXT: Final = "by_text"
"""Only a telephone is known: a text message says where the letter is to be had, and no more."""

TEXTED: Final = "texted"
"""How the log counts one of those that was sent: whoever got it has not read the elements."""

DRILL: Final = "drill"
TOLD: Final = (*UNSENT, "sent")
"""States of a notice of somebody who is told, or will be."""


def tell(
    session: Session,
    context: Context,
    incident_id: str,
    staff: Staff,
    letter: Mapping[str, object],
    *,
    now: datetime,
    untold: bool = False,
) -> IncidentLetter:
    """
    Have a letter sent to everybody whom an incident hit; of a drill, to nobody.

    Args:
        untold: Only to those whom no letter about it was queued to before.

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
    by, texts = f"staff:{staff.id}", kept.id
    made = IncidentLetter(incident_id=row.id, writing_id=texts, made_by=by, made_at=now)
    made.untold = untold
    return _noted(session, row, made)


def _noted(session: Session, row: SecurityIncident, made: IncidentLetter) -> IncidentLetter:
    session.add(made)
    data = {"letter": made.id, "drill": row.drill, "untold": made.untold}
    note(session, row, "letter", made.made_by, now=made.made_at, **data)
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
    texted = and_(col(IncidentTold.state) == BY_TEXT, col(Notice.state) == "sent")
    came = func.coalesce(col(Notice.state), col(IncidentTold.state))
    state = case((texted, TEXTED), else_=came).label("state")
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
