"""
The rows of ``store_turn``: who is at work in a store, who waits, whose turn is next.

Whoever leaves rings for the first in line, and its place is kept for a moment; so the order is
that in which they came, urgent ones before all others. A worker that was killed loses its place
with its lease: nothing has to be tidied up for the counts to be right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, update
from sqlmodel import Session, and_, col, exists, or_, select

from rights.domain.lifecycle import State
from rights.services import outbox
from rights.services.stores import at_work
from rights.store.models import Request, StepRow, StepState, StoreTurn

KEPT_FOR: Final = timedelta(seconds=2)
"""How long a place is kept for whoever was rung for it; then it is for whoever comes."""

AGAIN: Final = timedelta(seconds=30)
"""Whoever did not come by then is rung for once more: its doorbell was lost."""


def _still_waits() -> ColumnElement[bool]:
    return exists().where(
        col(StepRow.id) == col(StoreTurn.holder),
        col(StepRow.state).in_((StepState.TODO, StepState.RUNNING)),
        col(Request.id) == col(StepRow.request_id),
        col(Request.state) == State.IN_PROGRESS,
    )


def _waits() -> ColumnElement[bool]:
    return col(StoreTurn.begun_at).is_(None)


def line(
    session: Session, stores: Collection[str], holder: str, leaving: str, now: datetime
) -> Sequence[StoreTurn]:
    """
    Return who counts in *stores*: at work, rung for a moment ago, and *holder* itself.

    Args:
        leaving: A step whose place is given up in this very transaction.
    """
    mine = col(StoreTurn.holder) == holder
    working = and_(~_waits(), at_work(now))
    expected = and_(_waits(), col(StoreTurn.rung_at) > now - KEPT_FOR)
    query = select(StoreTurn).where(
        col(StoreTurn.store).in_(stores),
        col(StoreTurn.holder) != leaving,
        or_(mine, working, expected),
    )
    return session.exec(query.execution_options(populate_existing=True)).all()


def enter(session: Session, rows: Sequence[dict[str, Any]], holder: str) -> None:
    """Let *holder* into the stores of *rows*; whatever it waited for is over."""
    session.execute(delete(StoreTurn).where(col(StoreTurn.holder) == holder))
    session.execute(insert(StoreTurn), list(rows))


def wait(session: Session, row: StoreTurn) -> None:
    """Put a step in line at one store, with the time at which it began to wait."""
    others = and_(col(StoreTurn.holder) == row.holder, col(StoreTurn.store) != row.store)
    session.execute(delete(StoreTurn).where(others))
    session.merge(row)


def leave(session: Session, holder: str) -> None:
    """Give up every place of *holder*."""
    session.execute(delete(StoreTurn).where(col(StoreTurn.holder) == holder))


def ring(session: Session, store: str, count: int, now: datetime) -> int:
    """Ring for the first *count* in line at *store*; return how many there were."""
    quiet = or_(col(StoreTurn.rung_at).is_(None), col(StoreTurn.rung_at) <= now - AGAIN)
    first = (
        select(StoreTurn)
        .where(col(StoreTurn.store) == store, _waits(), quiet)
        .order_by(col(StoreTurn.queue), col(StoreTurn.since), col(StoreTurn.holder))
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(first).all() if count > 0 else []
    for turn in found:
        turn.rung_at = now
        outbox.emit(session, "advance", now=now, queue=turn.queue, request_id=turn.request_id)
    return len(found)


def forget(session: Session, store: str, now: datetime) -> None:
    """Take away whom nothing is left of: ended, called off, or killed long ago."""
    over = or_(and_(_waits(), ~_still_waits()), and_(~_waits(), ~at_work(now)))
    query = select(StoreTurn.holder).where(col(StoreTurn.store) == store, over).limit(1000)
    gone = session.exec(query.with_for_update(skip_locked=True)).all()
    mine = and_(col(StoreTurn.store) == store, col(StoreTurn.holder).in_(gone))
    if gone:
        session.execute(delete(StoreTurn).where(mine))


def stretch(holder: str, until: datetime) -> Any:
    """Return the statement that keeps the place of a visit."""
    return update(StoreTurn).where(col(StoreTurn.holder) == holder).values(until=until)
