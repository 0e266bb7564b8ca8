"""
What a clock that was ahead put off is due at once.

A pause before the next try is hours, a day at the most. What is to be tried again in weeks was put
off by a clock that was put right since, and nobody would look at it until then. What waits for a
day by right, as for the end of a hold, is not looked at here.

Source: NDSR 23 (in good time).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, tuple_, update
from sqlmodel import Session, col, select

from rights.domain.breaker import LONGEST, Circuit
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.logs import get
from rights.services.context import Context
from rights.store.db import transaction
from rights.store.models import (
    Notice,
    OutboxMessage,
    Request,
    StepRow,
    StepState,
    StoreGate,
    StoreTurn,
    WarningDue,
    WebhookDelivery,
)

BATCH: Final = 500
_WAITS_FOR_A_DAY: Final = (Wait.COOLING_OFF, Wait.DECISION)

_Place = tuple[Any, Any, tuple[ColumnElement[bool], ...]]
"""A table, its column that says when, and of which rows it is a pause before another try."""


def furthest(context: Context) -> timedelta:
    """
    Return how far ahead another try can lie: twice the longest pause.

    A day is what a receiver of webhooks, or a store, can ask for at most.
    """
    given = context.settings
    pauses = (given.lease_s, *given.backoff_s, *given.webhook_backoff_s, *given.store_pause_s)
    return 2 * max(LONGEST, timedelta(seconds=max(pauses)))


def bring_forward(register: Engine, context: Context, now: datetime) -> int:
    """Let everything that lies further ahead than it can be tried now; return how much it was."""
    done = 0
    for place in _places():
        while found := _some(register, place, now, furthest(context)):
            done += found
    if done:
        get().warning("clock.put_off", rows=done)
    return done


def _some(register: Engine, place: _Place, now: datetime, ahead: timedelta) -> int:
    with transaction(register) as session:
        return _moved(session, place, now, ahead)


def _moved(session: Session, place: _Place, now: datetime, ahead: timedelta) -> int:
    table, at, waits = place
    keys = table.__table__.primary_key.columns
    late = select(*keys).where(at > now + ahead, *waits).limit(BATCH)
    found = session.execute(late.with_for_update(skip_locked=True)).all()
    if found:
        mine = tuple_(*keys).in_([tuple(row) for row in found])
        session.execute(update(table).where(mine).values({at.key: now}))
    return len(found)


def _places() -> Iterator[_Place]:
    """Yield where a pause before another try is kept."""
    yield Request, col(Request.next_at), (_begun(), col(Request.wait).not_in(_WAITS_FOR_A_DAY))
    yield StepRow, col(StepRow.next_at), (_to_do(),)
    yield Notice, col(Notice.next_at), (col(Notice.state) == "waiting",)
    yield WebhookDelivery, col(WebhookDelivery.next_at), (col(WebhookDelivery.state) == "waiting",)
    yield OutboxMessage, col(OutboxMessage.not_before), (col(OutboxMessage.sent_at).is_(None),)
    yield WarningDue, col(WarningDue.next_at), ()
    yield StoreGate, col(StoreGate.until), (col(StoreGate.circuit) == Circuit.OPEN,)
    yield StoreGate, col(StoreGate.full_at), ()
    yield StoreTurn, col(StoreTurn.until), ()


def _begun() -> ColumnElement[bool]:
    """Say "it was begun, or has ended": what nobody has proved waits for its last day."""
    return col(Request.state).in_((State.IN_PROGRESS, *sorted(TERMINAL)))


def _to_do() -> ColumnElement[bool]:
    return col(StepRow.state).in_((StepState.TODO, StepState.RUNNING))
