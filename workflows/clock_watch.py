"""
The clocks of open requests, looked at now and then: staff are told of what runs out of time.

It reads what has to be told and nothing else; a clock that jumped, or days without a relay, cost
one look in which the last stage reached is told once.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine

from rights.logs import get
from rights.services import (
    acknowledging,
    clocks,
    late_queues,
    provisional,
    staff_hooks,
    standing_still,
    targets,
    untouched,
)
from rights.services.context import Context
from rights.store.db import reading, transaction

One = TypeVar("One")


def watch(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Write down every stage that was reached, and what nobody touches; return how many."""
    for ids in _batches(lambda: _paused(register)):
        with transaction(register) as session:
            standing_still.look(session, context, ids, now())
    told = _stages(register, context, now) + _aims(register, context, now)
    told += _unconfirmed(register, now) + _queues(register, now)
    for ids in _batches(lambda: _untouched(register, context, now())):
        with transaction(register) as session:
            untouched.tell(session, ids, now())
        told += len(ids)
    while _published(register, context, now()):
        pass
    return told


def _stages(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    told = 0
    for ids in _batches(lambda: _due(register, context, now())):
        with transaction(register) as session:
            late = clocks.tell(session, ids, now())
        for request_id in late:
            get().error("clock.late", request_id=request_id)
        told += len(ids)
    return told


def _aims(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    told = 0
    for ids in _batches(lambda: _missed(register, context, now())):
        with transaction(register) as session:
            missed = targets.tell(session, ids, now())
        for request_id in missed:
            get().error("clock.target_missed", request_id=request_id)
        told += len(ids)
    return told


def _queues(register: Engine, now: Callable[[], datetime]) -> int:
    """Tell of appeals and complaints that are late; return how many were told of."""
    told = 0
    for found in _batches(lambda: _late(register, now())):
        with transaction(register) as session:
            late_queues.tell(session, found, now())
        told += len(found)
    return told


def _published(register: Engine, context: Context, now: datetime) -> int:
    """Queue for the webhooks of staff what they were not told of; return how much there was."""
    with reading(register) as session:
        if not staff_hooks.news(session):
            return 0
    with transaction(register) as session:
        return staff_hooks.publish(session, context, now)


def _unconfirmed(register: Engine, now: Callable[[], datetime]) -> int:
    """Tell of receipts that are not confirmed; return how many were told of."""
    told = 0
    for found in _batches(lambda: _waiting(register, now())):
        with transaction(register) as session:
            late = acknowledging.tell(session, found, now())
        for about, request_id in late:
            get().error("acknowledgement.missed", step=about, request_id=request_id)
        told += len(found)
    return told


def _late(register: Engine, now: datetime) -> Sequence[late_queues.Found]:
    with reading(register) as session:
        return late_queues.due(session, now)


def _waiting(register: Engine, now: datetime) -> Sequence[acknowledging.Found]:
    with reading(register) as session:
        return acknowledging.due(session, now)


def _due(register: Engine, context: Context, now: datetime) -> Sequence[str]:
    with reading(register) as session:
        return clocks.due(session, context.regimes, now)


def _missed(register: Engine, context: Context, now: datetime) -> Sequence[str]:
    with reading(register) as session:
        return targets.missed(session, context, now)


def count_again(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Count provisional dates again that have become certain, in batches; return how many."""
    done, after = 0, ""
    while ids := _provisional(register, after):
        with transaction(register) as session:
            done += provisional.recount(session, context, ids, now())
        after = ids[-1]
    return done


def schedules(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Tell of years whose working days are missing, and count what has become certain."""
    with transaction(register) as session:
        fresh = provisional.warn(session, context, now())
    for place, year in fresh:
        get().error("schedule.missing", place=place, year=year)
    return count_again(register, context, now)


def _provisional(register: Engine, after: str) -> Sequence[str]:
    with reading(register) as session:
        return provisional.batch(session, after)


def _paused(register: Engine) -> Sequence[str]:
    with reading(register) as session:
        return standing_still.due(session)


def _untouched(register: Engine, context: Context, now: datetime) -> Sequence[str]:
    with reading(register) as session:
        return untouched.due(session, context, now)


def _batches(more: Callable[[], Sequence[One]]) -> Iterator[Sequence[One]]:
    """Yield batches until none is full; the same one twice means that nothing moves it."""
    before: Sequence[One] = ()
    while (found := more()) and found != before:
        yield found
        if len(found) < clocks.BATCH:
            return
        before = found
