"""
The audit trail as an auditor reads it: by day, by chain, by event, by who acted.

Each way is one walk along an index, however long the trail is; a page goes on where the one before
it ended. Who looks is an entry too, before anything is shown.

Source: PIPL 51, 54; NDSR 9; compliance audit measures 2025, 3-6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import text, tuple_
from sqlmodel import Session, col, select

from rights.services import audit, places, trail_checks
from rights.store.models import Backend, Checkpoint, Entry, Staff, TrailCheck
from rights.store.models.audit import OF_A_DAY, OF_STAFF

PAGE: Final = 50
READ: Final = "trail_read"
STAFF: Final = "staff:"
_DIGITS: Final = 9
_CHAIN: Final = re.compile(r"[0-9a-f]{32}|day:\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Which entries.

    Args:
        first, last: Days in UTC, as chains of days are named; they do not count for one chain.
        chain: A request's id or ``day:2026-11-22``; then nothing else counts.
        after: Where the page before went on; what cannot be read begins at the beginning.
    """

    first: date
    last: date
    event: str = ""
    actor: str = ""
    chain: str = ""
    after: str = ""

    def said(self) -> dict[str, str]:
        """Return what an entry says of a look: days, codes and ids."""
        if self.chain:
            return {"chain": self.chain}
        days = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        more = {"event": self.event, "of": self.actor}
        return days | {name: value for name, value in more.items() if value}


@dataclass(frozen=True, slots=True)
class State:
    """How the trail stands: the last check that ended, when it last held, the last checkpoint."""

    checked: TrailCheck | None
    held: TrailCheck | None
    checkpoint: Checkpoint | None


def is_chain(said: str) -> bool:
    """Return whether *said* could be the name of a chain, and so stand in an entry."""
    return _CHAIN.fullmatch(said) is not None


def read(session: Session, staff: Staff, asked: Asked, *, now: datetime) -> None:
    """Write down that somebody looks: the trail says who did what about a person."""
    audit.append_day(session, audit.Line(READ, f"{STAFF}{staff.id}", asked.said()), now=now)


def page(session: Session, asked: Asked) -> tuple[Sequence[Entry], str]:
    """Return one page, the newest first, and where the next one goes on; one query."""
    if asked.actor and not asked.chain:
        return _of_somebody(session, asked)
    query = select(Entry)
    if asked.chain:
        query = query.where(col(Entry.chain) == asked.chain)
    else:
        days = (f"day:{asked.first.isoformat()}", f"day:{asked.last.isoformat()}")
        query = query.where(text(OF_A_DAY), col(Entry.chain).between(*days))
        if asked.event:
            query = query.where(col(Entry.event) == asked.event)
    chain, _, number = asked.after.partition("|")
    if is_chain(chain) and number.isdecimal() and len(number) <= _DIGITS:
        query = query.where(tuple_(col(Entry.chain), col(Entry.seq)) < (chain, int(number)))
    order = col(Entry.chain).desc(), col(Entry.seq).desc()
    rows = session.exec(query.order_by(*order).limit(PAGE + 1)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{last.chain}|{last.seq}" if last else ""


def _of_somebody(session: Session, asked: Asked) -> tuple[Sequence[Entry], str]:
    """Return what one actor did: of staff in requests too, of everybody else in days alone."""
    at, number = col(Entry.at), col(Entry.id)
    only = OF_STAFF if asked.actor.startswith(STAFF) else OF_A_DAY
    query = select(Entry).where(
        text(only),
        col(Entry.actor) == asked.actor,
        at >= _midnight(asked.first),
        at < _midnight(asked.last + timedelta(days=1)),
    )
    if asked.event:
        query = query.where(col(Entry.event) == asked.event)
    if (place := _place(asked.after)) is not None:
        query = query.where(tuple_(at, number) < place)
    rows = session.exec(query.order_by(at.desc(), number.desc()).limit(PAGE + 1)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{last.at.isoformat()}|{last.id}" if last else ""


def _place(after: str) -> tuple[datetime, int] | None:
    said, _, number = after.partition("|")
    at = places.moment(said)
    whole = number.isdecimal() and len(number) <= _DIGITS
    return (at, int(number)) if at and whole else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def state(session: Session) -> State:
    """Return how the trail stands; three queries."""
    return State(
        trail_checks.last_ended(session),
        trail_checks.last_of(session, trail_checks.HELD),
        session.exec(select(Checkpoint).order_by(col(Checkpoint.id).desc()).limit(1)).first(),
    )


def backends(session: Session) -> Mapping[str, Any]:
    """Return the name of every product, by id."""
    return dict(session.exec(select(Backend.id, Backend.name)).all())
