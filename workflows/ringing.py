"""
The relay's look at the lines before the stores: whoever has room is rung for.

Leaving workers ring for the next by themselves. This finds the rest: a lease that lapsed, a bucket
that filled, a pause that is over, a doorbell that was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, select

from rights.domain.breaker import Circuit
from rights.domain.datamap import DataMap
from rights.domain.pacing import Bucket, Limits
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.models import StoreGate, StoreTurn
from workflows import breakers, places

EVERY_S: Final = 0.5

AT_MOST: Final = 50
"""Of a store without a limit on how many: rung for in one look."""


def ring_waiting(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Ring for whoever may be let in now; return how many."""
    with reading(register) as session:
        stores = session.exec(select(StoreTurn.store).distinct()).all()
    rung = 0
    for store in sorted(stores):
        with transaction(register) as session:
            places.forget(session, store, now())
            count = room(session, store, limits_of(context.datamap, store), now())
            rung += places.ring(session, store, count, now())
    return rung


def limits_of(datamap: DataMap, store: str) -> Limits:
    """Return the limits of a store; none of one that the map no longer names."""
    return next((s.limits for s in datamap if s.name == store), Limits())


def room(session: Session, store: str, limits: Limits, now: datetime) -> int:
    """Return how many more may be let into *store*, whoever was rung for a moment ago aside."""
    gate = session.get(StoreGate, store) or StoreGate(store=store)
    line = places.line(session, [store], "", "", now)
    working = [t for t in line if t.begun_at is not None]
    expected = len(line) - len(working)
    counts = [AT_MOST]
    if limits.concurrent:
        counts.append(limits.concurrent - len(working))
    if limits.per_minute:
        counts.append(Bucket(limits.per_minute, gate.full_at).free(now))
    breaker = breakers.of(gate)
    if breaker.circuit is not Circuit.CLOSED:
        trying = any(t.holder == breaker.probe for t in working)
        ready = breaker.due(now) or (breaker.circuit is Circuit.HALF_OPEN and not trying)
        counts.append(int(ready))
    return max(0, min(counts) - expected)
