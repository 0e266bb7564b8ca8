"""
Open requests that stand where they stand because nobody does anything, and why.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, or_, select

from rights.domain.lifecycle import State, Wait
from rights.services import acknowledging, alarms, audit, requests, ticking
from rights.services.context import Context
from rights.store.models import Entry, Request, RequestClock

BATCH: Final = 200
STAGE: Final = "clock_alert"
IDLE: Final = "clock_idle"
MISSED: Final = "target_missed"

STAFF: Final = "staff"
STORE: Final = "store"
WORK: Final = "work"
"""Why nothing happens: it waits for staff, for a store, or for work that does not move."""

_ON_STAFF: Final = (Wait.TASK, Wait.APPROVAL, Wait.DECISION)
_NO_TOUCH: Final = (
    STAGE,
    IDLE,
    MISSED,
    acknowledging.SOON,
    acknowledging.MISSED,
    "appeal_late",
    "complaint_late",
    "step_started",
    "step_stopped",
)
"""Entries that move nothing: a clock's own, and a step that was tried once more."""


def cause(state: str, wait: str) -> str:
    """Return why a request that nobody touched stands still: staff, a store, or work."""
    if state in (State.ON_HOLD, State.OPEN, State.VERIFYING):
        return STAFF
    return STORE if wait == Wait.STORE else WORK


def last() -> ColumnElement[datetime]:
    """Return when something happened to a request last that moved it."""
    found = select(func.max(col(Entry.at))).where(
        col(Entry.chain) == col(Request.id), col(Entry.event).not_in(_NO_TOUCH)
    )
    return found.correlate(Request).scalar_subquery()


def waits(before: datetime) -> ColumnElement[bool]:
    """Say that a request waits for staff or is worked on, and that nothing moved it since."""
    on_staff = (col(Request.state) == State.ON_HOLD) & col(Request.wait).in_(_ON_STAFF)
    of_ours = or_(on_staff, col(Request.state) == State.IN_PROGRESS, ticking.ours())
    old = col(Request.received_at) < before  # the cheap half: its trail need not be read
    logged = col(Request.state) == State.ON_HOLD  # by staff, perhaps, and of an earlier day
    return col(Request.closed_at).is_(None) & of_ours & (old | logged) & (last() < before)


def due(session: Session, context: Context, now: datetime, *, limit: int = BATCH) -> list[str]:
    """Return requests that nobody touched for days, and of which nobody was told since."""
    before = now - timedelta(days=context.settings.idle_days)
    told = col(RequestClock.idle_at)
    query = (
        select(Request.id)
        .outerjoin(RequestClock, col(RequestClock.request_id) == col(Request.id))
        .where(waits(before), told.is_(None) | (told < last()) | (told > now + alarms.AHEAD))
        .order_by(col(Request.promised_at), col(Request.id))
        .limit(limit)
    )
    return list(session.exec(query))


def tell(session: Session, ids: Iterable[str], now: datetime) -> list[str]:
    """Write down that staff are told of these; once, whoever else looked at the same moment."""
    new: list[str] = []
    for request_id in ids:
        request = requests.locked(session, request_id)
        clock = alarms.clock_of(session, request_id, now)
        at = clock.idle_at
        if at and _last_of(session, request_id) <= at <= now + alarms.AHEAD:
            continue
        clock.idle_at, clock.idle_mailed, clock.idle_hooked = now, False, False
        because = cause(request.state, request.wait)
        data = {} if because == STAFF else {"because": because}
        audit.append(session, request, [audit.Line(IDLE, "system", data)], now=now)
        new.append(request_id)
    return new


def _last_of(session: Session, request_id: str) -> datetime:
    found: datetime = session.execute(
        select(last()).where(col(Request.id) == request_id)
    ).scalar_one()
    return found
