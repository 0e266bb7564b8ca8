"""
What waits, counted: messages, look-ups, notices, deliveries, and entries without a checkpoint.

Each is one query over an index, whatever the register holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from rights.store.models import (
    Checkpoint,
    Entry,
    Lookup,
    Notice,
    OutboxMessage,
    StoreGate,
    StoreStatus,
    WebhookDelivery,
)

WAITING = "waiting"
DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Line:
    """
    How many wait.

    Args:
        since: From when on the oldest has waited; None where nothing waits.
    """

    count: int = 0
    since: datetime | None = None

    def age(self, now: datetime) -> float:
        """Return for how many seconds the oldest has waited."""
        return max(0.0, (now - self.since).total_seconds()) if self.since else 0.0


def outbox(session: Session, now: datetime) -> dict[str, Line]:
    """Return of each queue what is due and not with the workers yet."""
    later = col(OutboxMessage.not_before)
    since = func.min(func.coalesce(later, col(OutboxMessage.created_at)))
    query = (
        select(col(OutboxMessage.queue), func.count(), since)
        .where(col(OutboxMessage.sent_at).is_(None), or_(later.is_(None), later <= now))
        .group_by(col(OutboxMessage.queue))
    )
    return {queue: Line(count, at) for queue, count, at in session.execute(query).all()}


def lookups(session: Session, now: datetime) -> Line:
    """Return the look-ups that somebody may still read the answer of."""
    live = col(Lookup.expires_at) > now, col(Lookup.state) == WAITING
    return _line(session, Lookup, *live)


def notices(session: Session) -> Line:
    """Return what is to be sent to people."""
    return _line(session, Notice, col(Notice.next_at).is_not(None), col(Notice.state) == WAITING)


def deliveries(session: Session) -> dict[str, Line]:
    """Return events for products, by whether they wait or were given up."""
    query = (
        select(col(WebhookDelivery.state), func.count(), func.min(col(WebhookDelivery.created_at)))
        .where(col(WebhookDelivery.state).in_((WAITING, DEAD)))
        .group_by(col(WebhookDelivery.state))
    )
    return {state: Line(count, at) for state, count, at in session.execute(query).all()}


def circuits(session: Session) -> dict[str, str]:
    """Return how the breakers of stores stand; a store that is not there was always well."""
    query = select(col(StoreGate.store), col(StoreGate.circuit))
    return {store: str(circuit) for store, circuit in session.execute(query).all()}


def health(session: Session) -> dict[str, bool]:
    """Return of each store whether a worker last found it well."""
    query = select(col(StoreStatus.store), col(StoreStatus.healthy))
    return {store: bool(healthy) for store, healthy in session.execute(query).all()}


def checkpoint(session: Session) -> tuple[datetime | None, datetime | None]:
    """Return when the newest checkpoint was signed, and when the oldest entry after it was made."""
    newest = select(col(Checkpoint.at), col(Checkpoint.last_entry_id))
    last = session.execute(newest.order_by(col(Checkpoint.id).desc()).limit(1)).first()
    after = select(col(Entry.at)).where(col(Entry.id) > (last.last_entry_id if last else 0))
    oldest = session.execute(after.order_by(col(Entry.id)).limit(1)).scalar()
    return (last.at if last else None), oldest


def _line(session: Session, model: Any, *where: Any) -> Line:
    query = select(func.count(), func.min(col(model.created_at))).where(*where)
    count, since = session.execute(query).one()
    return Line(count, since)
