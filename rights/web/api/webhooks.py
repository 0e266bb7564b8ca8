"""Webhooks: where a backend is told of events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import subscriptions, webhooks
from rights.store.models import WebhookDelivery, WebhookSubscription
from rights.web.answers import Answer, commit, look
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import parties as shapes

area = Area(
    "webhooks",
    prefix="/v1/webhooks",
    guard=Guard.KEY,
    about="Signed events for product backends; bodies hold ids, codes and times only.",
)
_SCOPE = "webhooks:manage"


@area.call(
    "POST",
    "",
    scope=_SCOPE,
    takes=shapes.NewWebhook,
    gives={201: shapes.WebhookMade},
    problems=(409,),
    once=True,
)
def create_webhook(new: dict[str, Any]) -> Response:
    """Subscribe to events; the signing secret is shown once."""

    def work(session: Session, now: datetime) -> Answer:
        here, backend = parts(), speaker().backend.id
        vault, guard = here.context.vault, here.guard
        row, secret = subscriptions.add(
            session, vault, guard, backend, url=new["url"], events=new["events"], now=now
        )
        headers = {"Location": f"/v1/webhooks/{row.id}"}
        return Answer({**_shown(row), "secret": secret}, 201, headers)

    return commit(work, once=True)


@area.call("GET", "", scope=_SCOPE, gives={200: shapes.Webhooks})
def list_webhooks() -> Response:
    """List this backend's webhooks."""

    def work(session: Session, _: datetime) -> Answer:
        found = webhooks.live(session, speaker().backend.id)
        return Answer({"items": [_shown(row) for row in found]})

    return look(work)


@area.call("GET", "/<id:webhook_id>", scope=_SCOPE, gives={200: shapes.Webhook}, problems=(404,))
def read_webhook(webhook_id: str) -> Response:
    """Read one webhook; its secret is not shown again."""

    def work(session: Session, _: datetime) -> Answer:
        return Answer(_shown(subscriptions.find(session, webhook_id, speaker().backend.id)))

    return look(work)


@area.call(
    "PATCH",
    "/<id:webhook_id>",
    scope=_SCOPE,
    takes=shapes.WebhookChange,
    gives={200: shapes.Webhook},
    problems=(404,),
)
def change_webhook(change: dict[str, Any], webhook_id: str) -> Response:
    """Point a webhook elsewhere, or at other events."""

    def work(session: Session, now: datetime) -> Answer:
        row = subscriptions.find(session, webhook_id, speaker().backend.id)
        url, events = change.get("url"), change.get("events")
        subscriptions.change(session, parts().guard, row, url=url, events=events, now=now)
        return Answer(_shown(row))

    return commit(work)


@area.call("DELETE", "/<id:webhook_id>", scope=_SCOPE, gives={204: None}, problems=(404,))
def remove_webhook(webhook_id: str) -> Response:
    """Remove a webhook; what is still on its way to it is not sent."""

    def work(session: Session, now: datetime) -> Answer:
        row = subscriptions.find(session, webhook_id, speaker().backend.id)
        subscriptions.close(session, row, now=now)
        return Answer(None, 204)

    return commit(work)


@area.call(
    "POST", "/<id:webhook_id>/test", scope=_SCOPE, gives={202: shapes.Delivery}, problems=(404,)
)
def test_webhook(webhook_id: str) -> Response:
    """Send a test event."""

    def work(session: Session, now: datetime) -> Answer:
        row = subscriptions.find(session, webhook_id, speaker().backend.id)
        return Answer(_delivery(webhooks.queue(session, row, "test", {}, now=now)), 202)

    return commit(work)


@area.call(
    "GET",
    "/<id:webhook_id>/deliveries",
    scope=_SCOPE,
    query=shapes.DeliveryQuery,
    gives={200: shapes.Deliveries},
    problems=(404,),
)
def list_deliveries(asked: dict[str, Any], webhook_id: str) -> Response:
    """List the latest deliveries; `dead` ones were given up."""

    def work(session: Session, _: datetime) -> Answer:
        row = subscriptions.find(session, webhook_id, speaker().backend.id)
        state, limit = asked.get("state", ""), asked["limit"]
        found = subscriptions.deliveries(session, row, state=state, limit=limit)
        return Answer({"items": [_delivery(each) for each in found]})

    return look(work)


@area.call(
    "POST",
    "/deliveries/<id:delivery_id>/redeliver",
    scope=_SCOPE,
    gives={202: shapes.Delivery},
    problems=(404,),
)
def redeliver(delivery_id: str) -> Response:
    """Send a delivery again, whatever became of it."""

    def work(session: Session, now: datetime) -> Answer:
        webhooks.redeliver(session, delivery_id, speaker().backend.id, now=now)
        row = session.get_one(WebhookDelivery, delivery_id)
        return Answer(_delivery(row), 202)

    return commit(work)


def _shown(row: WebhookSubscription) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": list(row.events),
        "created_at": row.created_at.isoformat(),
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "event_id": row.event_id,
        "event": row.event,
        "state": row.state,
        "attempts": row.attempts,
        "last_status": row.last_status or None,
        "next_at": row.next_at.isoformat() if row.next_at else None,
        "created_at": row.created_at.isoformat(),
        "delivered_at": row.delivered_at.isoformat() if row.delivered_at else None,
    }
