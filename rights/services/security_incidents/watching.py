"""
Tell staff of the clocks of incidents: when they begin, and at the stages of clocks of requests.

A drill is told of too: that is what it is for.

Source: NDSR 10; PIPL 57.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.services.security_incidents.opening import note
from rights.store.models import IncidentClock, SecurityIncident

MOST: Final = 200
Pair = tuple[SecurityIncident, IncidentClock]


def running(session: Session, *, limit: int = MOST) -> Sequence[Pair]:
    """Return the clocks of open incidents that nobody has answered, the most urgent first."""
    query = (
        select(SecurityIncident, IncidentClock)
        .join(IncidentClock, col(IncidentClock.incident_id) == col(SecurityIncident.id))
        .where(col(SecurityIncident.closed_at).is_(None), col(IncidentClock.answered_at).is_(None))
        .order_by(col(IncidentClock.due_at), col(IncidentClock.name))
        .limit(limit)
    )
    return session.exec(query).all()


def reached(pair: Pair, now: datetime) -> int:
    """Return the last stage of a clock: 0 from its beginning on, 100 when it is over."""
    incident, clock = pair
    return alerts.reached(incident.discovered_at, clock.due_at, now)


def look(session: Session, now: datetime) -> Sequence[Pair]:
    """Write down every stage that was reached; return what has just become late."""
    late = []
    for incident, clock in running(session):
        stage = reached((incident, clock), now)
        if stage <= clock.stage:
            continue
        clock.stage = stage
        session.add(clock)
        data = {"clock": clock.name, "stage": stage, "drill": incident.drill}
        note(session, incident, "clock", "system", now=now, **data)
        if stage == alerts.LATE:
            late.append((incident, clock))
    return late


def unmailed(session: Session) -> Sequence[Pair]:
    """Return the clocks of which staff have not been written since their last stage."""
    return [pair for pair in running(session) if pair[1].stage > pair[1].mailed]
