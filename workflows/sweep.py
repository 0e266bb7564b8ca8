"""
The sweep: whatever has waited long enough is looked at again.

It reads only rows whose time has come, so its cost does not grow with the number of requests.
It is the whole of recovery: a lost job, a killed worker and a flushed Redis look the same.

What ends something by its time alone goes by settled time, so no clock that jumps ends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.logs import get
from rights.services import (
    by_category,
    cooling,
    incidents,
    lifting,
    meanwhile,
    not_me,
    outbox,
    preferences,
    requests,
    undecided,
)
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Request, StepRow
from workflows import rechecks

BATCH: Final = 200

_DAYS: Final = (Wait.COOLING_OFF, Wait.DECISION)
"""They wait for a day, and go on when it has come."""
_UNPROVED: Final = (State.OPEN, State.VERIFYING)

LONGEST: Final = timedelta(minutes=10)
"""Pauses between two rings for what was not begun double up to this."""


Now = Callable[[], datetime]


def sweep(register: Engine, context: Context, now: Now, settled: Now | None = None) -> int:
    """
    Ring again for every request whose time has come; let unverified ones lapse.

    Args:
        settled: What of the register's time is believed; all of it where it is not given.
    """
    settled = settled or now
    with reading(register) as session:
        due = session.exec(
            select(Request.id)
            .where(*_due(now(), settled()))
            .order_by(col(Request.next_at))
            .limit(BATCH)
        ).all()
    for request_id in due:
        try:
            _look(register, context, request_id, now(), settled())
        except OperationalError:
            raise  # the register is away: all of them wait for it
        except Exception:  # noqa: BLE001 - one request that breaks must not keep others waiting
            get().exception("sweep.broken", request_id=request_id)
    return len(due)


def _due(now: datetime, settled: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of a request whose time has come; see ``_ends`` for which time."""
    yield col(Request.next_at) <= now
    if settled < now:
        ends = col(Request.wait).in_(_DAYS) | col(Request.state).in_(_UNPROVED)
        yield ~ends | (col(Request.next_at) <= settled)


def _ends(request: Request) -> bool:
    """Return whether time alone ends something of it, which nobody could take back."""
    return request.wait in _DAYS or request.state in _UNPROVED


def _look(
    register: Engine, context: Context, request_id: str, now: datetime, settled: datetime
) -> None:
    with transaction(register) as session:
        request = requests.locked(session, request_id)
        by = settled if _ends(request) else now
        if request.next_at is None or request.next_at > by:
            return
        _again(session, context, request, now)
        if request.wait in _DAYS:
            _waits(session, context, request, now, settled)
        elif request.state is State.IN_PROGRESS:
            queue = requests.queue_of(request)
            outbox.emit(session, "advance", now=now, queue=queue, request_id=request_id)
        elif request.state in _UNPROVED:
            _lapse(session, context, request, now, settled)
        elif request.state in TERMINAL:
            outbox.emit(session, "close_out", now=now, request_id=request.id)


def _lapse(
    session: Session, context: Context, request: Request, now: datetime, settled: datetime
) -> None:
    """End what nobody has proved; not what somebody stopped, as staff have to look at it first."""
    if not_me.stopped(request):
        request.next_at = settled + timedelta(days=context.settings.verify_days)
        return
    requests.record(session, request, Event.LAPSED, actor="system", now=now)
    by_category.begin(session, context, request, now=now)


def _waits(
    session: Session, context: Context, request: Request, now: datetime, settled: datetime
) -> None:
    """
    Let what waits for a day go on when it has come.

    Before it, the data of somebody who waits by choice is put out of use.
    """
    if request.wait is Wait.DECISION:
        undecided.look(session, context, request, now, settled)
    elif not cooling.cools(request):
        if not lifting.look(session, request, now, settled):
            incidents.open_for(session, request, incidents.LIFT_UNTOLD, {}, now=now)
    else:
        cooling.look(session, request, now, settled)
        if cooling.cools(request):
            meanwhile.begin(session, context, request, now=now)


def _again(session: Session, context: Context, request: Request, now: datetime) -> None:
    """
    Say when to look again: soon at work that was begun, more and more seldom at what waits.

    What was begun and is due was dropped by a worker. What was not begun most likely still
    stands in a long queue, and ringing for it often would make the queue longer.
    """
    request.next_at = None
    if request.closed_at is not None:
        waited = now - request.closed_at
        request.next_at = now + min(max(requests.RING_AGAIN, waited), LONGEST)
        return
    if request.state is not State.IN_PROGRESS:
        return
    pause = timedelta(seconds=context.settings.lease_s)
    if session.exec(select(StepRow.id).where(StepRow.request_id == request.id)).first() is None:
        waited = now - (request.verified_at or request.received_at)
        pause = min(max(pause, waited), LONGEST)
    request.next_at = now + pause


def aftercare(register: Engine, now: Callable[[], datetime]) -> int:
    """Ring for what is due on closed requests; it reads only rows whose time has come."""
    at = now()
    due = select(Aftercare).where(col(Aftercare.next_at) <= at).order_by(col(Aftercare.next_at))
    with reading(register) as session:
        if session.exec(due.limit(1)).first() is None:
            return 0
    with transaction(register) as session:
        rows = session.exec(due.limit(BATCH).with_for_update(skip_locked=True)).all()
        for row in rows:
            rechecks.ring(session, row, at)
    return len(rows)


def watch_preferences(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Raise the alarm for opt-outs that no serving store has read back in time."""
    with transaction(register) as session:
        late = preferences.overdue(session, context, now=now())
    for request_id, name in late:
        get().error("preference.late", request_id=request_id, name=name)
    return len(late)
