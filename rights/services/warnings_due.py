"""
Having the contacts on file told of a request: a row, and a ring for a worker.

A submission leaves both in its own transaction and waits for nothing, so whoever submits sees the
same whether there is anybody to tell or not. The row is what is true: a ring that was lost is
repeated for as long as it says that nobody has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rights.domain import takeover
from rights.services import outbox
from rights.store import rows
from rights.store.db import reading, transaction
from rights.store.models import Request, WarningDue

ASKED: Final = "someone_asked"
WRONG_CODES: Final = "wrong_codes"
EVENTS: Final = frozenset({ASKED, WRONG_CODES})
"""Notices that go to contacts on file instead of those of the request."""

AGAIN: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=30)
GIVEN_UP: Final = timedelta(days=30)
"""Stores that cannot be asked for so long are not asked for this any more."""

_BATCH: Final = 200
INTERNAL: Final = "internal"
"""Channel of requests that nobody made from outside."""


def applies(request: Request) -> bool:
    """Return whether the contacts on file are told that this was asked."""
    return request.channel != INTERNAL and takeover.warned(request.kind, request.option)


def begin(session: Session, request: Request, event: str, *, now: datetime) -> None:
    """Have a worker look the contacts on file up, in the caller's transaction."""
    row = {
        "request_id": request.id,
        "event": event,
        "attempts": 0,
        "created_at": now,
        "next_at": now + AGAIN,
    }
    rows.insert(session, WarningDue, [row])
    _ring(session, request.id, now)


def wrong_codes(session: Session, request: Request, *, now: datetime) -> None:
    """Have the contacts on file told that somebody gave wrong codes; once more each time."""
    row = session.get(WarningDue, (request.id, WRONG_CODES))
    if row is None:
        begin(session, request, WRONG_CODES, now=now)
        return
    row.created_at, row.next_at, row.attempts = now, now + AGAIN, 0
    _ring(session, request.id, now)


def begun(session: Session, request_id: str, event: str) -> bool:
    """Return whether contacts on file are to be told of this, or were."""
    return session.get(WarningDue, (request_id, event)) is not None


def waiting(session: Session, request_id: str) -> list[WarningDue]:
    """Return what contacts on file of a request are still to be told."""
    query = select(WarningDue).where(
        WarningDue.request_id == request_id, col(WarningDue.next_at).is_not(None)
    )
    return list(session.exec(query))


def later(session: Session, row: WarningDue, now: datetime) -> None:
    """Look again after a pause that grows; in the end no more."""
    row.attempts += 1
    pause = min(AGAIN * 2 ** min(row.attempts - 1, 10), LONGEST)
    row.next_at = now + pause if now < row.created_at + GIVEN_UP else None
    session.add(row)


def ring(register: Engine, now: Callable[[], datetime]) -> int:
    """Ring again for what is due; it reads only rows whose time has come."""
    at = now()
    due = select(WarningDue).where(col(WarningDue.next_at) <= at)
    due = due.order_by(col(WarningDue.next_at)).limit(_BATCH)
    with reading(register) as session:
        if session.exec(due.limit(1)).first() is None:
            return 0
    with transaction(register) as session:
        found = session.exec(due.with_for_update(skip_locked=True)).all()
        for row in found:
            # No worker has taken it for so long: ringing often would only make its queue longer.
            row.next_at = at + min(max(AGAIN, at - row.created_at), LONGEST)
            _ring(session, row.request_id, at)
    return len(found)


def _ring(session: Session, request_id: str, now: datetime) -> None:
    # Not among switches: each request of such a kind rings for one, and each asks stores.
    outbox.emit(session, "warn", now=now, queue=outbox.FIRST, request_id=request_id)
