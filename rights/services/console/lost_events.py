"""
Events that were given up, one by one: what each was about, how often it was tried, what was said.

Never their bodies: the console may not read those. An event is sent again, or let go with a reason;
either is an entry.

Source: NDSR 9; PIPL 51.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select as sql_select
from sqlalchemy import update
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.errors import FieldError, Invalid, NotFound
from rights.services import audit, places
from rights.services.backlog import DEAD, WAITING
from rights.services.places import Place
from rights.store.models import Staff, WebhookDelivery, WebhookSubscription

PAGE: Final = 50

DISCARDED: Final = "discarded"
"""State of an event that staff let go: nobody is told of it any more."""

REASONS: Final = ("product_told", "not_so_any_more", "not_wanted")
"""Why an event is let go: the product knows it already, it is no longer so, or nobody needs it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """
    One event that was given up.

    Args:
        request_id: Of the request it tells of; empty where it tells of none.
        status: The last answer's; 0 when there was none.
        tried_at: When it was last tried; None where that was before it was written down, or it
            was never tried.
    """

    id: str
    event_id: str
    event: str
    request_id: str
    attempts: int
    status: int
    created_at: datetime
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """
    Some of a webhook's lost events, the oldest first.

    Args:
        rest: Where the next page goes on; empty at the end.
    """

    origin: str
    closed: bool
    lost: Sequence[Lost]
    rest: str


def page(session: Session, webhook_id: str, staff: Staff, *, after: str = "") -> Page:
    """
    Return one page.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.

    Raises:
        Forbidden: they have not the role.
        NotFound: there is no such webhook.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    origin, closed_at = _webhook(session, webhook_id)
    one = WebhookDelivery
    kept = (one.id, one.event_id, one.event, one.request_id, one.attempts, one.last_status)
    query = sql_select(*map(col, (*kept, one.created_at, one.tried_at)))
    query = query.where(col(one.subscription_id) == webhook_id, col(one.state) == DEAD)
    oldest = col(one.created_at), col(one.id)
    query = query.where(*places.later(*oldest, places.read(after)))
    found = [Lost(*row) for row in session.execute(query.order_by(*oldest).limit(PAGE + 1))]
    shown = found[:PAGE]
    more = len(found) > PAGE
    rest = str(Place(shown[-1].created_at, shown[-1].id)) if more else ""
    return Page(origin, closed_at is not None, shown, rest)


def _webhook(session: Session, webhook_id: str) -> Any:
    sub = WebhookSubscription
    query = sql_select(col(sub.origin), col(sub.closed_at)).where(col(sub.id) == webhook_id)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound("there is no such webhook")
    return found


def send_again(
    session: Session, webhook_id: str, delivery_id: str, staff: Staff, *, now: datetime
) -> None:
    """
    Let one event be sent again.

    Raises:
        Forbidden: they have not the role.
        NotFound: this webhook has no such event, it is not one that was given up, or the webhook
            was closed.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    _, closed_at = _webhook(session, webhook_id)
    if closed_at is not None:
        raise NotFound("this webhook was closed: nothing is sent there")
    given = {"state": WAITING, "attempts": 0, "next_at": now}
    _settle(session, webhook_id, delivery_id, given)
    ids = {"webhook": webhook_id, "delivery": delivery_id}
    audit.append_day(session, audit.Line("event_sent_again", f"staff:{staff.id}", ids), now=now)


def discard(
    session: Session,
    webhook_id: str,
    delivery_id: str,
    reason: str,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Let one event go: it is not sent any more.

    Raises:
        Forbidden: they have not the role.
        Invalid: the reason is none of :data:`REASONS`.
        NotFound: this webhook has no such event, or it is not one that was given up.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    if reason not in REASONS:
        wrong = FieldError("reason", "is none of the list", REASONS)
        raise Invalid(f"the reason must be one of: {', '.join(REASONS)}", [wrong])
    _webhook(session, webhook_id)
    _settle(session, webhook_id, delivery_id, {"state": DISCARDED, "next_at": None})
    data = {"webhook": webhook_id, "delivery": delivery_id, "reason": reason}
    audit.append_day(session, audit.Line("event_discarded", f"staff:{staff.id}", data), now=now)


def _settle(session: Session, webhook_id: str, delivery_id: str, given: dict[str, Any]) -> None:
    one = WebhookDelivery
    mine = col(one.id) == delivery_id, col(one.subscription_id) == webhook_id
    done = session.execute(update(one).where(*mine, col(one.state) == DEAD).values(**given))
    if not done.rowcount:  # type: ignore[attr-defined]  # of an UPDATE it is there
        raise NotFound("there is no such event, or it is not one that was given up")
