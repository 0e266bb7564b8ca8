"""
What the console's pictures show, counted now and then by the relay and read by the page.

Counting looks at every request of a period; the page must not. Codes and numbers only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlalchemy import Engine, Integer, String, case, cast, func, select
from sqlmodel import Session, col

from rights.domain.lifecycle import State
from rights.services import ticking
from rights.services.console import standing
from rights.services.ticking import Book
from rights.store.db import reading, transaction
from rights.store.models import Figures, Request, StepRow, StoreStatus, StoreTurn
from rights.store.moments import at, seconds, whole

NAME: Final = "home"
WEEKS: Final = standing.WEEKS
PERIOD: Final = timedelta(days=90)
YEAR: Final = timedelta(days=365)
SHARES: Final = (25, 50, 75, 100)
"""Where the groups of the age distribution end, in percent of the time there is."""

UNNAMED: Final = "other"
"""What is counted where a denial names no reason."""

PERCENTILES: Final = (50, 90, 95)
_WEEK_S: Final = 604_800.0
_DAY_S: Final = 86_400.0
_ANSWERED: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED, State.DENIED)


def last(session: Session) -> Figures | None:
    """Return what was counted last; None before the first time."""
    return session.get(Figures, NAME)


def due(session: Session, now: datetime, every: timedelta) -> bool:
    """Return whether it is time to count anew."""
    found = last(session)
    return found is None or found.made_at + every <= now or found.made_at > now


def write(session: Session, body: Mapping[str, Any], now: datetime) -> None:
    """Keep what was counted, in place of what was there."""
    row = last(session) or Figures(name=NAME, made_at=now)
    row.body, row.made_at = dict(body), now
    session.add(row)


def renew(
    register: Engine,
    now: Callable[[], datetime],
    every: timedelta,
    zone: tzinfo,
    book: Book,
) -> bool:
    """
    Count anew if it is time, without a transaction that others wait for; return whether.

    Args:
        zone: Where the weeks begin at whose ends requests are counted by state.
        book: The laws there are: of some the time runs before anything is proved.
    """
    with reading(register) as session:
        if not due(session, now(), every):
            return False
        body = count(session, now(), zone, book)
    with transaction(register) as session:
        write(session, body, now())
    return True


def count(session: Session, now: datetime, zone: tzinfo, book: Book) -> dict[str, Any]:
    """Count everything that the pictures show, each with one statement, or one for each week."""
    before = last(session)
    kept = (before.body.get("standing", {}), before.made_at) if before else ({}, None)
    return {
        "standing": standing.count(session, now, zone, *kept),
        "ages": _ages(session, book, now),
        **{name: counted(session, now) for name, counted in _COUNTED.items()},
    }


def _weeks(session: Session, now: datetime) -> list[list[Any]]:
    """Return ``[week, kind, number]`` of what was received; week 0 is the oldest."""
    begin = now - timedelta(weeks=WEEKS)
    week = whole(session, col(Request.received_at), at(begin), unit_s=_WEEK_S)
    query = (
        select(week, col(Request.kind), func.count())
        .where(col(Request.received_at) >= begin, col(Request.received_at) < now)
        .group_by(week, col(Request.kind))
    )
    return [[w, str(kind), n] for w, kind, n in session.execute(query)]


def _states(session: Session, now: datetime) -> dict[str, int]:
    """Return how what was received in the period stands now."""
    since = col(Request.received_at) >= now - PERIOD
    query = select(col(Request.state), func.count()).where(since).group_by(col(Request.state))
    return {str(state): n for state, n in session.execute(query)}


def _ages(session: Session, book: Book, now: datetime) -> dict[str, int]:
    """Return how many running requests have used up how much of their time."""
    still = col(Request.paused_days) * _DAY_S
    gone = seconds(session, at(now), col(Request.received_at)) - still
    there = seconds(session, col(Request.promised_at), col(Request.received_at)) - still
    pairs = ((gone * 100.0 < there * share, share) for share in SHARES)
    group = case(*pairs, else_=SHARES[-1] + 1)
    query = (
        select(group, func.count())
        .where(ticking.runs(book), col(Request.pause_cause) == "")
        .group_by(group)
    )
    return {str(share): n for share, n in session.execute(query)}


def _answered(now: datetime, period: timedelta) -> tuple[Any, ...]:
    return col(Request.closed_at) >= now - period, col(Request.state).in_(_ANSWERED)


def _times(session: Session, now: datetime) -> dict[str, dict[str, int]]:
    """Return percentiles of the days from receipt to answer, by kind; a day begun is a day."""
    days = whole(session, col(Request.closed_at), col(Request.received_at), unit_s=_DAY_S)
    query = (
        select(col(Request.kind), days, func.count())
        .where(*_answered(now, PERIOD))
        .group_by(col(Request.kind), days)
    )
    counted: dict[str, Counter[int]] = {}
    for kind, day, n in session.execute(query):
        counted.setdefault(str(kind), Counter())[int(day) + 1] += n
    return {kind: percentiles(days) for kind, days in counted.items()}


def percentiles(counted: Mapping[int, int]) -> dict[str, int]:
    """Return the smallest value that so many percent do not exceed."""
    every, seen, out = sum(counted.values()), 0, dict[str, int]()
    wanted = list(PERCENTILES)
    for value in sorted(counted):
        seen += counted[value]
        while wanted and seen * 100 >= every * wanted[0]:
            out[f"p{wanted.pop(0)}"] = value
    return out


def _in_time(session: Session, now: datetime) -> dict[str, dict[str, list[int]]]:
    """Return ``[in time, all]`` by kind and by regime, of what was answered in the period."""
    good = cast(col(Request.closed_at) <= col(Request.promised_at), Integer)
    laws = cast(col(Request.regimes), String)  # PostgreSQL groups by no JSON
    query = (
        select(col(Request.kind), laws, func.sum(good), func.count())
        .where(*_answered(now, PERIOD))
        .group_by(col(Request.kind), laws)
    )
    kinds: dict[str, list[int]] = {}
    regimes: dict[str, list[int]] = {}
    for kind, names, fine, n in session.execute(query):
        _add(kinds, str(kind), int(fine or 0), n)
        for name in orjson.loads(names):
            _add(regimes, name, int(fine or 0), n)
    return {"kind": kinds, "regime": regimes}


def _add(among: dict[str, list[int]], name: str, good: int, every: int) -> None:
    before = among.setdefault(name, [0, 0])
    among[name] = [before[0] + good, before[1] + every]


def _denials(session: Session, now: datetime) -> dict[str, int]:
    """Return how many requests of the last year were denied, by reason."""
    query = (
        select(col(Request.reason), func.count())
        .where(col(Request.closed_at) >= now - YEAR, col(Request.state) == State.DENIED)
        .group_by(col(Request.reason))
    )
    return {reason or UNNAMED: n for reason, n in session.execute(query)}


def _automatic(session: Session, now: datetime) -> dict[str, list[int]]:
    """Return ``[without any step by hand, all]`` by kind, of what was carried out."""
    by_hand = (
        select(col(StepRow.id))
        .where(col(StepRow.request_id) == col(Request.id), col(StepRow.done_by).like("staff:%"))
        .exists()
    )
    query = (
        select(col(Request.kind), func.sum(cast(~by_hand, Integer)), func.count())
        .where(
            col(Request.closed_at) >= now - PERIOD,
            col(Request.state).in_((State.FULFILLED, State.PARTIALLY_FULFILLED)),
        )
        .group_by(col(Request.kind))
    )
    return {str(kind): [int(fine or 0), n] for kind, fine, n in session.execute(query)}


def _stores(session: Session, now: datetime) -> list[list[Any]]:
    """Return ``[store, healthy, waiting]`` of every store that workers have seen."""
    del now
    waiting = (
        select(col(StoreTurn.store), func.count())
        .where(col(StoreTurn.begun_at).is_(None))
        .group_by(col(StoreTurn.store))
    )
    line = {one[0]: one[1] for one in session.execute(waiting)}
    query = select(col(StoreStatus.store), col(StoreStatus.healthy)).order_by(
        col(StoreStatus.store)
    )
    return [[store, healthy, line.get(store, 0)] for store, healthy in session.execute(query)]


_COUNTED: Final[Mapping[str, Callable[[Session, datetime], Any]]] = MappingProxyType(
    {
        "weeks": _weeks,
        "states": _states,
        "times": _times,
        "in_time": _in_time,
        "denials": _denials,
        "automatic": _automatic,
        "stores": _stores,
    }
)
"""What is counted, under the name by which the pictures find it."""
