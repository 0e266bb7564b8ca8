"""
Where a backend wants to be told of events: added, changed, tried out, closed.

The signing secret is shown once and kept sealed.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, FieldError, Invalid, NotFound, Refused, Transient
from rights.net import Guard
from rights.services import audit, equal_service, webhooks
from rights.store.ids import new_id
from rights.store.models import WebhookDelivery, WebhookSubscription
from rights.store.vault import Vault

MOST: Final = 20
"""Live subscriptions of one backend."""
SECRET_BYTES: Final = 32


def add(
    session: Session,
    vault: Vault,
    guard: Guard,
    backend_id: str,
    *,
    url: str,
    events: Iterable[str],
    now: datetime,
) -> tuple[WebhookSubscription, str]:
    """
    Subscribe; the secret returned is the only time it can be read.

    Raises:
        Invalid: the address leads where we do not go, or an event is unknown.
        Conflict: the backend has as many as it may.
        Forbidden: it sets prices, or decides who may have a service.
    """
    _may_be_told(session, backend_id)
    wanted = checked(guard, url, events)
    if len(webhooks.live(session, backend_id)) >= MOST:
        raise Conflict(f"a backend may have {MOST} webhooks: remove one", code="too_many_webhooks")
    secret = secrets.token_bytes(SECRET_BYTES)
    row_id = new_id()
    row = WebhookSubscription(
        id=row_id,
        backend_id=backend_id,
        url=url,
        sealed_secret=vault.seal(secret, aad=aad(row_id)),
        events=wanted,
        created_at=now,
    )
    session.add(row)
    _entry(session, "webhook_added", row, now)
    return row, f"whsec_{base64.b64encode(secret).decode()}"


def aad(subscription_id: str) -> str:
    """Return what binds a sealed secret to its subscription."""
    return f"webhook|{subscription_id}"


def secret_of(vault: Vault, row: WebhookSubscription) -> bytes:
    """Return the signing secret: for the relay, which signs with it."""
    return vault.open(row.sealed_secret, aad=aad(row.id))


def change(
    session: Session,
    guard: Guard,
    row: WebhookSubscription,
    *,
    url: str | None,
    events: Iterable[str] | None,
    now: datetime,
) -> None:
    """Point a subscription elsewhere, or at other events. Raises Invalid and Forbidden."""
    _may_be_told(session, row.backend_id)
    row.events = checked(guard, url or row.url, events if events is not None else row.events)
    row.url = url or row.url
    session.add(row)
    _entry(session, "webhook_changed", row, now)


def close(session: Session, row: WebhookSubscription, *, now: datetime) -> None:
    """End a subscription; what is still on its way is not sent."""
    row.closed_at = now
    session.add(row)
    _entry(session, "webhook_closed", row, now)


def find(session: Session, subscription_id: str, backend_id: str) -> WebhookSubscription:
    """Return a live subscription of this backend. Raises NotFound."""
    row = session.get(WebhookSubscription, subscription_id)
    if row is None or row.backend_id != backend_id or row.closed_at is not None:
        raise NotFound("there is no such webhook")
    return row


def deliveries(
    session: Session, row: WebhookSubscription, *, state: str = "", limit: int = 50
) -> list[WebhookDelivery]:
    """Return the latest deliveries of a subscription; ``state="dead"`` lists the lost ones."""
    query = select(WebhookDelivery).where(WebhookDelivery.subscription_id == row.id)
    if state:
        query = query.where(WebhookDelivery.state == state)
    order = (col(WebhookDelivery.created_at).desc(), col(WebhookDelivery.id))
    return list(session.exec(query.order_by(*order).limit(limit)))


def _may_be_told(session: Session, backend_id: str) -> None:
    if not equal_service.told(session, backend_id):
        raise equal_service.refusal()


def checked(
    guard: Guard, url: str, events: Iterable[str], known: Sequence[str] = webhooks.EVENTS
) -> list[str]:
    """
    Return the events that are wanted, each once.

    Raises:
        Invalid: the address leads where we do not go, or an event is none of those *known*.
    """
    errors = []
    wanted = sorted(set(events))
    if not wanted or any(e not in known for e in wanted):
        errors.append(FieldError("events", "is not a known event", tuple(known)))
    try:
        guard.check(url)
    except (Refused, Transient) as error:
        errors.append(FieldError("url", str(error)))
    if errors:
        raise Invalid("the webhook cannot be used", errors)
    return wanted


def _entry(session: Session, event: str, row: WebhookSubscription, now: datetime) -> None:
    actor = f"backend:{row.backend_id}" if row.backend_id else "system"
    line = audit.Line(event, actor, {"webhook": row.id})
    audit.append_day(session, line, now=now)
