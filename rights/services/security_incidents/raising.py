"""
Raise the grade of an incident that turns out graver than it looked, with a reason; never lower it.

The clocks that the graver grade brings run from the discovery, as if it had been said then: they
may be over when they begin. What was answered stays answered.

Source: NDSR 10; Measures on reporting network security incidents (2025) 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.incident_clocks import Severity, graver
from rights.services import writings
from rights.services.context import Context
from rights.services.security_incidents.answering import LONGEST_REASON
from rights.services.security_incidents.opening import locked, note, start
from rights.store.models import SecurityIncident, Staff

EVENT: Final = "raised"


@dataclass(frozen=True, slots=True)
class Graver:
    """
    What somebody says of an incident that is graver.

    Args:
        severity: The new grade: a code above the one it has.
        because: Why; no personal data.
    """

    severity: str
    because: str = field(default="", repr=False)


def graver_grade(
    session: Session,
    context: Context,
    incident_id: str,
    staff: Staff,
    said: Graver,
    *,
    now: datetime,
) -> SecurityIncident:
    """
    Raise the grade of an open incident, and start the clocks that follow.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident.
        Conflict: it is closed, or the grade is not above the one it has.
        Invalid: the grade is none, or the reason is missing or too long.
    """
    duties.check(staff.roles, duties.Act.HANDLE_INCIDENT)
    row = locked(session, incident_id)
    if row.closed_at is not None:
        raise Conflict("this incident is closed", code="incident_closed")
    because = said.because.strip()
    _check(said.severity, because)
    before = Severity(row.severity)
    if Severity(said.severity) not in graver(before):
        raise Conflict("an incident is raised and never lowered", code="incident_not_graver")
    row.severity = said.severity
    session.add(row)
    kept = writings.keep(session, context.vault, row.id, writings.GRAVER, because, now=now)
    data = {"was": str(before), "severity": row.severity, "reason": kept.id}
    actor, clocks = f"staff:{staff.id}", start(session, row)
    note(session, row, EVENT, actor, now=now, clocks=clocks, **data)
    return row


def _check(severity: str, because: str) -> None:
    wrong = []
    if severity not in set(Severity):
        wrong.append(FieldError("severity", "is none of the list", tuple(Severity)))
    if not because:
        wrong.append(FieldError("graver", "say why it is graver", rule="missing"))
    if len(because) > LONGEST_REASON:
        wrong.append(
            FieldError(
                "graver",
                f"has more than {LONGEST_REASON} characters",
                rule="too_long",
                bound=str(LONGEST_REASON),
            )
        )
    if wrong:
        raise Invalid("this incident cannot be raised", wrong, code="incident_raise")
