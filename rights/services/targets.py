"""
What a law wants done at once, and was not by the moment that is aimed at: told of, once.

The limit itself is told of like every other (``clocks``), and switches have an alarm of their own
(``preferences``). Nothing ends by it.

Source: E-Commerce Law 24(2); PIPL 15; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, cast, exists, func
from sqlmodel import Session, and_, col, or_, select

from rights.domain.errors import Conflict, Invalid
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.lifecycle import State
from rights.domain.regime import Clock, Regime
from rights.services import alarms, audit, deadlines, requests, ticking
from rights.services.context import Context
from rights.services.untouched import MISSED
from rights.store.models import Alert, Entry, Preference, Request

BATCH: Final = 200


def missed(session: Session, context: Context, now: datetime) -> list[str]:
    """Return requests that are past what is aimed at and of which nobody was told yet."""
    found: list[str] = []
    for kind, by_option in _at_once(context.regimes).items():
        asked = (
            and_(col(Request.option) == option, ticking.under(names))
            for option, names in by_option.items()
        )
        query = (
            select(Request)
            .where(Request.kind == kind, or_(*asked), _known(context.regimes), *_waits(now))
            .order_by(col(Request.verified_at), col(Request.id))
            .limit(BATCH - len(found))
        )
        rows = session.exec(query).all() if len(found) < BATCH else ()
        found += (request.id for request in rows if _past(context, request, now))
    return found


def tell(session: Session, ids: Iterable[str], now: datetime) -> list[str]:
    """
    Write down that these were not done by the moment that is aimed at.

    Returns:
        Those of which nobody was told before: another relay may have been faster.
    """
    new: list[str] = []
    for request_id in ids:
        request = requests.locked(session, request_id)
        told = select(Entry.id).where(Entry.chain == request_id, *_told(now))
        if request.closed_at is None and session.exec(told).first() is None:
            audit.append(session, request, [audit.Line(MISSED, "system", {})], now=now)
            given: dict[str, Any] = {"request_id": request_id, "now": now}
            alarms.first(session, request_id, alarms.TARGET, alarms.AIM, **given)
            new.append(request_id)
    return new


def was_missed(now: datetime) -> ColumnElement[bool]:
    """Say "it is open, and was not done by the moment that is aimed at"."""
    told = exists().where(col(Alert.about) == col(Request.id), col(Alert.what) == alarms.TARGET)
    return col(Request.closed_at).is_(None) & told.where(alarms.told(now))


def count_missed(session: Session, now: datetime) -> int:
    """Return how many such requests there are."""
    return session.exec(select(func.count()).select_from(Request).where(was_missed(now))).one()


def _at_once(book: Mapping[str, Regime]) -> Mapping[Kind, Mapping[Option, list[str]]]:
    """
    Return of each kind the options that a law wants done at once, with these laws.

    No others: they would be looked at first with every look, and nothing would come of it.
    """
    found: dict[Kind, dict[Option, list[str]]] = defaultdict(dict)
    for kind, option in ((kind, option) for kind, options in OPTIONS.items() for option in options):
        clocks = ((name, regime.clock(kind, option)) for name, regime in book.items())
        if names := [name for name, clock in clocks if clock and _aims(clock)]:
            found[kind][option] = names
    return found


def _aims(clock: Clock) -> bool:
    return clock.response.immediate and clock.response.target is not None


def _known(book: Mapping[str, Regime]) -> ColumnElement[bool]:
    """
    Say "every law of it is in *book*".

    Nothing can be counted where one is not: such a request would head every look, and in the end
    leave no room for those behind it. ``gauges`` tells of it, and its limit is told of anyway.
    """
    left: ColumnElement[str] = cast(col(Request.regimes), String)
    for name in sorted(book):
        left = func.replace(left, f'"{name}"', "")
    return ~left.contains('"')


def _waits(now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of requests that are worked on, and stand neither there nor here yet."""
    yield col(Request.closed_at).is_(None)
    yield col(Request.state).in_((State.IN_PROGRESS, State.ON_HOLD))
    yield col(Request.verified_at) <= now
    yield ~exists().where(col(Preference.request_id) == col(Request.id))
    yield ~exists().where(col(Entry.chain) == col(Request.id), *_told(now))


def _told(now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of the entry that says so; one by a clock that was ahead does not."""
    yield col(Entry.event) == MISSED
    yield col(Entry.at) <= now + alarms.AHEAD


def _past(context: Context, request: Request, now: datetime) -> bool:
    try:
        aim = deadlines.counted(context, request).due.target_at
    except (Conflict, Invalid):  # its law has changed meanwhile: its limit is told of all the same
        return False
    return aim is not None and aim < now
