"""
Events for product backends: what to tell, and to whom.

Bodies hold ids, codes and times; never personal data. Delivering them is the relay's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights.domain.errors import NotFound
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Request, WebhookDelivery, WebhookSubscription

EVENTS: Final = (
    "request.verifying",
    "request.in_progress",
    "request.on_hold",
    "request.fulfilled",
    "request.partially_fulfilled",
    "request.denied",
    "request.revoked",
    "request.expired",
    "request.message",
    "request.due_soon",
    "request.overdue",
    "request.extended",
    "request.appeal_decided",
    "package.ready",
    "preference.effective",
    "preference.breached",
    "test",
)
"""Everything that can be subscribed to."""

_WANTED: Final = sql_select(col(WebhookSubscription.id), col(WebhookSubscription.events)).where(
    col(WebhookSubscription.backend_id) == bindparam("backend_id"),
    col(WebhookSubscription.closed_at).is_(None),
)


def publish(session: Session, request: Request, event: str, *, now: datetime) -> None:
    """Queue *event* for each live subscription of the request's backend that wants it."""
    if not request.backend_id:
        return
    data = said_of(request)
    for subscription_id, events in rows.read(session, _WANTED, backend_id=request.backend_id):
        if event in events:
            _write(session, subscription_id, event, data, now=now)


def said_of(request: Request) -> dict[str, Any]:
    """Return what an event says of a request: ids, codes and a time."""
    return {
        "request_id": request.id,
        "kind": str(request.kind),
        "option": str(request.option),
        "state": str(request.state),
        "wait": str(request.wait),
        "due_at": request.promised_at.isoformat(),
    }


def live(session: Session, backend_id: str) -> list[WebhookSubscription]:
    """Return a backend's subscriptions that are not closed."""
    query = select(WebhookSubscription).where(
        WebhookSubscription.backend_id == backend_id,
        col(WebhookSubscription.closed_at).is_(None),
    )
    return list(session.exec(query))


def queue(
    session: Session,
    subscription: WebhookSubscription,
    event: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
) -> WebhookDelivery:
    """Write one delivery; the relay sends whatever is due."""
    return _write(session, subscription.id, event, data, now=now)


def _write(
    session: Session, subscription_id: str, event: str, data: Mapping[str, Any], *, now: datetime
) -> WebhookDelivery:
    body = {"type": event, "timestamp": now.isoformat(), "data": data}
    delivery = rows.new(
        WebhookDelivery,
        id=new_id(),
        subscription_id=subscription_id,
        event_id=f"msg_{new_id()}",
        event=event,
        request_id=str(data.get("request_id") or ""),
        body=orjson.dumps(body).decode(),
        next_at=now,
        created_at=now,
    )
    rows.insert_attached(session, delivery)
    return delivery


def redeliver(session: Session, delivery_id: str, backend_id: str, *, now: datetime) -> None:
    """
    Send a delivery again, whatever became of it.

    Raises:
        NotFound: there is none, or it is another backend's.
    """
    delivery = session.get(WebhookDelivery, delivery_id)
    if delivery is None:
        raise NotFound("there is no such delivery")
    owner = session.get(WebhookSubscription, delivery.subscription_id)
    if owner is None or owner.backend_id != backend_id:
        raise NotFound("there is no such delivery")
    delivery.state, delivery.attempts, delivery.next_at = "waiting", 0, now
