"""
Tell staff of the clocks of incidents: when they begin, and at the stages of clocks of requests.

A drill is told of too: that is what it is for.

Source: NDSR 10; PIPL 57.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.services.security_incidents.opening import note
from rights.store.models import IncidentClock, SecurityIncident

MOST: Final = 200
"""Clocks that are read at once: a page shows no more, and a letter tells of no more."""

Pair = tuple[SecurityIncident, IncidentClock]


def running(session: Session, *, limit: int = MOST) -> Sequence[Pair]:
    """Return the clocks of open incidents that nobody has answered, the most urgent first."""
    return _some(session, limit=limit)


def _some(session: Session, *where: ColumnElement[bool], limit: int = MOST) -> Sequence[Pair]:
    clock = IncidentClock
    query = (
        select(SecurityIncident, clock)
        .join(clock, col(clock.incident_id) == col(SecurityIncident.id))
        .where(col(SecurityIncident.closed_at).is_(None), col(clock.answered_at).is_(None), *where)
        .order_by(col(clock.due_at), col(clock.name), col(clock.incident_id))
        .limit(limit)
    )
    return session.exec(query).all()


def _every(session: Session, *where: ColumnElement[bool]) -> Iterator[Sequence[Pair]]:
    """Yield all of them, some at a time: what is left out would never be told of."""
    found = _some(session, *where)
    while found:
        yield found
        found = _some(session, *where, _behind(found[-1][1])) if len(found) == MOST else ()


def _behind(last: IncidentClock) -> ColumnElement[bool]:
    due, name, incident = map(
        col, (IncidentClock.due_at, IncidentClock.name, IncidentClock.incident_id)
    )
    return or_(
        due > last.due_at,
        and_(due == last.due_at, name > last.name),
        and_(due == last.due_at, name == last.name, incident > last.incident_id),
    )


def reached(pair: Pair, now: datetime) -> int:
    """Return the last stage of a clock: 0 from its beginning on, 100 when it is over."""
    incident, clock = pair
    return alerts.reached(incident.discovered_at, clock.due_at, now)


def look(session: Session, now: datetime) -> Sequence[Pair]:
    """Write down every stage that was reached; return what has just become late."""
    late = []
    early = col(IncidentClock.stage) < alerts.LATE
    for incident, clock in (pair for some in _every(session, early) for pair in some):
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


def unmailed(session: Session) -> list[Sequence[Pair]]:
    """
    Return the clocks of which staff have not been written since their last stage.

    Every one of them, as many together as one letter tells of.
    """
    return [*_every(session, col(IncidentClock.stage) > col(IncidentClock.mailed))]
