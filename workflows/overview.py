"""What staff see of the stores: who is at work in each, who waits, and which is left alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from rights.domain.breaker import Circuit
from rights.domain.datamap import DataMap, Store
from rights.store.models import StoreGate, StoreStatus, StoreTurn
from workflows import places


def overview(session: Session, datamap: DataMap, now: datetime) -> list[dict[str, Any]]:
    """Return a line for each store of the map, in the map's order."""
    return [_line(session, store, now) for store in datamap]


def _line(session: Session, store: Store, now: datetime) -> dict[str, Any]:
    gate = session.get(StoreGate, store.name) or StoreGate(store=store.name)
    status = session.get(StoreStatus, store.name)
    waits = col(StoreTurn.begun_at).is_(None) & (col(StoreTurn.store) == store.name)
    count, oldest = session.exec(
        select(func.count(), func.min(col(StoreTurn.since))).where(waits)
    ).one()
    inside = [t for t in places.line(session, [store.name], "", "", now) if t.begun_at]
    return {
        "store": store.name,
        "healthy": status.healthy if status else None,
        "circuit": str(gate.circuit),
        "reason": gate.reason,
        "until": gate.until.isoformat() if gate.until else None,
        "trials_failed": max(0, gate.openings - 1),
        "at_work": len(inside),
        "concurrent": store.limits.concurrent or None,
        "per_minute": store.limits.per_minute or None,
        "waiting": count,
        "waiting_since": oldest.isoformat() if oldest else None,
    }


def told(line: dict[str, Any]) -> str:
    """Return one line for people."""
    limit = f" of {line['concurrent']}" if line["concurrent"] else ""
    words = [line["store"], line["circuit"], f"{line['at_work']}{limit} at work"]
    if line["circuit"] != Circuit.CLOSED:
        words[1] += f" ({line['reason']})" + (f" until {line['until']}" if line["until"] else "")
    if line["waiting"]:
        words.append(f"{line['waiting']} waiting since {line['waiting_since']}")
    if line["healthy"] is False:
        words.append("not reachable when last looked at")
    return "  ".join(words)
