"""
What of the register a report may rest on: rows that say the same whenever they are read.

A request is counted on the day it came into the register, ends once, and is never opened again.
What may still change later (how old somebody is, as long as their request is open) is not told
apart until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from rights.domain.errors import FieldError, Invalid
from rights.domain.lifecycle import State
from rights.domain.period import Period
from rights.services import laws_added, notices
from rights.services.arrivals import CHANNELS
from rights.services.context import Context
from rights.store.columns import UtcDateTime
from rights.store.models import Checkpoint, CheckpointLeaf, Entry, Notice, Request
from rights.store.models.audit import OF_STAFF

ANSWERED: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED, State.DENIED)
"""Ends that the person is written to about."""

OUTCOME: Final = "outcome"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """
    The moments between which a report counts, as the database compares them.

    Args:
        until: The end as entries write it.
    """

    start: ColumnElement[datetime]
    end: ColumnElement[datetime]
    until: str

    def holds(self, at: Any) -> ColumnElement[bool]:
        """Say that a moment is in the period."""
        found: ColumnElement[bool] = (at >= self.start) & (at < self.end)
        return found

    def open_at_end(self, over: Any) -> ColumnElement[bool]:
        """Say that what ends at *over* had not ended by the end of the period."""
        found: ColumnElement[bool] = over.is_(None) | (over >= self.end)
        return found


def window(period: Period) -> Window:
    """Return the moments of a period."""
    start, end = (literal(moment, UtcDateTime()) for moment in (period.start, period.end))
    return Window(start, end, period.end.isoformat())


# -- what is still there ----------------------------------------------------------------------


def check(connection: Connection, context: Context, period: Period, now: datetime) -> None:
    """
    Make sure that the register can still say, and already say, what happened in a period.

    Raises:
        Invalid: records of it have been purged, by the time they are kept or in fact; or it has
            not begun. Names the days that reports can be made of.
    """
    oldest, began = now - timedelta(days=context.settings.record_days), begun(connection)
    first = max(oldest + _DAY, began or now)
    if not period.begun(now):
        raise _outside("has not begun", period, first, now)
    if period.start < oldest:
        raise _outside("has records that were purged at the end of their time", period, first, now)
    if began is None or began >= period.end:
        raise _outside("was over before the register began", period, first, now)
    if connection.execute(select(_purged(window(period)))).scalar():
        gone = connection.execute(_last_purged()).scalar() or first
        why = "has records that were purged earlier than is set now"
        raise _outside(why, period, max(first, gone + _DAY), now)


def _outside(why: str, period: Period, first: datetime, now: datetime) -> Invalid:
    days = [at.astimezone(period.zone).date() for at in (first, now)]
    available = f"reports can be made of the days from {days[0]} to {days[1]}"
    message = f"the period {why}: {available}"
    wrong = FieldError("period", message, (f"{days[0]} – {days[1]}",))
    return Invalid(message, [wrong], code="report_period")


def _last_purged() -> Select[Any]:
    """Return when the last entry of a request that is gone came under a checkpoint."""
    leaf, made = CheckpointLeaf, Checkpoint
    gone = col(leaf.purged_at).is_not(None), col(leaf.chain).not_like("day:%")
    return select(func.max(col(made.at))).where(col(made.id) == col(leaf.checkpoint_id), *gone)


def _purged(at: Window) -> ColumnElement[bool]:
    """Say that a request is gone whose first entry came under a checkpoint after the start."""
    leaf, first = CheckpointLeaf, aliased(CheckpointLeaf)
    made, before = Checkpoint, aliased(Checkpoint)
    earlier = exists().where(
        col(first.chain) == col(leaf.chain),
        col(before.id) == col(first.checkpoint_id),
        col(before.at) < at.start,
    )
    return exists().where(
        col(leaf.purged_at).is_not(None),
        col(leaf.chain).not_like("day:%"),
        col(made.id) == col(leaf.checkpoint_id),
        col(made.at) >= at.start,
        ~earlier,
    )


def flags(connection: Connection, period: Period, now: datetime) -> Iterator[str]:
    """Yield why a report of this period may still change, or is about less than the period."""
    if not period.closed(now):
        yield "period_open"
    elif connection.execute(select(_letters_wait(window(period)))).scalar():
        yield "letters_waiting"
    began = begun(connection)
    if began is None or began >= period.start + _DAY:
        yield "register_began_later"


def _letters_wait(at: Window) -> ColumnElement[bool]:
    about = col(Notice.request_id) == col(Request.id)
    waits = col(Notice.event) == OUTCOME, col(Notice.state) == "waiting"
    return exists().where(about, *waits, at.holds(col(Request.closed_at)))


def begun(connection: Connection) -> datetime | None:
    """Return when the register began to be written, as far as it still says."""
    looked = (
        select(col(Entry.at)).order_by(col(Entry.id)).limit(1),
        select(col(Checkpoint.at)).order_by(col(Checkpoint.id)).limit(1),
    )
    found = [connection.execute(query).scalar() for query in looked]
    return min((at.astimezone(UTC) for at in found if at is not None), default=None)


# -- requests, as a report sees them -----------------------------------------------------------


def asked() -> ColumnElement[bool]:
    """Say that somebody asked: not what followed by itself from what they asked."""
    return (col(Request.channel) != "internal") & (col(Request.follows) == "")


def entered() -> ColumnElement[datetime]:
    """
    Return when a request came into the register.

    What came on paper is dated by its arrival, and may be logged weeks later: a report that was
    made in between would say something else afterwards.
    """
    first = select(col(Entry.at)).where(col(Entry.chain) == col(Request.id), col(Entry.seq) == 1)
    logged = func.coalesce(first.correlate(Request).scalar_subquery(), col(Request.received_at))
    found: ColumnElement[datetime] = case(
        (col(Request.channel).in_(CHANNELS), logged), else_=col(Request.received_at)
    )
    return found


def laws_since(at: Window) -> ColumnElement[str]:
    """
    Return the laws that were added to a request after the period: JSON lists, with commas.

    The request has the laws as they are now. Which requests are few is looked up once, not for
    each; what was added to those is read from their own chains.
    """
    added = cast(col(Entry.data)["regimes"], String)
    theirs = select(func.aggregate_strings(added, ",")).where(*_law_added(at))
    found: ColumnElement[str] = case(
        (_got_a_law(at), theirs.correlate(Request).scalar_subquery()), else_=""
    )
    return found


def promised_before_end(at: Window) -> ColumnElement[bool]:
    """Say that an answer was promised for before the end; a law added since made it earlier."""
    first = select(col(Entry.data)["from"].as_string()).where(*_law_added(at))
    then = first.order_by(col(Entry.seq)).limit(1).correlate(Request).scalar_subquery()
    found: ColumnElement[bool] = case(
        (_got_a_law(at), then < at.until), else_=col(Request.promised_at) < at.end
    )
    return found


def _law_added(at: Window) -> tuple[ColumnElement[bool], ...]:
    return (col(Entry.chain) == col(Request.id), *_added_since(at))


def _got_a_law(at: Window) -> ColumnElement[bool]:
    """Say that a law was added since: staff do that, and what staff did is found by an index."""
    by_staff = select(col(Entry.chain)).where(text(OF_STAFF), *_added_since(at))
    return col(Request.id).in_(by_staff)


def _added_since(at: Window) -> tuple[ColumnElement[bool], ...]:
    return col(Entry.event) == laws_added.EVENT, col(Entry.at) >= at.end


def letters() -> Any:
    """Return, for each request with a letter about its outcome, whether and when it went out."""
    state = col(Notice.state)
    return (
        select(
            col(Notice.request_id).label("request_id"),
            func.max(col(Notice.sent_at)).label("sent_at"),
            count(state == "waiting").label("waiting"),
            count(state.in_(notices.GIVEN_UP)).label("given_up"),
        )
        .where(col(Notice.event) == OUTCOME)
        .group_by(col(Notice.request_id))
        .subquery()
    )


def out_at(letter: Any) -> ColumnElement[datetime]:
    """
    Return when the answer was out: null as long as a letter waits, or where none could be sent.

    Who gave no address finds the answer where they asked, at the moment it was made.
    """
    found: ColumnElement[datetime] = case(
        (letter.c.waiting > 0, null()),
        (letter.c.sent_at.is_not(None), letter.c.sent_at),
        (letter.c.given_up > 0, null()),
        else_=col(Request.closed_at),
    )
    return found


def whole_hours(connection: Connection, later: Any, earlier: Any) -> ColumnElement[int]:
    """Return the hours from one moment to another, every begun one whole."""
    gone = _second(connection, later) - _second(connection, earlier)
    found: ColumnElement[int] = (gone + literal(3_599)) // literal(3_600)
    return found


def _second(connection: Connection, at: Any) -> ColumnElement[int]:
    if connection.dialect.name == "sqlite":
        return cast(func.strftime("%s", at), Integer)
    return cast(func.floor(extract("epoch", at)), Integer)


def count(said: ColumnElement[bool]) -> Any:
    """Return how many rows *said* is true of."""
    return func.coalesce(func.sum(case((said, 1), else_=0)), 0)
