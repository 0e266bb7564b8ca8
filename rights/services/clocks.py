"""
The clocks of requests: which run, how far they are, and what staff were told of them.

A clock stops when the answer has gone out, not when it was made. What is late stays open: no date
denies or closes anything.

Source: NDSR 23; PIPL 50; App-Violation Identification Method 6(3), (4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    String,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlmodel import Session, col

from rights.domain import alerts
from rights.services import alarms, audit, requests, ticking, untold, untouched, webhooks
from rights.services.context import Context
from rights.services.ticking import Book
from rights.store import moments
from rights.store.models import Entry, ExtensionRow, Request, RequestClock

BATCH: Final = 200
EVENT: Final = untouched.STAGE

_HOOKS: Final = {90: "request.due_soon", alerts.LATE: "request.overdue"}


@dataclass(frozen=True, slots=True)
class Running:
    """
    One request whose clock runs.

    Args:
        unsent: It has an answer that has not gone out yet.
        idle_since: Since when nothing has moved it; None where that is not so.
        paused: Why its clock stands still, since *paused_at*; empty where it runs.
        provisional: Its date was counted without the working days of a year.
        untold: More time was taken, and the person was not told of it in time: it is void.
    """

    id: str
    kind: str
    option: str
    state: str
    wait: str
    received_at: datetime
    promised_at: datetime
    stage: int
    unsent: bool = False
    idle_since: datetime | None = None
    paused: str = ""
    paused_at: datetime | None = None
    untold: bool = False
    provisional: bool = False


def _stage(now: datetime) -> ColumnElement[int]:
    """Return the stage that was told last; none where a clock that was ahead told it."""
    ahead = col(RequestClock.told_at) > now + alarms.AHEAD
    found: ColumnElement[int] = func.coalesce(case((ahead, 0), else_=col(RequestClock.stage)), 0)
    return found


def _used(session: Session, now: datetime) -> tuple[ColumnElement[float], ColumnElement[float]]:
    """Return the seconds that are used up, and all there are; a pause belongs to neither."""
    received, still = col(Request.received_at), col(Request.paused_days) * 86_400.0
    gone = moments.seconds(session, moments.at(now), received)
    return gone - still, moments.seconds(session, col(Request.promised_at), received) - still


def _next(session: Session, now: datetime) -> ColumnElement[bool]:
    """Say "more of its time is used up than staff were told of"."""
    told, (gone, whole) = _stage(now), _used(session, now)
    pairs = zip((0, *alerts.STAGES), alerts.STAGES, strict=False)
    share = case(*((told == before, stage) for before, stage in pairs), else_=alerts.LATE)
    return (told < alerts.LATE) & (gone * 100.0 >= whole * share)


def _runs(book: Book) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of requests whose time counts, and of answers that have not gone out."""
    yield ticking.runs(book)
    yield col(Request.closed_at).is_not(None) & col(Request.id).in_(untold.unsent())


def due(session: Session, book: Book, now: datetime, *, limit: int = BATCH) -> list[str]:
    """Return requests of whose clocks staff have to be told, the most urgent first."""
    found: list[str] = []
    for runs in _runs(book):
        query = (
            select(col(Request.id))
            .outerjoin(RequestClock, col(RequestClock.request_id) == col(Request.id))
            .where(runs, _next(session, now), col(Request.pause_cause) == "")
            .order_by(col(Request.promised_at), col(Request.id))
            .limit(limit - len(found))
        )
        found += session.execute(query).scalars().all() if len(found) < limit else []
    return found


def tell(session: Session, ids: Iterable[str], now: datetime) -> list[str]:
    """
    Write down which stages these requests have reached; return those that are late now.

    Each is an entry of its request and, from nine tenths on, an event for the product.
    """
    late: list[str] = []
    for request_id in ids:
        request = requests.locked(session, request_id)
        clock = alarms.clock_of(session, request_id, now)
        _forget(session, clock, now)
        stage = alerts.reached(_begin(request), request.promised_at, now)
        if stage <= clock.stage:
            continue
        clock.stage, clock.told_at = stage, now
        audit.append(session, request, [audit.Line(EVENT, "system", {"stage": stage})], now=now)
        if event := _HOOKS.get(stage):
            webhooks.publish(session, request, event, now=now)
        late += [request_id] if stage == alerts.LATE else []
    return late


def _forget(session: Session, clock: RequestClock, now: datetime) -> None:
    """
    Let no stage count that a clock told which was ahead, so that it is told when it is true.

    What had been told before that stands in the trail, and is not told again.
    """
    if clock.told_at <= now + alarms.AHEAD:
        return
    told = select(Entry).where(
        col(Entry.chain) == clock.request_id,
        col(Entry.event) == EVENT,
        col(Entry.at) <= now + alarms.AHEAD,
    )
    true = [int(one.data["stage"]) for one in session.execute(told).scalars()]
    clock.stage, clock.told_at = min(clock.stage, max(true, default=0)), now
    clock.mailed, clock.hooked = min(clock.mailed, clock.stage), min(clock.hooked, clock.stage)


def anew(session: Session, request: Request, now: datetime) -> None:
    """Count the stages of a request anew, from dates that have moved; what is past is not told."""
    clock = alarms.clock_of(session, request.id, now)
    clock.stage, clock.told_at = alerts.reached(_begin(request), request.promised_at, now), now
    clock.mailed = clock.hooked = clock.stage


# -- what staff look at -----------------------------------------------------------------------


def pressing(
    session: Session, context: Context, now: datetime, *, limit: int = 200
) -> list[Running]:
    """
    Return what is late, due soon, answered but not told, or untouched; the most urgent first.

    Also what stands still, and what more time was taken for that nobody was told of in time.

    Counted now, from the dates themselves: it says the same whether alerts went out or not.
    """
    seen = {one.id: one for one in _pressing(session, context.regimes, now, limit)}
    for one in _idle(session, context, now, limit):
        seen[one.id] = replace(seen.get(one.id, one), idle_since=one.idle_since)
    return sorted(seen.values(), key=lambda one: (one.promised_at, one.id))[:limit]


def _pressing(session: Session, book: Book, now: datetime, limit: int) -> Iterator[Running]:
    gone, whole = _used(session, now)
    soon = gone * 100.0 >= whole * alerts.SOON
    still = col(Request.pause_cause) != ""
    for unsent, runs in enumerate(_runs(book)):
        untold = _untold().label("untold")
        said = soon | literal(bool(unsent)) | still | untold
        query = select(*_COLUMNS, untold).where(runs, said)
        rows = session.execute(
            query.order_by(col(Request.promised_at), col(Request.id)).limit(limit)
        ).all()
        for row in rows:
            one = _running(row, _reached(row, now))
            if unsent or row.untold or one.paused or one.stage >= alerts.SOON:
                yield replace(one, unsent=bool(unsent), untold=bool(row.untold))


def _reached(row: Any, now: datetime) -> int:
    """Return the stage of a clock; one that stands still stays where it was."""
    return alerts.reached(_begin(row), row.promised_at, row.paused_at or now)


def _begin(row: Any) -> datetime:
    """Return when a clock began that never stood still and ends like this one."""
    began: datetime = row.received_at + timedelta(days=row.paused_days)
    return began


def _untold() -> ColumnElement[bool]:
    """Say "the last time more time was taken, that was void"."""
    void, other = (
        exists().where(col(ExtensionRow.request_id) == col(Request.id), how).correlate(Request)
        for how in (col(ExtensionRow.state) == "void", col(ExtensionRow.state) != "void")
    )
    return col(Request.closed_at).is_(None) & void & ~other


def _idle(session: Session, context: Context, now: datetime, limit: int) -> Iterator[Running]:
    before, touched = now - timedelta(days=context.settings.idle_days), untouched.last()
    query = select(*_COLUMNS, touched.label("touched")).where(untouched.waits(before))
    for row in session.execute(query.order_by(col(Request.promised_at)).limit(limit)).all():
        yield replace(_running(row, _reached(row, now)), idle_since=row.touched)


_COLUMNS: Final = (
    col(Request.id),
    col(Request.kind),
    col(Request.option),
    col(Request.state),
    col(Request.wait),
    col(Request.received_at),
    col(Request.promised_at),
    col(Request.pause_cause),
    col(Request.paused_at),
    col(Request.paused_days),
    col(Request.due_provisional),
)


def _running(row: Any, stage: int) -> Running:
    return Running(
        id=row.id,
        kind=str(row.kind),
        option=str(row.option),
        state=str(row.state),
        wait=str(row.wait),
        received_at=row.received_at,
        promised_at=row.promised_at,
        stage=stage,
        paused=row.pause_cause,
        paused_at=row.paused_at,
        provisional=row.due_provisional,
    )


def unmailed(session: Session, *, limit: int = 1_000) -> Sequence[RequestClock]:
    """Return what staff have not been written of yet."""
    news = (col(RequestClock.stage) > col(RequestClock.mailed)) | col(RequestClock.idle_mailed).is_(
        False
    )
    return session.execute(select(RequestClock).where(news).limit(limit)).scalars().all()


# -- what is counted --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Requests of one kind, under the same laws, in the same state.

    Args:
        regimes: Their laws, joined by ``+`` where there are several: each request counts once.
        closed: They have an answer that has not gone out yet.
        latest: What was promised first of what is late; None where nothing is.
    """

    kind: str
    regimes: str
    state: str
    closed: bool
    count: int
    soon: int
    late: int
    latest: datetime | None


def tallied(session: Session, book: Book, now: datetime) -> list[Tally]:
    """Count what has not ended, what is due soon and what is late; one query, whatever there is."""
    waits, (counts, unsent) = col(Request.closed_at).is_(None), _runs(book)
    query = union_all(_tally(session, now, waits, counts), _tally(session, now, unsent, unsent))
    return [
        Tally(
            kind=str(row.kind),
            regimes="+".join(sorted(orjson.loads(row.regimes))),
            state=str(row.state),
            closed=bool(row.closed),
            count=row.count_,
            soon=row.soon,
            late=row.late,
            latest=row.latest,
        )
        for row in session.execute(query).all()
    ]


def _tally(
    session: Session, now: datetime, which: ColumnElement[bool], counts: ColumnElement[bool]
) -> Any:
    """Count requests; *counts* says of which the time does."""
    promised = col(Request.promised_at)
    at, (gone, whole) = moments.at(now), _used(session, now)
    running = counts & (col(Request.pause_cause) == "")  # one that stands still is not late
    late = running & (promised <= at)
    soon = running & (promised > at) & (gone * 100.0 >= whole * alerts.SOON)
    regimes, closed = cast(col(Request.regimes), String), col(Request.closed_at).is_not(None)
    groups = (col(Request.kind), regimes.label("regimes"), col(Request.state))
    return (
        select(
            *groups,
            closed.label("closed"),
            func.count().label("count_"),
            func.sum(case((soon, 1), else_=0)).label("soon"),
            func.sum(case((late, 1), else_=0)).label("late"),
            func.min(case((late, promised))).label("latest"),
        )
        .where(which)
        .group_by(col(Request.kind), regimes, col(Request.state), closed)
    )
