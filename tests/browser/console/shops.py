"""The stores as workers saw them: one well, one ill and left alone, one that nobody saw yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from rights.domain.breaker import Circuit
from rights.store.models import StoreGate, StoreStatus, StoreTurn


def seen(session: Session, now: datetime) -> None:
    """Write down what workers saw."""
    well = StoreStatus(
        store="shop",
        connector="sql",
        healthy=True,
        manifest={"verbs": ["locate", "collect", "erase", "verify"]},
        findings=[{"path": "shop.users.age", "what": "is not in the map"}],
        checked_at=now - timedelta(minutes=1),
    )
    ill = StoreStatus(
        store="recommender",
        connector="http_backend",
        note="cannot be reached",
        manifest={"verbs": ["erase"]},
        checked_at=now - timedelta(minutes=3),
    )
    alone = StoreGate(
        store="recommender",
        circuit=Circuit.OPEN,
        openings=2,
        until=now + timedelta(minutes=10),
        reason="unreachable",
    )
    session.add_all((well, ill, alone))
    session.add_all(
        StoreTurn(store="recommender", holder=f"step-{number}", since=now - timedelta(minutes=40))
        for number in range(5)
    )
