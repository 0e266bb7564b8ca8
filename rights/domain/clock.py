"""
By when a request must be answered.

Pure arithmetic on a clock's rules, the moment of receipt and a calendar. Three days matter:
the last day the law allows (``due_legal_at``), the day we keep (``due_at``: the same or
earlier) and the day the person is told (``promised_at``: the same as that or earlier).

All moments are aware. A day ends with its last second in the regime's zone, so that the local
date of a deadline is the day itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from rights.domain.calendars import (
    DAY,
    Counting,
    add_months,
    count_working,
    working_calendar,
    working_day_after,
    working_day_before,
)
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.regime import Clock, Extension, Period, Span, Start, Unit

_LAST_SECOND: Final = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Due:
    """
    The moments that matter for one request under one regime; all aware, UTC.

    Args:
        due_at: What we keep; alarms and reports use it.
        due_legal_at: The last moment the law allows; never before *due_at*.
        promised_at: What the person is told; never after *due_at*.
        ack_at: Receipt must be confirmed by then.
        target_at: What we aim at, where the regime or we set an aim.
        provisional: It hangs on the schedule of a year that has none yet: count again when it is
            loaded.
    """

    due_at: datetime
    due_legal_at: datetime
    promised_at: datetime
    ack_at: datetime
    target_at: datetime | None = None
    provisional: bool = False


class _Last(NamedTuple):
    """One limit: the moment we keep, the moment of the law."""

    kept: datetime
    legal: datetime
    provisional: bool = False


def local_day(counting: Counting, at: datetime) -> date:
    """Return the date of *at* where the regime applies."""
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone has no date: pass an aware datetime")
    return at.astimezone(counting.zone).date()


@lru_cache(maxsize=8192)
def end_of_day(counting: Counting, day: date) -> datetime:
    """Return the last second of *day* in the regime's zone, as UTC."""
    return datetime.combine(day, _LAST_SECOND, counting.zone).astimezone(UTC)


@lru_cache(maxsize=8192)
def _last_day(counting: Counting, start: date, period: Period, paused_days: int) -> _Last:
    """Count *period* from the day after *start*, then move off a day that is no working day."""
    provisional = False
    match period.unit:
        case Unit.WORKING_DAY:
            day, provisional = count_working(working_calendar(counting), start, period.count)
        case Unit.MONTH:
            day = add_months(start, period.count)
        case Unit.DAY:
            day = start + period.count * DAY
    day += paused_days * DAY
    kept = legal = day
    if counting.calendar is not None and period.unit is not Unit.WORKING_DAY:
        kept = working_day_before(counting.calendar, day) if counting.keeps_early else day
        legal = working_day_after(counting.calendar, day) if counting.rolls else day
    kept = max(kept, start)
    return _Last(end_of_day(counting, kept), end_of_day(counting, legal), provisional)


def _after(counting: Counting, start: datetime, span: Span, paused_days: int = 0) -> _Last:
    if isinstance(span, timedelta):
        moment = (start + span).astimezone(UTC)
        return _Last(moment, moment)
    return _last_day(counting, local_day(counting, start), span, paused_days)


def _limits(
    clock: Clock,
    counting: Counting,
    received_at: datetime,
    paused_days: int,
    since: datetime | None,
) -> Iterator[_Last]:
    """Every limit of the answer; *since* is when the clock began to run, if it did."""
    response = clock.response
    if since is not None:
        span = response.period or response.breach_after
        assert span is not None, "the loader lets no response pass without a limit"
        yield _after(counting, since, span, paused_days)
    if response.also_max is not None:
        yield _after(counting, received_at, response.also_max, paused_days)


def _since(clock: Clock, received_at: datetime, verified_at: datetime | None) -> datetime | None:
    return verified_at if clock.response.start is Start.VERIFICATION else received_at


def due(
    clock: Clock,
    received_at: datetime,
    counting: Counting,
    *,
    verified_at: datetime | None = None,
    paused_days: int = 0,
) -> Due:
    """
    Return when a request must be answered.

    The day of receipt is not counted. Months are calendar months: one month from 31 January is
    28 (or 29) February.

    Args:
        received_at: The moment of receipt, not of verification.
        verified_at: When the person proved who they are, for the rules that run from there;
            until then their outer limit applies. A promise of our own runs from the same moment as
            the limit that it shortens.
        paused_days: See ``paused_days``.

    Raises:
        ConfigError: the rule counts working days and the calendar has none.

    Source: Civil Code of the PRC 201-203; Regulation (EEC, Euratom) 1182/71 Art. 3.
    """
    since = _since(clock, received_at, verified_at)
    limits = tuple(_limits(clock, counting, received_at, paused_days, since))
    kept = min(limits)
    promise = kept
    if clock.promise is not None and since is not None:
        promise = min(promise, _after(counting, since, clock.promise, paused_days))
    return Due(
        due_at=kept.kept,
        due_legal_at=min(limit.legal for limit in limits),
        promised_at=promise.kept,
        ack_at=_after(counting, received_at, clock.ack.period).kept,
        target_at=_target(clock, counting, since),
        provisional=kept.provisional or promise.provisional,
    )


def denied_by(
    clock: Clock, received_at: datetime, counting: Counting, *, paused_days: int = 0
) -> datetime | None:
    """
    Return by when the person must be told that it is denied; None where the law sets no such time.

    Source: GDPR 12(4).
    """
    if clock.denial.within is None:
        return None
    return _after(counting, received_at, clock.denial.within, paused_days).kept


def _target(clock: Clock, counting: Counting, since: datetime | None) -> datetime | None:
    if clock.response.target is None or since is None:
        return None
    return _after(counting, since, clock.response.target).kept


def extend(
    clock: Clock,
    received_at: datetime,
    counting: Counting,
    *,
    reason: str,
    notified_at: datetime,
    times_used: int = 0,
    paused_days: int = 0,
) -> Due:
    """
    Return the deadlines after a lawful extension.

    The longer period is counted from receipt as one period, so that 31 January and three
    months is 30 April.

    Args:
        notified_at: When the person is told of the extension and the reason for it.
        times_used: How often this request was extended before.

    Raises:
        Conflict: the regime knows no extension here, it was used, or it comes too late.
        Invalid: the reason is not one that the law names.

    Source: GDPR 12(3); 11 CCR 7021(b).
    """
    first = due(clock, received_at, counting, paused_days=paused_days)
    more = _more_time(clock, times_used)
    _check_extension(clock.extension, first, reason, notified_at)
    last = _last_day(counting, local_day(counting, received_at), more, paused_days)
    return replace(
        first,
        due_at=last.kept,
        due_legal_at=last.legal,
        promised_at=last.kept,
        provisional=last.provisional,
    )


def _more_time(clock: Clock, times_used: int) -> Period:
    """Return the whole period with one more extension in it."""
    first, rule = clock.response.period, clock.extension
    if not rule.allowed or rule.period is None or first is None:
        raise Conflict(
            "no extension exists for this kind under this regime: answer by the due date",
            code="extension_not_permitted",
        )
    if times_used >= rule.times:
        raise Conflict(
            f"extended {times_used} time(s) already, which is all the regime allows",
            code="extension_used",
        )
    count = first.count + rule.period.count * (times_used + 1)
    if rule.max_total_days is not None:
        count = min(count, rule.max_total_days)
    return Period(count, first.unit)


def _check_extension(rule: Extension, first: Due, reason: str, notified_at: datetime) -> None:
    if not reason or (rule.reasons and reason not in rule.reasons):
        message = "give the reason for the extension, one that the regime names"
        raise Invalid(message, [FieldError("reason", message, rule.reasons)])
    if rule.notify_before_first_due and notified_at > first.due_at:
        raise Conflict(
            "an extension must be told before the first due date, which has passed",
            code="extension_too_late",
        )


def check_pause(clock: Clock, cause: str) -> None:
    """
    Refuse a pause that the regime does not know.

    Raises:
        Conflict: no pause exists for this kind, or not for this cause.

    Source: UK GDPR 12A; GDPR 12(6); 11 CCR 7021(b).
    """
    if not clock.pause.allowed:
        raise Conflict(
            "the clock of this kind cannot stand still under this regime: it keeps running",
            code="pause_not_permitted",
        )
    if cause not in clock.pause.causes:
        raise Conflict(
            f"the clock stands still only for: {', '.join(clock.pause.causes)}",
            code="pause_not_permitted",
        )


def paused_days(pauses: Iterable[tuple[datetime, datetime]]) -> int:
    """
    Return the whole days that pauses add; what overlaps counts once, a part of a day never.

    Args:
        pauses: Begin and end of each; for one that still lasts, pass now as its end.
    """
    total, covered = timedelta(), None
    for begin, end in sorted(pauses):
        since = begin if covered is None else max(begin, covered)
        total += max(end - since, timedelta())
        covered = end if covered is None else max(end, covered)
    return total // DAY


def strictest(dues: Mapping[str, Due]) -> tuple[str, Due]:
    """
    Return the name whose limit is the earliest, and the earliest of every moment.

    Args:
        dues: By regime; not empty.
    """
    name = min(dues, key=lambda each: dues[each].due_at)
    every = dues.values()
    targets = [one.target_at for one in every if one.target_at is not None]
    return name, Due(
        due_at=dues[name].due_at,
        due_legal_at=min(one.due_legal_at for one in every),
        promised_at=min(one.promised_at for one in every),
        ack_at=min(one.ack_at for one in every),
        target_at=min(targets, default=None),
        provisional=dues[name].provisional,
    )


def tighten(promised_at: datetime, fresh: datetime) -> datetime:
    """Return what stands after a deadline was counted again: a promise never moves later."""
    return min(promised_at, fresh)


def moved(promised_at: datetime, before: datetime, after: datetime) -> datetime:
    """
    Return what is promised once a count went from *before* to *after*: later by that much, at most.

    What had been promised earlier than the count stays earlier by as much.
    """
    return promised_at + max(after - before, timedelta())
