"""What staff see of the stores: who is at work in each, who waits, and which is left alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, exists, func, or_, select

from rights.domain.datamap import DataMap, Store
from rights.store.models import StepRow, StepState, StoreGate, StoreStatus, StoreTurn


def at_work(now: datetime) -> ColumnElement[bool]:
    """Say "its lease lasts" of a turn: of a step the step's own, of a visit the one it brought."""
    step = exists().where(
        col(StepRow.id) == col(StoreTurn.holder),
        col(StepRow.state) == StepState.RUNNING,
        col(StepRow.next_at) > now,
    )
    return or_(col(StoreTurn.until) > now, step)


def overview(session: Session, datamap: DataMap, now: datetime) -> list[dict[str, Any]]:
    """Return a line for each store of the map, in its order; as many queries for any number."""
    gates = {row.store: row for row in session.exec(select(StoreGate))}
    healthy = dict(session.exec(select(StoreStatus.store, StoreStatus.healthy)).all())
    waits = col(StoreTurn.begun_at).is_(None)
    line = select(StoreTurn.store, func.count(), func.min(col(StoreTurn.since))).where(waits)
    lines = {name: (n, since) for name, n, since in session.exec(_by_store(line))}
    busy = select(StoreTurn.store, func.count()).where(~waits, at_work(now))
    inside = dict(session.exec(_by_store(busy)).all())
    return [
        _line(
            store,
            gates.get(store.name) or StoreGate(store=store.name),
            lines.get(store.name, (0, None)),
            healthy=healthy.get(store.name),
            inside=inside.get(store.name, 0),
        )
        for store in datamap
    ]


def _by_store(query: Any) -> Any:
    return query.group_by(col(StoreTurn.store))


def _line(
    store: Store,
    gate: StoreGate,
    line: tuple[int, datetime | None],
    *,
    healthy: bool | None,
    inside: int,
) -> dict[str, Any]:
    """Return one line; *healthy* is None where nobody looked."""
    count, oldest = line
    return {
        "store": store.name,
        "healthy": healthy,
        "circuit": str(gate.circuit),
        "reason": gate.reason,
        "until": gate.until.isoformat() if gate.until else None,
        "trials_failed": max(0, gate.openings - 1),
        "at_work": inside,
        "concurrent": store.limits.concurrent or None,
        "per_minute": store.limits.per_minute or None,
        "waiting": count,
        "waiting_since": oldest.isoformat() if oldest else None,
    }
