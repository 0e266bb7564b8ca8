"""
Webhooks of staff: what runs out of time, for a role, as the mail of alerts tells it.

They are signed, sent, tried again and given up as those of products are. What is told is written
down with what it tells of, so it goes out though nobody listens at the moment, and once.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from rights.domain import alerts, duties
from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.net import Guard
from rights.services import alarms, audit, subscriptions, untouched, webhooks
from rights.services.context import Context
from rights.store.ids import new_id
from rights.store.models import (
    Alert,
    Request,
    RequestClock,
    Staff,
    WebhookDelivery,
    WebhookSubscription,
)

STAGE: Final = "clock.stage"
LATE: Final = "clock.late"
IDLE: Final = "clock.idle"
EVENTS: Final = (
    STAGE,
    LATE,
    IDLE,
    "target.missed",
    "acknowledgement.soon",
    "acknowledgement.missed",
    "appeal.late",
    "complaint.late",
)
"""Everything that a role can be told of."""

_BATCH: Final = 500
_OF: Final = {
    (alarms.TARGET, alarms.AIM): "target.missed",
    (alarms.TARGET, alerts.LATE): "target.missed",
    (alarms.ACKNOWLEDGEMENT, alerts.SOON): "acknowledgement.soon",
    (alarms.ACKNOWLEDGEMENT, alerts.LATE): "acknowledgement.missed",
    (alarms.APPEAL, alerts.LATE): "appeal.late",
    (alarms.COMPLAINT, alerts.LATE): "complaint.late",
}

Told = tuple[str, int, str, dict[str, Any]]
"""An event, its stage, the request it belongs to, and what it says beside that."""


def add(
    session: Session,
    context: Context,
    guard: Guard,
    staff: Staff,
    *,
    role: str,
    url: str,
    events: Iterable[str],
    now: datetime,
) -> tuple[WebhookSubscription, str]:
    """
    Subscribe an endpoint for a role; the secret returned is the only time it can be read.

    Args:
        events: None are all of them.

    Raises:
        Forbidden: *staff* may not.
        Invalid: there is no such role or event, or the address leads where we do not go.
        Conflict: there are as many as there may be.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    if role not in alerts.ROLES:
        wrong = FieldError("role", "is none that alerts go to", tuple(alerts.ROLES))
        raise Invalid("say for which role it is", [wrong])
    wanted = subscriptions.checked(guard, url, [*events] or EVENTS, EVENTS)
    if len(live(session)) >= subscriptions.MOST:
        message = f"staff may have {subscriptions.MOST} webhooks: remove one"
        raise Conflict(message, code="too_many_webhooks")
    secret, row_id = secrets.token_bytes(subscriptions.SECRET_BYTES), new_id()
    sealed = context.vault.seal(secret, aad=subscriptions.aad(row_id))
    given: dict[str, Any] = {"backend_id": "", "role": role, "url": url, "events": wanted}
    row = WebhookSubscription(id=row_id, sealed_secret=sealed, created_at=now, **given)
    session.add(row)
    _note(session, "webhook_added", row, staff, now)
    return row, f"whsec_{base64.b64encode(secret).decode()}"


def live(session: Session) -> list[WebhookSubscription]:
    """Return the webhooks of staff that are not closed, the oldest first."""
    sub = WebhookSubscription
    query = select(sub).where(col(sub.role) != "", col(sub.closed_at).is_(None))
    return list(session.exec(query.order_by(col(sub.created_at), col(sub.id))))


def find(session: Session, webhook_id: str) -> WebhookSubscription:
    """Return a live webhook of staff. Raises NotFound."""
    row = session.get(WebhookSubscription, webhook_id)
    if row is None or not row.role or row.closed_at is not None:
        raise NotFound("there is no such webhook of staff: `rights alerts list` shows them")
    return row


def remove(session: Session, webhook_id: str, staff: Staff, *, now: datetime) -> None:
    """End one; what is on its way there is not sent. Raises Forbidden and NotFound."""
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    row = find(session, webhook_id)
    row.closed_at = now
    _note(session, "webhook_closed", row, staff, now)


def _note(
    session: Session, event: str, row: WebhookSubscription, staff: Staff, now: datetime
) -> None:
    line = audit.Line(event, f"staff:{staff.id}", {"webhook": row.id, "role": row.role})
    audit.append_day(session, line, now=now)


def again(session: Session, webhook_id: str, staff: Staff, *, now: datetime) -> int:
    """Send again what was given up on its way there; return how many. Raises as ``remove``."""
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    row = find(session, webhook_id)
    dead = subscriptions.deliveries(session, row, state="dead", limit=_BATCH)
    for delivery in dead:
        delivery.state, delivery.attempts, delivery.next_at = "waiting", 0, now
        session.add(delivery)
    return len(dead)


# -- what goes out ----------------------------------------------------------------------------


def news(session: Session) -> bool:
    """Return whether there is anything that the webhooks of staff were not told of yet."""
    clocks = select(RequestClock.request_id).where(_unhooked()).limit(1)
    others = select(Alert.about).where(col(Alert.hooked) < col(Alert.stage)).limit(1)
    return any(session.exec(one).first() is not None for one in (clocks, others))


def _unhooked() -> ColumnElement[bool]:
    return or_(col(RequestClock.hooked) < col(RequestClock.stage), ~col(RequestClock.idle_hooked))


def publish(session: Session, context: Context, now: datetime) -> int:
    """Queue what the webhooks of staff were not told of yet; return how much there was."""
    rows = _clocks(session)
    others = _alerts(session, _BATCH - len(rows)) if len(rows) < _BATCH else []
    if not rows and not others:
        return 0
    hooks = live(session)
    if hooks:
        told = [*_of_clocks(rows), *_of_alerts(others)]
        requests = _requests(session, [request_id for _, _, request_id, _ in told])
        for event, stage, request_id, more in told:
            data = {**_said(requests.get(request_id)), "stage": stage, **more}
            _queue(session, context, hooks, event, data, now)
    for row in rows:
        row.hooked, row.idle_hooked = row.stage, True
    for one in others:
        one.hooked = one.stage
    return len(rows) + len(others)


def _clocks(session: Session) -> Sequence[RequestClock]:
    query = select(RequestClock).where(_unhooked()).order_by(col(RequestClock.told_at))
    return session.exec(query.limit(_BATCH).with_for_update(skip_locked=True)).all()


def _alerts(session: Session, most: int) -> Sequence[Alert]:
    query = select(Alert).where(col(Alert.hooked) < col(Alert.stage)).order_by(col(Alert.told_at))
    return session.exec(query.limit(most).with_for_update(skip_locked=True)).all()


def _of_clocks(rows: Iterable[RequestClock]) -> Iterable[Told]:
    for row in rows:
        if row.hooked < row.stage:
            yield (LATE if row.stage == alerts.LATE else STAGE, row.stage, row.request_id, {})
        if not row.idle_hooked:
            yield IDLE, 0, row.request_id, {}


def _of_alerts(rows: Iterable[Alert]) -> Iterable[Told]:
    for row in rows:
        about = {} if row.about == row.request_id else {"about": row.about}
        yield _OF[row.what, row.stage], row.stage, row.request_id, about


def _requests(session: Session, ids: Sequence[str]) -> dict[str, Request]:
    wanted = sorted({one for one in ids if one})
    return {row.id: row for row in session.exec(select(Request).where(col(Request.id).in_(wanted)))}


def _said(request: Request | None) -> dict[str, Any]:
    return webhooks.said_of(request) if request is not None else {"request_id": ""}


def _queue(
    session: Session,
    context: Context,
    hooks: Iterable[WebhookSubscription],
    event: str,
    data: dict[str, Any],
    now: datetime,
) -> None:
    if event == IDLE:
        because = untouched.cause(data.get("state", ""), data.get("wait", ""))
        data = {**data, "because": because}
    for hook in hooks:
        first = context.settings.alerted_from(hook.role)
        wanted = hook.role != "dpo" if event == IDLE else data["stage"] >= first
        if wanted and event in hook.events:
            webhooks.queue(session, hook, event, data, now=now)


def waiting(session: Session, webhook_id: str) -> tuple[int, int]:
    """Return how much is on its way there, and how much was given up."""
    one = WebhookDelivery
    mine = select(one.state).where(one.subscription_id == webhook_id)
    found = list(session.exec(mine.where(col(one.state).in_(("waiting", "dead")))))
    return found.count("waiting"), found.count("dead")
