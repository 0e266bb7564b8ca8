"""
Deliver events to the webhooks of product backends, and of staff.

At least once: a delivery is claimed for a while, sent, and then marked; whoever dies in between
costs time and a repeat with the same ``webhook-id``. Subscriptions are served side by side and
a delivery to one that does not answer ends that subscription's turn, so a dead endpoint holds
up nobody but itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Engine, func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights import metrics
from rights.domain import signing
from rights.domain.errors import ConfigError, ConnectorError
from rights.failpoints import Point, hit
from rights.logs import carried, get
from rights.net import Client
from rights.services import disturbances, equal_service, subscriptions
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.keys import Tampered
from rights.store.models import WebhookDelivery, WebhookSubscription

LEASE: Final = timedelta(seconds=90)
TIMEOUT_S: Final = 5.0
TURN_S: Final = 30.0
"""How long one call goes on sending; below the lease by more than one timeout."""
LANES: Final = 8
PER_SUBSCRIPTION: Final = 25
_MOST_PAUSE: Final = timedelta(days=1)
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One delivery, with all that sending it takes."""

    id: str
    subscription_id: str
    url: str
    secret: str = field(repr=False)
    event_id: str
    body: bytes = field(repr=False)
    attempts: int


@dataclass(frozen=True, slots=True)
class _Result:
    """
    What came of a parcel.

    Args:
        status: The answer's; 0 when there was none.
        untried: It was not sent at all and keeps its place.
        after: What the receiver asked for in ``Retry-After``.
    """

    parcel: _Parcel
    status: int = 0
    untried: bool = False
    after: timedelta = timedelta()

    @property
    def delivered(self) -> bool:
        return self.status // 100 == 2  # noqa: PLR2004 - 2xx


def deliver_due(
    register: Engine,
    context: Context,
    now: Callable[[], datetime],
    client: Client,
    *,
    limit: int = 100,
) -> int:
    """
    Send what is due; return how many were delivered.

    Several may run at once. May take :data:`TURN_S` and a timeout when receivers are slow.
    """
    with reading(register) as session:
        if session.exec(_due(now()).limit(1)).first() is None:
            return 0
    with transaction(register) as session:
        parcels = list(claim(session, context, now(), limit))
    lanes = [list(lane) for _, lane in groupby(parcels, attrgetter("subscription_id"))]
    if not lanes:
        return 0
    ends_at = time.monotonic() + TURN_S
    delivered = 0
    with ThreadPoolExecutor(min(LANES, len(lanes)), thread_name_prefix="webhook") as pool:
        turns = [pool.submit(carried(_lane), client, lane, now, ends_at) for lane in lanes]
        for turn in as_completed(turns):
            with transaction(register) as session:
                delivered += _write(session, context, turn.result(), now())
    return delivered


def _due(now: datetime) -> Any:
    waiting = col(WebhookDelivery.state) == "waiting", col(WebhookDelivery.next_at) <= now
    return select(WebhookDelivery.id).where(*waiting)


def claim(session: Session, context: Context, now: datetime, limit: int) -> Iterator[_Parcel]:
    """
    Take due deliveries for a while, the first of every subscription before any second.

    Yields:
        Each with what it takes to send it; no other relay sees it as due until :data:`LEASE` ends.
    """
    ids = _held(session, now, limit)
    session.execute(
        update(WebhookDelivery)
        .where(col(WebhookDelivery.id).in_(ids))
        .values(next_at=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    query = select(WebhookDelivery).where(col(WebhookDelivery.id).in_(ids))
    order = col(WebhookDelivery.subscription_id), col(WebhookDelivery.created_at)
    found = session.exec(query.order_by(*order, col(WebhookDelivery.id))).all()
    for subscription_id, rows in groupby(found, attrgetter("subscription_id")):
        yield from _parcels(session, context, subscription_id, list(rows), now)


def _held(session: Session, now: datetime, limit: int) -> list[str]:
    """
    Return what is due and locked for this relay alone, the first of every subscription first.

    What another relay holds is passed by, and rows are locked in the order of their ids: relays
    that claim at once neither wait for each other in a circle nor take the same delivery. On SQLite
    one transaction writes at a time anyway.
    """
    turn = func.row_number().over(
        partition_by=col(WebhookDelivery.subscription_id),
        order_by=(col(WebhookDelivery.next_at), col(WebhookDelivery.id)),
    )
    due = _due(now).add_columns(turn.label("turn")).subquery()
    picked = (
        sql_select(due.c.id).where(due.c.turn <= PER_SUBSCRIPTION).order_by(due.c.turn).limit(limit)
    )
    free = (
        _due(now)
        .where(col(WebhookDelivery.id).in_(picked))
        .order_by(col(WebhookDelivery.id))
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(free).all())


def _parcels(
    session: Session,
    context: Context,
    subscription_id: str,
    rows: Sequence[WebhookDelivery],
    now: datetime,
) -> Iterator[_Parcel]:
    to = session.get(WebhookSubscription, subscription_id)
    if to and not to.closed_at and not equal_service.told(session, to.backend_id):
        _not_told(session, to, now)
    if to is None or to.closed_at is not None:
        for row in rows:
            row.state, row.next_at = "dead", None
        return
    try:
        secret = signing.secret_of(subscriptions.secret_of(context.vault, to))
    except (Tampered, ConfigError) as error:
        # They stay claimed and come back after the lease: the key may have been put back by then.
        get().error("delivery.secret", subscription_id=to.id, code=error.code)
        return
    for row in rows:
        body = row.body.encode()
        yield _Parcel(row.id, to.id, to.url, secret, row.event_id, body, row.attempts)


def _not_told(session: Session, to: WebhookSubscription, now: datetime) -> None:
    """Close what was subscribed to, perhaps a moment ago, by who may not be told of people."""
    equal_service.note(session, f"backend:{to.backend_id}", "delivery", now=now, webhook=to.id)
    subscriptions.close(session, to, now=now)


def _lane(
    client: Client, parcels: Sequence[_Parcel], now: Callable[[], datetime], ends_at: float
) -> list[_Result]:
    """Send one subscription's parcels in order, until one gets no answer or time is up."""
    results: list[_Result] = []
    for number, parcel in enumerate(parcels):
        if time.monotonic() > ends_at:
            return [*results, *(_Result(p, untried=True) for p in parcels[number:])]
        result = _send(client, parcel, now())
        results.append(result)
        if result.status in {0, _GONE}:
            # Nobody there: the others would only wait for the same timeout.
            return [*results, *(_Result(p, result.status) for p in parcels[number + 1 :])]
    return results


def _send(client: Client, parcel: _Parcel, now: datetime) -> _Result:
    headers = signing.sign([parcel.secret], parcel.event_id, now, parcel.body)
    headers["content-type"] = "application/json"
    hit(Point.WEBHOOK_BEFORE)
    try:
        answer = client.request(
            "POST",
            parcel.url,
            headers=headers,
            body=parcel.body,
            timeout=TIMEOUT_S,
            max_bytes=65_536,
        )
    except ConnectorError as error:
        get().warning("delivery.unreached", delivery_id=parcel.id, code=error.code)
        return _Result(parcel)
    hit(Point.WEBHOOK_AFTER)
    after = answer.headers.get("retry-after", "")
    pause = timedelta(seconds=int(after)) if after.isdecimal() and len(after) < 8 else timedelta()  # noqa: PLR2004 - digits of a hundred days
    return _Result(parcel, answer.status, after=min(pause, _MOST_PAUSE))


def _write(session: Session, context: Context, results: Iterable[_Result], now: datetime) -> int:
    """Write down what came of one subscription's parcels; return how many were delivered."""
    delivered = 0
    gone = ""
    of = {one.parcel.id: one for one in results}
    for row in _locked(session, of):
        result = of[row.id]
        if result.untried:
            row.next_at = now
            continue
        row.attempts, row.last_status, row.tried_at = row.attempts + 1, result.status, now
        metrics.count("rights_deliveries_total", outcome=_outcome(result))
        if result.delivered:
            delivered += 1
            row.state, row.delivered_at, row.next_at = "delivered", now, None
        else:
            _again(session, context, row, result, now)
        if result.status == _GONE:
            gone = row.subscription_id
    if gone:
        _close(session, gone, now)
    return delivered


def _locked(session: Session, ids: Iterable[str]) -> Sequence[WebhookDelivery]:
    """
    Return those that still wait, locked in the order of their ids before anything else is.

    What follows locks the chain of the day: who held one and waited for the other's would wait in a
    circle.
    """
    one = WebhookDelivery
    query = select(one).where(col(one.id).in_([*ids]), one.state == "waiting")
    return session.exec(query.order_by(col(one.id)).with_for_update()).all()


def _outcome(result: _Result) -> str:
    if result.delivered:
        return "delivered"
    return "refused" if result.status else "unreached"


def _again(
    session: Session, context: Context, row: WebhookDelivery, result: _Result, now: datetime
) -> None:
    pauses = context.settings.webhook_backoff_s
    if row.attempts > len(pauses) or result.status == _GONE:
        row.state, row.next_at = "dead", None
        about = {"delivery_id": row.id, "subscription_id": row.subscription_id}
        get().error("delivery.dead", **about, attempts=row.attempts, status=row.last_status)
        said = {"webhook": row.subscription_id, "code": str(row.last_status or "unreached")}
        disturbances.once_a_day(session, disturbances.DELIVERY_DEAD, "webhook", now=now, **said)
        return
    pause = timedelta(seconds=pauses[row.attempts - 1])
    row.next_at = now + max(pause, result.after)


def _close(session: Session, subscription_id: str, now: datetime) -> None:
    """
    The receiver said that it is gone: nothing more is sent there.

    What another relay holds is passed by. That one hears the same answer, or finds the subscription
    closed.
    """
    one = WebhookDelivery
    mine = one.subscription_id == subscription_id, one.state == "waiting"
    free = select(one.id).where(*mine).order_by(col(one.id)).with_for_update(skip_locked=True)
    session.execute(
        update(one)
        .where(col(one.id).in_(session.exec(free).all()))
        .values(state="dead", next_at=None)
        .execution_options(synchronize_session=False)
    )
    subscription = session.get(WebhookSubscription, subscription_id)
    if subscription is not None and subscription.closed_at is None:
        subscriptions.close(session, subscription, now=now)
