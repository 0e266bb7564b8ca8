"""
Answer the clocks of a security incident, and close it.

A clock is answered by the reference of the report that was made, or by why nothing has to be
reported, in words. An incident is closed once every clock was answered, and never without a word.

Source: NDSR 10; PIPL 57; GDPR 33.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.services import writings
from rights.services.context import Context
from rights.services.security_incidents.facts import CLOSING
from rights.services.security_incidents.opening import locked, note
from rights.store.models import IncidentClock, SecurityIncident, Staff

LONGEST_REFERENCE: Final = 80
LONGEST_REASON: Final = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came of a duty to report; one of the two.

    Args:
        reference: Of the report, as the authority gave it; no personal data.
        because: Why it is not reportable.
    """

    reference: str = ""
    because: str = field(default="", repr=False)


def answer(
    session: Session,
    context: Context,
    incident_id: str,
    name: str,
    staff: Staff,
    said: Answer,
    *,
    now: datetime,
) -> IncidentClock:
    """
    Answer one clock.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident, or it has no such clock.
        Conflict: it was answered already, or the incident is closed.
        Invalid: there is neither a reference nor a reason, or both, or one is too long.
    """
    duties.check(staff.roles, duties.Act.HANDLE_INCIDENT)
    row = _open(session, incident_id)
    clock = session.get(IncidentClock, (row.id, name))
    if clock is None:
        raise NotFound("this incident has no such clock")
    if clock.answered_at is not None:
        raise Conflict("this clock was answered already", code="incident_answered")
    _check(said)
    _write(session, context, row, clock, staff, said, now)
    return clock


def close(
    session: Session,
    context: Context,
    incident_id: str,
    staff: Staff,
    said: Answer,
    *,
    now: datetime,
) -> SecurityIncident:
    """
    Close an incident; *said* answers whatever clock was not answered yet.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident.
        Conflict: something is not answered and *said* is empty, or the incident is closed.
        Invalid: *said* has both, or one is too long.
    """
    duties.check(staff.roles, duties.Act.HANDLE_INCIDENT)
    row = _open(session, incident_id)
    clocks = clocks_of(session, row.id)
    left = [one for one in clocks if one.answered_at is None]
    if not clocks:
        left = [IncidentClock(incident_id=row.id, name=CLOSING, due_at=row.discovered_at)]
    if left and not (said.reference.strip() or said.because.strip()):
        raise Conflict(
            "give the reference of the report, or say why it is not reportable",
            code="incident_unanswered",
        )
    for clock in left:
        _check(said)
        _write(session, context, row, clock, staff, said, now)
    row.closed_at, row.closed_by = now, f"staff:{staff.id}"
    note(session, row, "closed", row.closed_by, now=now, drill=row.drill)
    return row


def clocks_of(session: Session, incident_id: str) -> Sequence[IncidentClock]:
    """Return the clocks of an incident, the one that is over first at the beginning."""
    query = select(IncidentClock).where(IncidentClock.incident_id == incident_id)
    return session.exec(query.order_by(col(IncidentClock.due_at), col(IncidentClock.name))).all()


def reason(session: Session, context: Context, clock: IncidentClock) -> str:
    """Return why a clock was found not to ask for a report; empty where it was reported."""
    texts = writings.read(session, context.vault, clock.incident_id, (writings.NOT_REPORTABLE,))
    return next((one.text for one in texts if one.id == clock.reason_id), "")


def _open(session: Session, incident_id: str) -> SecurityIncident:
    row = locked(session, incident_id)
    if row.closed_at is not None:
        raise Conflict("this incident is closed", code="incident_closed")
    return row


def _check(said: Answer) -> None:
    reference, because = said.reference.strip(), said.because.strip()
    wrong = []
    if bool(reference) == bool(because):
        wrong.append(
            FieldError("reference", "give this, or say why it is not reportable", rule="either")
        )
    if len(reference) > LONGEST_REFERENCE:
        wrong.append(
            FieldError(
                "reference",
                f"has more than {LONGEST_REFERENCE} characters",
                rule="too_long",
                bound=str(LONGEST_REFERENCE),
            )
        )
    if len(because) > LONGEST_REASON:
        wrong.append(
            FieldError(
                "because",
                f"has more than {LONGEST_REASON} characters",
                rule="too_long",
                bound=str(LONGEST_REASON),
            )
        )
    if wrong:
        raise Invalid("this answers no clock", wrong, code="incident_answer")


def _write(
    session: Session,
    context: Context,
    row: SecurityIncident,
    clock: IncidentClock,
    staff: Staff,
    said: Answer,
    now: datetime,
) -> None:
    clock.answered_at, clock.answered_by = now, f"staff:{staff.id}"
    clock.reference = said.reference.strip()
    if because := said.because.strip():
        kept = writings.keep(
            session, context.vault, row.id, writings.NOT_REPORTABLE, because, now=now
        )
        clock.reason_id = kept.id
    session.add(clock)
    how = "reported" if clock.reference else "not_reportable"
    late = now > clock.due_at
    note(session, row, how, clock.answered_by, now=now, clock=clock.name, late=late)
