"""Stores as workers saw them (one well, one ill and left alone), and what products are told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, select

from rights.domain.breaker import Circuit
from rights.services import audit, requests
from rights.store.ids import new_id
from rights.store.models import (
    Aftercare,
    Request,
    StoreChange,
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
        manifest={"verbs": ["locate", "collect", "discover", "erase", "verify"]},
        findings=[
            {"sign": "+", "what": "column", "place": "shop.users.age"},
            {"sign": "-", "what": "table", "place": "shop.carts"},
        ],
        looked_at=now - timedelta(minutes=1),
        worker="north:4711",
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
    session.add_all((well, ill, alone, _changed(now)))
    session.add_all(
        StoreTurn(store="recommender", holder=f"step-{number}", since=now - timedelta(minutes=40))
        for number in range(5)
    )


def _changed(now: datetime) -> StoreChange:
    return StoreChange(
        store="shop",
        sign="~",
        what="column",
        place="shop.users.id",
        was="INTEGER",
        is_now="BIGINT",
        seen_at=now - timedelta(hours=5),
    )


def looked_again(session: Session, now: datetime) -> None:
    """Let one request have had two looks, of which the second found something, and one none."""
    ids = session.exec(select(Request.id).order_by(Request.id).limit(2)).all()
    session.add_all(
        Aftercare(request_id=one, kind="recheck", created_at=now, due_at=now) for one in ids
    )
    request = requests.locked(session, ids[0])
    for rows in (0, 2):
        data = {"back": rows, "unsure": 0, "collections": 3}
        audit.append(session, request, [audit.Line("rechecked", "system", data)], now=now)
    row = Aftercare(request_id=ids[0], kind="incident", created_at=now, due_at=now)
    row.state, row.code, row.note = "done", "came_back", "shop.users (2)"
    session.add(row)


def told(session: Session, backend_id: str, about: str, now: datetime) -> None:
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
            request_id=about,
            state=state,
            attempts=7 if state == "dead" else 1,
            last_status=503 if number else 0,
            created_at=now - timedelta(days=3, hours=number),
            tried_at=now - timedelta(days=1, hours=number),
        )
        for number, state in enumerate(("dead", "dead", "waiting"))
    )
