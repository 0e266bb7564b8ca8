"""What staff see of incidents: a list, and of each one its clocks, its scope and its letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.services import writings
from rights.services.context import Context
from rights.services.security_incidents import answering, telling, watching
from rights.services.writings import Written
from rights.store.models import IncidentClock, IncidentLetter, SecurityIncident

MOST = 200
ORDER: Final = (
    col(SecurityIncident.closed_at).is_not(None),
    col(SecurityIncident.discovered_at).desc(),
    col(SecurityIncident.id),
)
"""Open ones first, then the newest."""


@dataclass(frozen=True, slots=True)
class Ticking:
    """
    One clock as it is now.

    Args:
        stage: The share of its time that is over, in percent, as alerts count it.
        because: Why it is not reportable.
    """

    clock: IncidentClock
    stage: int
    late: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """
    One incident with all that belongs to it.

    Args:
        log: By letter and state.
        raised: Why it was found graver, each time.
    """

    incident: SecurityIncident
    clocks: tuple[Ticking, ...]
    letters: tuple[IncidentLetter, ...]
    log: dict[str, dict[str, int]]
    raised: tuple[Written, ...] = ()


def listed(session: Session, *, limit: int = MOST) -> Sequence[SecurityIncident]:
    """Return incidents, open ones first, then the newest."""
    return session.exec(select(SecurityIncident).order_by(*ORDER).limit(limit)).all()


def one(session: Session, context: Context, row: SecurityIncident, now: datetime) -> Shown:
    """Return one incident as it is now."""
    letters = select(IncidentLetter).where(IncidentLetter.incident_id == row.id)
    return Shown(
        row,
        tuple(ticking(context, session, row, c, now) for c in answering.clocks_of(session, row.id)),
        tuple(session.exec(letters.order_by(col(IncidentLetter.made_at)))),
        telling.log(session, row),
        tuple(writings.read(session, context.vault, row.id, (writings.GRAVER,))),
    )


def ticking(
    context: Context, session: Session, row: SecurityIncident, clock: IncidentClock, now: datetime
) -> Ticking:
    """Return a clock as it is now; one that was answered stands where it was then."""
    stage = watching.reached((row, clock), clock.answered_at or now)
    because = answering.reason(session, context, clock) if clock.reason_id else ""
    return Ticking(clock, stage, stage == alerts.LATE, because)


def on_board(
    session: Session, now: datetime, *, limit: int = MOST
) -> tuple[list[tuple[SecurityIncident, Ticking]], bool]:
    """Return the clocks that run, the most urgent first, and whether more do; one query."""
    found = []
    for incident, clock in watching.running(session, limit=limit + 1):
        stage = watching.reached((incident, clock), now)
        found.append((incident, Ticking(clock, stage, stage == alerts.LATE)))
    return found[:limit], len(found) > limit
