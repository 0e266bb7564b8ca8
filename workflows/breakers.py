"""
What an answer of a store means for everybody who wants something of it.

Written in a transaction of its own, and only when something is wrong or was: a store that is well
costs the register nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from rights.domain.breaker import Breaker, Circuit
from rights.domain.errors import Transient
from rights.logs import get
from rights.services import disturbances
from rights.store.db import transaction
from rights.store.models import StoreGate
from rights.store.rows import table_of
from workflows.claims import Claim, Later, Outcome
from workflows.floor import Floor


def locked(session: Session, stores: Collection[str]) -> dict[str, StoreGate]:
    """
    Return the gates of *stores*, locked until the transaction ends.

    Always in the order of their names: two workers must not hold each other up.
    """
    names = sorted(stores)
    found = _read(session, names)
    missing = [name for name in names if name not in found]
    if not missing:
        return found
    postgres = session.connection().dialect.name == "postgresql"
    for name in missing:
        row = StoreGate(store=name).model_dump()
        make = (postgresql if postgres else sqlite).insert(table_of(StoreGate)).values(**row)
        session.execute(make.on_conflict_do_nothing())
    return _read(session, names)


def _read(session: Session, names: list[str]) -> dict[str, StoreGate]:
    query = select(StoreGate).where(col(StoreGate.store).in_(names)).order_by(StoreGate.store)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return {gate.store: gate for gate in session.exec(fresh)}


def of(gate: StoreGate) -> Breaker:
    """Return the breaker that *gate* keeps."""
    return Breaker(gate.circuit, gate.strikes, gate.openings, gate.until, gate.probe)


def keep(gate: StoreGate, breaker: Breaker, now: datetime, reason: str = "") -> None:
    """Write *breaker* into *gate*."""
    if gate.circuit is not breaker.circuit:
        gate.changed_at = now
    gate.circuit, gate.strikes, gate.openings = breaker.circuit, breaker.strikes, breaker.openings
    gate.until, gate.probe = breaker.until, breaker.probe
    gate.reason = "" if breaker.well else (reason or gate.reason)


def heard(floor: Floor, claim: Claim, outcome: Outcome) -> None:
    """Note what *outcome* tells about the stores that the step was at work in."""
    own = claim.step.store if claim.step else ""
    busy = outcome.busy if isinstance(outcome, Later) else None
    told = (busy.store or own) if busy else ""
    pauses, now = floor.context.settings.store_pause_s, floor.now()
    if busy and told:
        at_once, wait = busy.at_once, busy.retry_after
        _change(floor, told, busy.reason, lambda b: b.busy(now, pauses, at_once=at_once, wait=wait))
    unproved = isinstance(outcome, Later) and outcome.code == Transient.code
    for store in floor.gates.known & {own, *claim.places} - {told}:
        if unproved:
            _change(floor, store, "", lambda b: b.unproved(claim.step_id, now, pauses))
        else:
            _change(floor, store, "", lambda b: b.answered(claim.step_id))


def _told(
    session: Session, store: str, before: Circuit, after: Circuit, now: datetime, reason: str
) -> None:
    """Write down that a store is left alone, and that it is well again; trials are neither."""
    if before is Circuit.CLOSED and after is Circuit.OPEN:
        disturbances.note(session, disturbances.STORE_PAUSED, now=now, store=store, code=reason)
    elif after is Circuit.CLOSED and before is not Circuit.CLOSED:
        disturbances.note(session, disturbances.STORE_RESUMED, now=now, store=store)


def _change(floor: Floor, store: str, reason: str, move: Callable[[Breaker], Breaker]) -> None:
    with transaction(floor.register) as session:
        gate = locked(session, [store])[store]
        before = of(gate)
        after = move(before)
        if after != before:
            keep(gate, after, floor.now(), reason)
            _told(session, store, before.circuit, after.circuit, floor.now(), gate.reason)
    floor.gates.note(store, well=after.well)
    if after.circuit is before.circuit:
        return
    if after.circuit is Circuit.OPEN:
        get().warning("store.paused", store=store, code=reason, attempts=after.openings)
    elif after.circuit is Circuit.CLOSED:
        get().info("store.resumed", store=store, attempts=before.openings)
