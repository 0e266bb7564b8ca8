"""
Look-ups that no worker has answered: rung for again for as long as somebody may read the answer.

The row is what is true: it waits, or it does not. When each was rung for last is only remembered,
so a relay that has just begun, or a second one, rings once more than needed. A look-up for which a
message waits in the outbox, or left it just now, is rung for already: one that comes again every
second, while a store has no room, would otherwise do so several times over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, or_
from sqlmodel import Session, col, select

from rights.services import outbox
from rights.store.db import reading, transaction
from rights.store.models import Lookup, OutboxMessage

AGAIN: Final = timedelta(seconds=5)
"""Somebody looks at a page that waits: what was not answered by then most likely was not rung."""

_BATCH: Final = 200

Next = dict[str, datetime]
"""When each look-up that waits is rung for next."""


def ring(register: Engine, now: Callable[[], datetime], known: Next) -> int:
    """
    Ring for what has waited long enough, each after a pause that doubles; return how many.

    Args:
        known: What this returned with the last time; changed.
    """
    at = now()
    with reading(register) as session:
        waiting = _waiting(session, at)
        late = [one for one, asked in waiting if known.get(one, asked + AGAIN) <= at]
        rung = _rung(session, late, at) if late else frozenset()
    due = [one for one in late if one not in rung]
    kept = {one: known[one] for one, _ in waiting if one in known}
    if due:
        with transaction(register) as session:
            for lookup_id in due:
                outbox.emit(session, "lookup", now=at, queue=outbox.URGENT, lookup_id=lookup_id)
    known.clear()
    known.update(kept)
    asked_at = dict(waiting)
    known.update({one: at + max(AGAIN, at - asked_at[one]) for one in due})
    return len(due)


def _waiting(session: Session, at: datetime) -> list[tuple[str, datetime]]:
    """Return the look-ups that nobody answered, the oldest first, with when they were asked."""
    query = (
        select(Lookup.id, Lookup.created_at)
        .where(Lookup.state == "waiting", col(Lookup.expires_at) > at)
        .where(col(Lookup.created_at) <= at - AGAIN)
        .order_by(col(Lookup.created_at))
        .limit(_BATCH)
    )
    return [(one, asked) for one, asked in session.exec(query).all()]


def _rung(session: Session, ids: Sequence[str], at: datetime) -> frozenset[str]:
    """Return those whose message was not given to a queue yet, or was a moment ago."""
    sent, about = col(OutboxMessage.sent_at), col(OutboxMessage.args)["lookup_id"].as_string()
    query = (
        select(about)
        .where(OutboxMessage.job == "lookup", or_(sent.is_(None), sent > at - AGAIN))
        .where(about.in_(ids))
    )
    return frozenset(session.exec(query))
