"""
What staff were told of beside the stages of a request's own clock: once for each stage.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from rights.store.models import Alert, RequestClock

ACKNOWLEDGEMENT: Final = "acknowledgement"
TARGET: Final = "target"
APPEAL: Final = "appeal"
COMPLAINT: Final = "complaint"

AHEAD: Final = timedelta(hours=1)
"""By how much clocks may differ: what was told later than that from now on, a wrong clock told."""

AIM: Final = 90
"""The stage as which a missed aim is told of: the limit that a law sets is not over yet."""


def told(now: datetime) -> ColumnElement[bool]:
    """Say "no clock told it that was ahead": then it is told again when it is true."""
    return col(Alert.told_at) <= now + AHEAD


def untold(at: Mapped[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Say "it was not told, or a clock that was ahead told it", of the moment when it was."""
    return at.is_(None) | (at > now + AHEAD)


def stage(now: datetime) -> ColumnElement[int]:
    """Return the stage that was told last; none where a clock that was ahead told it."""
    found: ColumnElement[int] = func.coalesce(case((told(now), col(Alert.stage)), else_=0), 0)
    return found


def first(
    session: Session,
    about: str,
    what: str,
    stage: int,
    *,
    request_id: str,
    now: datetime,
    before: Callable[[], int] = lambda: 0,
) -> bool:
    """
    Write down that staff are told of this stage; False: they were told of as much before.

    The caller has locked the row of what it is about, so two relays do not both tell.

    Args:
        before: What they had been told of when a clock that was ahead told of more.
    """
    found = session.get(Alert, (about, what))
    if found is None:
        row = Alert(about=about, what=what, request_id=request_id, stage=stage, told_at=now)
        session.add(row)
        return True
    if found.told_at > now + AHEAD:
        found.stage, found.told_at = min(found.stage, before()), now
        found.mailed, found.hooked = (min(n, found.stage) for n in (found.mailed, found.hooked))
        session.add(found)
    if found.stage >= stage:
        return False
    found.stage, found.told_at = stage, now
    session.add(found)
    return True


def unmailed(session: Session, *, limit: int = 1_000) -> Sequence[Alert]:
    """Return what staff have not been written of yet, the oldest first."""
    query = select(Alert).where(col(Alert.mailed) < col(Alert.stage))
    return session.exec(query.order_by(col(Alert.told_at), col(Alert.about)).limit(limit)).all()


def mailed(session: Session, told: Iterable[tuple[str, str, int]]) -> None:
    """Write down that staff were written of these: what it is about, what, and which stage."""
    for about, what, stage in told:
        row = session.get(Alert, (about, what), with_for_update=True)
        if row is not None:
            row.mailed = max(row.mailed, stage)


def clock_of(session: Session, request_id: str, now: datetime) -> RequestClock:
    """Return what staff were told of a request's own clock; made where there is none yet."""
    found = session.get(RequestClock, request_id)
    if found is None:
        found = RequestClock(request_id=request_id, told_at=now)
        session.add(found)
    return found
