"""Stores as workers saw them (one well, one ill and left alone), and what products are told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from rights.domain.breaker import Circuit
from rights.store.ids import new_id
from rights.store.models import (
    StoreGate,
    StoreStatus,
    StoreTurn,
    WebhookDelivery,
    WebhookSubscription,
)


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


def told(session: Session, backend_id: str, now: datetime) -> None:
    """Let a product be told of events, some of which could not be delivered."""
    hook = WebhookSubscription(
        id=new_id(),
        backend_id=backend_id,
        url="https://hooks.shop.example/rights",
        sealed_secret=b"-",
        events=["request.denied", "request.fulfilled"],
        created_at=now - timedelta(days=90),
    )
    session.add(hook)
    session.add_all(
        WebhookDelivery(
            subscription_id=hook.id,
            event_id=f"msg_{number}",
            event="request.fulfilled",
            body="{}",
            state=state,
            created_at=now - timedelta(days=3, hours=number),
        )
        for number, state in enumerate(("dead", "dead", "waiting"))
    )
