"""
Dates that were counted without the working days of a year, and what follows until they are known.

Staff and operators are told from 60 days before that year; once it is loaded the open requests are
counted again, and no promise moves later for it.

Source: Measures on National Holidays (2024) 6-7; Civil Code of the PRC 201.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.clock import local_day, tighten
from rights.domain.errors import Conflict, Invalid
from rights.services import acknowledging, audit
from rights.services.context import Context
from rights.services.deadlines import counted
from rights.services.regimes import schedules_to_load
from rights.store.models import Request, ScheduleWarning

BATCH: Final = 200
RECOUNTED: Final = "recounted"
MISSING: Final = "schedule_missing"


def batch(session: Session, after: str) -> Sequence[str]:
    """Return the next open requests whose date is provisional, in the order of their ids."""
    query = select(Request.id).where(
        col(Request.closed_at).is_(None), col(Request.due_provisional), Request.id > after
    )
    return session.exec(query.order_by(col(Request.id)).limit(BATCH)).all()


def recount(session: Session, context: Context, ids: Sequence[str], now: datetime) -> int:
    """
    Count these again, each with an entry where it is certain now; return how many are.

    What somebody else changes at this moment is passed by: it is found the next time.
    """
    mine = select(Request).where(col(Request.id).in_(ids), col(Request.closed_at).is_(None))
    rows = session.exec(mine.order_by(col(Request.id)).with_for_update(skip_locked=True)).all()
    return sum(_again(session, context, request, now) for request in rows)


def _again(session: Session, context: Context, request: Request, now: datetime) -> bool:
    try:
        fresh = counted(context, request)
    except (Conflict, Invalid):  # its law has changed meanwhile: what was promised stands
        return False
    if fresh.due.provisional or not request.due_provisional:
        return False
    was = request.promised_at
    request.due_at = tighten(request.due_at, fresh.due_at)
    request.promised_at = tighten(was, fresh.promised_at)
    request.due_provisional = False
    acknowledging.counted_again(session, request, fresh.due.ack_at)
    data = {"from": was.isoformat(), "until": request.promised_at.isoformat()}
    audit.append(session, request, [audit.Line(RECOUNTED, "system", data)], now=now)
    return True


def _missing(context: Context, now: datetime) -> Mapping[str, int]:
    counting = next(iter(context.regimes.values())).counting
    return schedules_to_load(local_day(counting, now), context.regimes)


def warn(session: Session, context: Context, now: datetime) -> list[tuple[str, int]]:
    """Write down, once for each, which years' working days are missing; return the new ones."""
    fresh = []
    for place, year in _missing(context, now).items():
        if session.get(ScheduleWarning, (place, year)) is None:
            session.add(ScheduleWarning(place=place, year=year, warned_at=now))
            line = audit.Line(MISSING, "system", {"counting": place, "year": year})
            audit.append_day(session, line, now=now)
            fresh.append((place, year))
    return fresh


def unmailed(session: Session, context: Context, now: datetime) -> list[tuple[str, int]]:
    """Return what staff have not been written of: places, and their year that is missing still."""
    query = select(ScheduleWarning).where(col(ScheduleWarning.mailed).is_(False))
    waiting = {(one.place, one.year) for one in session.exec(query)}
    return [one for one in _missing(context, now).items() if one in waiting]
