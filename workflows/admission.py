"""
Whether a step may start: how many are at work in its store, how many began, and how the store is.

Decided in the claim's own transaction, under a lock on the store's row of the register, so that
it holds for any number of workers and machines. Stores without limits and without trouble cost
nothing. A step that may not start stays as it is; its request waits for the store and is rung
for when there is room.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from rights.domain.breaker import Circuit
from rights.domain.pacing import Bucket, Limits
from rights.services import requests
from rights.store.models import Request, StepRow, StoreGate, StoreTurn
from workflows import breakers, places
from workflows.floor import Floor
from workflows.touching import touched

SOONEST: Final = timedelta(seconds=10)
LATEST: Final = timedelta(minutes=10)
"""Whoever waits looks again by itself more and more seldom: it is rung for when there is room."""


@dataclass(frozen=True, slots=True)
class Let:
    """
    What may start.

    Args:
        row: The step; None when none may.
        places: Stores in which it has a place that has to be given up again.
        others: How many more steps could be asked about.
        again_at: When to look again if nobody rings.
    """

    row: StepRow | None = None
    places: tuple[str, ...] = ()
    others: int = 0
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """
    Who wants to be let in.

    Args:
        leaving: The step whose place is given up in the same transaction.
        until: Of a visit: when its place is free again by itself; None for a step.
    """

    holder: str
    queue: str = "work"
    request_id: str = ""
    leaving: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class No:
    """Not now: at which store, why, and when it may be, where that is known."""

    store: str
    why: str
    at: datetime | None = None


def first(
    session: Session,
    floor: Floor,
    request: Request,
    ready: Sequence[StepRow],
    now: datetime,
    leaving: str = "",
) -> Let:
    """Return the first of *ready* that may start now, let into its stores."""
    times: list[datetime] = []
    for number, row in enumerate(ready):
        stores = _guarded(session, floor, request, row)
        if not stores:
            return Let(row, (), len(ready) - number - 1)
        asking = Asking(row.id, requests.queue_of(request), request.id, leaving)
        no, since = enter(session, floor, asking, stores, now)
        if no is None:
            return Let(row, tuple(stores), len(ready) - number - 1)
        _line_up(session, asking, no, since)
        longer = min(now - since, LATEST)
        times.append(max(no.at or now + SOONEST, now + longer))
    return Let(again_at=min(times, default=None))


def _guarded(session: Session, floor: Floor, request: Request, row: StepRow) -> list[str]:
    """Return those of the step's stores that have a limit or trouble, in the order of names."""
    limited = {s.name for s in floor.context.datamap if s.limits}
    watched = limited | floor.gates.troubled(session)
    return sorted(watched & touched(floor, request, row.store, row.action)) if watched else []


def enter(
    session: Session, floor: Floor, asking: Asking, stores: Collection[str], now: datetime
) -> tuple[No | None, datetime]:
    """Let *asking* into all of *stores* or into none; return why not, and since when it waits."""
    gates = breakers.locked(session, stores)
    line = places.line(session, stores, asking.holder, asking.leaving, now)
    mine = [t.since for t in line if t.holder == asking.holder]
    since = min(mine, default=now)
    order = (asking.queue, since, not mine, asking.holder)
    for name in sorted(stores):
        others = [t for t in line if t.store == name and t.holder != asking.holder]
        limits = floor.context.datamap.store(name).limits
        ahead = [t for t in others if _waits(t) and (t.queue, t.since, False, t.holder) < order]
        working = [t for t in others if not _waits(t)]
        if no := _refused(gates[name], limits, working, len(ahead), asking, now):
            return no, since
    for name in sorted(stores):
        _counted(floor, gates[name], floor.context.datamap.store(name).limits, asking, now)
    turn = StoreTurn(
        store="",
        holder=asking.holder,
        request_id=asking.request_id,
        queue=asking.queue,
        since=since,
        begun_at=now,
        until=asking.until,
    )
    rows = [{**turn.model_dump(), "store": name} for name in sorted(stores)]
    places.enter(session, rows, asking.holder)
    return None, since


def _waits(turn: StoreTurn) -> bool:
    return turn.begun_at is None


def _refused(
    gate: StoreGate,
    limits: Limits,
    working: Sequence[StoreTurn],
    ahead: int,
    asking: Asking,
    now: datetime,
) -> No | None:
    """
    Return why *asking* may not enter one store, None when it may.

    Args:
        ahead: How many that came before are expected every moment.
    """
    breaker = breakers.of(gate)
    if breaker.circuit is Circuit.OPEN and not breaker.due(now):
        return No(gate.store, "paused", breaker.until)
    if breaker.circuit is not Circuit.CLOSED:
        trying = any(t.holder == breaker.probe for t in working)
        if trying or ahead or asking.until is not None:
            return No(gate.store, "paused")
    if limits.concurrent and len(working) + ahead >= limits.concurrent:
        return No(gate.store, "full")
    if limits.per_minute:
        bucket = Bucket(limits.per_minute, gate.full_at)
        if bucket.free(now) <= ahead:
            return No(gate.store, "rate", bucket.free_at(now))
    return None


def _counted(floor: Floor, gate: StoreGate, limits: Limits, asking: Asking, now: datetime) -> None:
    if limits.per_minute:
        gate.full_at = Bucket(limits.per_minute, gate.full_at).taken(now)
    if gate.circuit is not Circuit.CLOSED:
        breakers.keep(gate, breakers.of(gate).tried_by(asking.holder), now)
        floor.gates.note(gate.store, well=False)


def _line_up(session: Session, asking: Asking, no: No, since: datetime) -> None:
    row = StoreTurn(
        store=no.store,
        holder=asking.holder,
        request_id=asking.request_id,
        queue=asking.queue,
        since=since,
    )
    places.wait(session, row)


def left(session: Session, floor: Floor, holder: str, stores: Collection[str]) -> None:
    """
    Give up the places of *holder* and ring for whoever is next.

    Last in its transaction: what is locked here, nobody may hold while it waits for a gate.
    """
    if not stores:
        return
    places.leave(session, holder)
    for name in sorted(set(stores) - floor.gates.known):
        if floor.context.datamap.store(name).limits.concurrent:
            places.ring(session, name, 1, floor.now())
