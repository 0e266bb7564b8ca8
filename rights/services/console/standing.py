"""
How many requests of each kind stood in which state at the end of each week, from the trail.

A request counts in a week if it was in the register by its end and had not ended before it began.
Its state is what the last entry of before the week's end led to. Entries are never changed, so a
week that is over is counted once and kept; only the one that runs is counted each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from rights.domain.lifecycle import TRANSITIONS, Event, State
from rights.store.models import Entry, Request
from rights.store.moments import at

WEEKS: Final = 26
SETTLED: Final = timedelta(hours=1)
"""So long after its end a week may still get entries: of acts that had begun by then."""

_LEADS_TO: Final[Mapping[Event, State]] = MappingProxyType(
    {event: state for (_, event), state in TRANSITIONS.items()}
)
"""Each event leads to one state, wherever it comes from."""

Standing = Mapping[str, Any]
"""``{"zone": …, "weeks": {last day of the week: [[kind, state, number], …]}}``."""


def ends(now: datetime, zone: tzinfo) -> Sequence[datetime]:
    """Return when each of the last weeks ends, oldest first; the last one still runs."""
    today = now.astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    days = (monday - timedelta(weeks=ago) for ago in reversed(range(WEEKS)))
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]


def last_day(end: datetime, zone: tzinfo) -> str:
    """Return the last day of the week that ends then, in ISO form: what it is kept under."""
    return (end.astimezone(zone) - timedelta(days=1)).date().isoformat()


def count(
    session: Session, now: datetime, zone: tzinfo, kept: Standing, kept_at: datetime | None
) -> dict[str, Any]:
    """
    Return how requests stood at the end of each week, and how they stand now in the one that runs.

    Args:
        zone: Where weeks begin, on Monday.
        kept: What this returned at *kept_at*: weeks that were over then are not counted again.
    """
    name = str(zone)
    before = kept.get("weeks", {}) if kept.get("zone") == name and kept_at else {}
    weeks = {}
    for end in ends(now, zone):
        day = last_day(end, zone)
        over = kept_at is not None and end + SETTLED <= kept_at
        found = before.get(day) if over else None
        begin = (end.astimezone(zone) - timedelta(weeks=1)).astimezone(UTC)
        weeks[day] = _week(session, begin, end) if found is None else found
    return {"zone": name, "weeks": weeks}


def _week(session: Session, begin: datetime, end: datetime) -> list[list[Any]]:
    """Return ``[kind, state, number]`` of the requests of a week, as they stood at its end."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, state, number in _last_moves(session, begin, end):
        found[kind, str(state)] += number
    return [[*key, number] for key, number in sorted(found.items())]


def _last_moves(
    session: Session, begin: datetime, end: datetime
) -> Iterator[tuple[str, State, int]]:
    """Yield kind, state and number; what only came in, whatever its entry says, is open."""
    moves = [str(event) for event in _LEADS_TO]
    here = (
        col(Request.received_at) < at(end),
        col(Request.closed_at).is_(None) | (col(Request.closed_at) >= at(begin)),
    )
    last = (
        select(col(Entry.chain), func.max(col(Entry.seq)).label("seq"))
        .join(Request, col(Request.id) == col(Entry.chain))
        .where(*here, col(Entry.at) < at(end))
        .where(col(Entry.event).in_(moves) | (col(Entry.seq) == 1))
        .group_by(col(Entry.chain))
        .subquery()
    )
    query = (
        select(col(Request.kind), col(Entry.event), func.count())
        .select_from(last)
        .join(Entry, (col(Entry.chain) == last.c.chain) & (col(Entry.seq) == last.c.seq))
        .join(Request, col(Request.id) == last.c.chain)
        .group_by(col(Request.kind), col(Entry.event))
    )
    for kind, event, number in session.execute(query):
        state = _LEADS_TO[Event(event)] if event in moves else State.OPEN
        yield str(kind), state, number
