"""
The daily check of the whole trail: whose turn it is, what it found, and who was told.

One relay makes it at a time. What came of it is an entry, so that an auditor sees that it was made
and that nobody skipped a day.

Source: PIPL 51, 54, 69 (burden of proof); NDSR 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, or_, text
from sqlmodel import Session, col, select

from rights.services import audit
from rights.store.models import Checkpoint, Entry, TrailCheck

HELD: Final = "held"
BROKEN: Final = "broken"
DIED: Final = "died"
FAILED: Final = "failed"
TOO_LONG: Final = "too_long"
FRUITLESS: Final = (DIED, FAILED, TOO_LONG)
"""Nobody knows whether the trail holds."""
CHECKED: Final = "trail_checked"
FIRST: Final = 20
"""Problems that are kept by name; of the others the number is."""

_SILENT: Final = timedelta(minutes=5)
_AGAIN: Final = timedelta(hours=1)
"""After a check that came to no end."""
_DAY: Final = timedelta(days=1)
"""Checks that came to no end are tried again each hour; staff are written to once a day."""

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:number)")
_LOCK_NUMBER: Final = 0x7269676874730002


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a check. Problems name chains, numbers and checkpoints, nothing else."""

    outcome: str
    chains: int = 0
    entries: int = 0
    checkpoints: int = 0
    problems: int = 0
    first_problems: tuple[str, ...] = ()


def due(session: Session, every: timedelta, now: datetime) -> bool:
    """Return whether somebody should begin a check."""
    last = newest(session)
    if last is None:
        return _begun(session)
    if last.ended_at is None:
        return now - last.seen_at >= _SILENT
    whole = last.outcome in (HELD, BROKEN)
    return now - last.begun_at >= (every if whole else min(every, _AGAIN))


def _begun(session: Session) -> bool:
    """Return whether there is anything to check: a register that was just made has nothing."""
    something = or_(exists(select(Entry.seq)), exists(select(Checkpoint.id)))
    return bool(session.execute(select(something)).scalar_one())


def begin(session: Session, every: timedelta, now: datetime) -> int | None:
    """Write down that this relay checks now; None where another one does, or none is due."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(_LOCK, {"number": _LOCK_NUMBER})
    if not due(session, every, now):
        return None
    last = newest(session)
    if last is not None and last.ended_at is None:
        _end(session, last, Found(DIED), now)
    row = TrailCheck(begun_at=now, seen_at=now)
    session.add(row)
    session.flush()
    return row.id


def seen(session: Session, number: int, now: datetime) -> None:
    """Say that the check is still being made."""
    row = session.get(TrailCheck, number, with_for_update=True)
    if row is not None and row.ended_at is None:
        row.seen_at = now


def end(session: Session, number: int, found: Found, now: datetime) -> None:
    """Write down what came of it, unless somebody took this relay for dead meanwhile."""
    row = session.get(TrailCheck, number, with_for_update=True)
    if row is not None and row.ended_at is None:
        _end(session, row, found, now)


def _end(session: Session, row: TrailCheck, found: Found, now: datetime) -> None:
    row.ended_at, row.outcome = now, found.outcome
    row.chains, row.entries = found.chains, found.entries
    row.checkpoints, row.problems = found.checkpoints, found.problems
    row.first_problems = list(found.first_problems)
    session.add(row)
    session.flush()
    said: Mapping[str, Any] = {
        "check": row.id,
        "outcome": found.outcome,
        "chains": found.chains,
        "entries": found.entries,
        "checkpoints": found.checkpoints,
        "problems": found.problems,
    }
    audit.append_day(session, audit.Line(CHECKED, "system", said), now=now)


def newest(session: Session) -> TrailCheck | None:
    """Return the check that was begun last."""
    return session.exec(select(TrailCheck).order_by(col(TrailCheck.id).desc()).limit(1)).first()


def last_ended(session: Session) -> TrailCheck | None:
    """Return the newest check that ended, however it did."""
    over = select(TrailCheck).where(col(TrailCheck.ended_at).is_not(None))
    return session.exec(over.order_by(col(TrailCheck.id).desc()).limit(1)).first()


def last_of(session: Session, *outcomes: str) -> TrailCheck | None:
    """Return the newest check that ended in one of these ways."""
    mine = select(TrailCheck).where(col(TrailCheck.outcome).in_(outcomes))
    return session.exec(mine.order_by(col(TrailCheck.id).desc()).limit(1)).first()


def held_since(session: Session) -> datetime | None:
    """Return when the trail was last found to hold; before the first time, its first checkpoint."""
    good = last_of(session, HELD)
    if good is not None:
        return good.ended_at
    return session.exec(select(Checkpoint.at).order_by(col(Checkpoint.id)).limit(1)).first()


def unmailed(session: Session) -> Sequence[int]:
    """Return the checks that did not hold, or said nothing, and that staff have to be told of."""
    open_ = select(TrailCheck.id).where(TrailCheck.outcome == BROKEN, ~col(TrailCheck.mailed))
    found = [number for number in session.exec(open_.order_by(col(TrailCheck.id))) if number]
    last = last_ended(session)
    if last is not None and last.id is not None and _fruitless(session, last):
        found.append(last.id)
    return found


def _fruitless(session: Session, last: TrailCheck) -> bool:
    """
    Return whether *last* said nothing, and nobody was written to of such a check that day.

    One that died may have been a relay that was started again: two in a row were not.
    """
    if last.mailed or last.outcome not in FRUITLESS:
        return False
    before = session.exec(
        select(TrailCheck)
        .where(col(TrailCheck.ended_at).is_not(None), col(TrailCheck.id) < last.id)
        .order_by(col(TrailCheck.id).desc())
        .limit(1)
    ).first()
    if last.outcome == DIED and (before is None or before.outcome not in FRUITLESS):
        return False
    told = select(TrailCheck.id).where(
        col(TrailCheck.outcome).in_(FRUITLESS),
        col(TrailCheck.mailed),
        col(TrailCheck.begun_at) > last.begun_at - _DAY,
    )
    return session.exec(told.limit(1)).first() is None
