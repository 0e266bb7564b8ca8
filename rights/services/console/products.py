"""
Products as staff see them: their keys, where they are told of events, and what could not be told.

Of a key the prefix, never its hash; of an address the origin, for its path may be a secret.

Source: NDSR 9; PIPL 51.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import false, func, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.errors import NotFound
from rights.services import audit
from rights.services.backlog import DEAD, WAITING
from rights.store.models import Backend, BackendKey, Staff, WebhookDelivery, WebhookSubscription

MOST: Final = 200
"""Products, or keys or webhooks of all of them, that one page shows: those that work first."""

MOST_AGAIN: Final = 10_000
"""Events of one webhook that one click sends again, the oldest first."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its end is when it was revoked, or stops by itself."""

    id: str
    prefix: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def over(self, now: datetime) -> bool:
        """Return whether it opens nothing any more."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= now
        )


@dataclass(frozen=True, slots=True)
class Hook:
    """
    One webhook.

    Args:
        waiting: Events on their way.
        dead: Events that were given up.
        since: When the oldest of those was made.
    """

    id: str
    origin: str
    events: Sequence[str]
    closed_at: datetime | None
    waiting: int
    dead: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Product:
    """One product backend with its keys and webhooks."""

    id: str
    name: str
    regimes: Sequence[str]
    origins: Sequence[str]
    level_cap: int
    created_at: datetime
    closed_at: datetime | None
    keys: list[Key] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """
    Products, :data:`MOST` at most of them, of their keys and of their webhooks.

    Args:
        cut: Of what there is more: ``products``, ``keys``, ``hooks``.
    """

    products: Sequence[Product]
    cut: Sequence[str]


def listed(session: Session, staff: Staff, *, now: datetime) -> Listed:
    """
    Return products by name, in as many statements whatever there is.

    Raises:
        Forbidden: they have not the role.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    wanted = (Backend.id, Backend.name, Backend.regimes, Backend.origins)
    dates = (Backend.level_cap, Backend.created_at, Backend.closed_at)
    query = sql_select(*map(col, (*wanted, *dates)))
    query = query.order_by(col(Backend.closed_at).is_not(None), col(Backend.name)).limit(MOST + 1)
    found = session.execute(query).mappings().all()
    keys, hooks = _keys(session, now), _hooks(session)
    products = {row["id"]: Product(**row) for row in found[:MOST]}
    for owner, key in keys[:MOST]:
        if owner in products:
            products[owner].keys.append(key)
    for owner, hook in hooks[:MOST]:
        if owner in products:
            products[owner].hooks.append(hook)
    read: Any = {"products": found, "keys": keys, "hooks": hooks}
    return Listed([*products.values()], [name for name, rows in read.items() if len(rows) > MOST])


def _keys(session: Session, now: datetime) -> list[tuple[str, Key]]:
    kept = (BackendKey.id, BackendKey.prefix, BackendKey.scopes, BackendKey.created_at)
    ends = (BackendKey.expires_at, BackendKey.revoked_at)
    query = sql_select(col(BackendKey.backend_id), *map(col, (*kept, *ends)))
    query = query.join(Backend, col(Backend.id) == col(BackendKey.backend_id))
    # Keys are rotated and never deleted: those that ended must not hide one that still works.
    ended = or_(
        col(Backend.closed_at).is_not(None),
        col(BackendKey.revoked_at).is_not(None),
        func.coalesce(col(BackendKey.expires_at) <= now, false()),
    )
    first = query.order_by(ended, col(BackendKey.created_at).desc(), col(BackendKey.id))
    return [(row[0], Key(*row[1:])) for row in session.execute(first.limit(MOST + 1))]


def _hooks(session: Session) -> list[tuple[str, Hook]]:
    sub, counted = WebhookSubscription, _counted(session)
    query = sql_select(
        *map(col, (sub.id, sub.backend_id, sub.origin, sub.events, sub.created_at, sub.closed_at))
    )
    closed = col(sub.closed_at).is_not(None)
    first = query.order_by(closed, col(sub.created_at).desc(), col(sub.id)).limit(MOST + 1)
    return [(row.backend_id, _hook(row, counted)) for row in session.execute(first)]


def _hook(row: Any, counted: Mapping[tuple[str, str], tuple[int, datetime]]) -> Hook:
    waiting, _ = counted.get((row.id, WAITING), (0, None))
    dead, since = counted.get((row.id, DEAD), (0, None))
    return Hook(row.id, row.origin, row.events, row.closed_at, waiting, dead, since)


def _counted(session: Session) -> Mapping[tuple[str, str], tuple[int, datetime]]:
    """Return, of webhook and state, how many events there are and since when."""
    one = WebhookDelivery
    query = (
        sql_select(col(one.subscription_id), col(one.state), func.count(), func.min(one.created_at))
        .where(col(one.state).in_((WAITING, DEAD)))
        .group_by(col(one.subscription_id), col(one.state))
    )
    found: dict[tuple[str, str], tuple[int, datetime]] = defaultdict()
    for subscription_id, state, count, since in session.execute(query):
        found[subscription_id, state] = (count, since)
    return found


def revoke(session: Session, key_id: str, staff: Staff, *, now: datetime) -> None:
    """
    End a key at once; processes that saw it live notice within five seconds.

    Raises:
        Forbidden: they have not the role.
        NotFound: there is no such key, or it was revoked already.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    live = col(BackendKey.id) == key_id, col(BackendKey.revoked_at).is_(None)
    ended = update(BackendKey).where(*live).values(revoked_at=now)
    backend_id = session.execute(ended.returning(col(BackendKey.backend_id))).scalar()
    if backend_id is None:
        raise NotFound("there is no such key, or it was revoked already")
    ids = {"backend_id": backend_id, "key_id": key_id}
    audit.append_day(session, audit.Line("key_revoked", f"staff:{staff.id}", ids), now=now)


def send_again(session: Session, webhook_id: str, staff: Staff, *, now: datetime) -> int:
    """
    Let what was given up for one webhook be sent again; return how many events that is.

    Raises:
        Forbidden: they have not the role.
        NotFound: there is no such webhook, it was closed, or nothing was given up.
    """
    duties.check(staff.roles, duties.Act.MANAGE_PRODUCTS)
    sub, one = WebhookSubscription, WebhookDelivery
    live = sql_select(col(sub.id)).where(col(sub.id) == webhook_id, col(sub.closed_at).is_(None))
    dead = (
        sql_select(col(one.id))
        .where(col(one.subscription_id).in_(live), col(one.state) == DEAD)
        .order_by(col(one.created_at))
        .limit(MOST_AGAIN)
    )
    again = update(one).where(col(one.id).in_(dead), col(one.state) == DEAD)
    done = session.execute(again.values(state=WAITING, attempts=0, next_at=now))
    count = int(done.rowcount)  # type: ignore[attr-defined]  # of an UPDATE it is there
    if not count:
        raise NotFound("there is no such webhook, or nothing was given up for it")
    line = audit.Line("webhook_sent_again", f"staff:{staff.id}", {"webhook": webhook_id})
    audit.append_day(session, line, now=now)
    return count
