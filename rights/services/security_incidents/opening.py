"""
Open a security incident: its clocks follow from what it is, counted from when it was discovered.

Source: NDSR 10; PIPL 57; GDPR 33.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, select

from rights.domain import duties, incident_clocks
from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.incident_clocks import Incident, IncidentKind, Operator, Severity
from rights.services import audit
from rights.services.context import Context
from rights.services.security_incidents import facts
from rights.store.models import IncidentClock, SecurityIncident, Staff

OLDEST: Final = timedelta(days=3 * 365)
"""Nothing is discovered longer ago: that is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class New:
    """
    What somebody says of an incident.

    Args:
        kind, severity: Codes.
        regimes: The laws of the people who may be hit; none for those of the settings.
        drill: Nothing happened: the same is done, and nobody outside is told.
    """

    kind: str
    severity: str
    discovered_at: datetime
    endangers: bool = False
    minors: bool = False
    regimes: tuple[str, ...] = ()
    drill: bool = False


def opened(
    session: Session, context: Context, staff: Staff, new: New, *, now: datetime
) -> SecurityIncident:
    """
    Write an incident down and start its clocks.

    Raises:
        Forbidden: their roles do not allow it.
        Invalid: a code is unknown, or it was discovered later than now.
    """
    duties.check(staff.roles, duties.Act.OPEN_INCIDENT)
    if wrong := [*_mistakes(context, new, now)]:
        raise Invalid("this incident cannot be opened", wrong)
    row = _row(context, staff, new, now)
    session.add(row)
    started = start(session, row)
    data = {
        "incident": row.id,
        "kind": row.kind,
        "severity": row.severity,
        "drill": row.drill,
        "clocks": started,
    }
    note(session, row, "opened", f"staff:{staff.id}", now=now, **data)
    return row


def minors_found(session: Session, row: SecurityIncident, actor: str, *, now: datetime) -> None:
    """
    Start the clocks that follow from minors among the people hit, which nobody knew before.

    They run from the discovery of the incident, as if it had been said then.

    Args:
        row: Locked.

    Source: Minors Regulation 35.
    """
    if row.minors or row.closed_at is not None:
        return
    row.minors = True
    session.add(row)
    note(session, row, "minors_found", actor, now=now, clocks=start(session, row))


def start(session: Session, row: SecurityIncident) -> list[str]:
    """Start what follows from an incident and does not run yet; return the names."""
    running = select(IncidentClock.name).where(IncidentClock.incident_id == row.id)
    have = set(session.exec(running).all())
    started = incident_clocks.clocks(facts.rules(), facts_of(row), row.discovered_at)
    new = [clock for clock in started if clock.name not in have]
    for clock in new:
        session.add(IncidentClock(incident_id=row.id, name=clock.name, due_at=clock.due_at))
    return [clock.name for clock in new]


def _mistakes(context: Context, new: New, now: datetime) -> Iterator[FieldError]:
    if new.kind not in set(IncidentKind):
        yield FieldError("kind", "is none of the list", tuple(IncidentKind))
    if new.severity not in set(Severity):
        yield FieldError("severity", "is none of the list", tuple(Severity))
    if not now - OLDEST <= new.discovered_at <= now:
        yield FieldError("discovered_at", "is not in the past, or too long ago", rule="not_lately")
    known = tuple(sorted(context.regimes))
    if not set(new.regimes) <= set(known):
        yield FieldError("regimes", "is none of the list", known)


def _row(context: Context, staff: Staff, new: New, now: datetime) -> SecurityIncident:
    settings = context.settings
    return SecurityIncident(
        kind=new.kind,
        severity=new.severity,
        operator=settings.incident_operator,
        endangers=new.endangers,
        minors=new.minors,
        drill=new.drill,
        regimes=sorted(new.regimes or settings.default_regimes),
        discovered_at=new.discovered_at,
        opened_at=now,
        opened_by=f"staff:{staff.id}",
    )


def facts_of(row: SecurityIncident) -> Incident:
    """Return what decides the clocks of an incident."""
    return Incident(
        IncidentKind(row.kind),
        Severity(row.severity),
        Operator(row.operator),
        endangers=row.endangers,
        minors=row.minors,
        regimes=frozenset(row.regimes),
    )


def locked(session: Session, incident_id: str) -> SecurityIncident:
    """Return one incident, its row locked. Raises NotFound."""
    found = session.get(SecurityIncident, incident_id, with_for_update=True)
    if found is None:
        raise NotFound("there is no such incident: `rights incidents list` shows them")
    return found


def note(
    session: Session, row: SecurityIncident, event: str, actor: str, *, now: datetime, **data: Any
) -> None:
    """Write down what happened to an incident: ids, codes and counts."""
    said = {"incident": row.id, **data}
    audit.append_day(session, audit.Line(f"security_incident_{event}", actor, said), now=now)
