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
    """Return a line for each store of the map, in the map's order."""
    return [_line(session, store, now) for store in datamap]


def _line(session: Session, store: Store, now: datetime) -> dict[str, Any]:
    gate = session.get(StoreGate, store.name) or StoreGate(store=store.name)
    status = session.get(StoreStatus, store.name)
    mine, waits = col(StoreTurn.store) == store.name, col(StoreTurn.begun_at).is_(None)
    count, oldest = session.exec(
        select(func.count(), func.min(col(StoreTurn.since))).where(mine, waits)
    ).one()
    inside = session.exec(select(func.count()).where(mine, ~waits, at_work(now))).one()
    return {
        "store": store.name,
        "healthy": status.healthy if status else None,
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
