"""
What must fit together in a clock, beyond each block being well formed.

Each check returns the mistakes it found as (place in the clock, what to do); an empty answer
means the clock can be counted with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from rights.domain.calendars import Counting
from rights.domain.kinds import OPTIONS
from rights.domain.mapwords import Secret
from rights.domain.regime import ELEMENTS, EXTRA_KINDS, Clock, Period, Response, Span, Unit

Mistake = tuple[str, str]

_SHORTEST_MONTH: Final = 28
KNOWN_KEYS: Final = frozenset(
    {*EXTRA_KINDS, *OPTIONS, *(f"{kind}/{each}" for kind in OPTIONS for each in OPTIONS[kind])}
)
"""Every key a clock may have: a kind, or kind/option."""


def mistakes(clock: Clock, counting: Counting) -> Iterator[Mistake]:
    """Return everything that keeps *clock* from being counted."""
    yield from _units(clock, counting)
    yield from _response(clock.response)
    yield from _more_time(clock)
    if clock.promise is not None and not is_shorter(clock.promise, clock.response):
        yield "promise", "a promise may only be shorter than the legal limit: lower it"
    if not clock.denial.remedies:
        yield "denial.remedies", "names no way out: nobody is denied without one"
    if unknown := [name for name in clock.ack.must_contain if name not in ELEMENTS]:
        known = ", ".join(ELEMENTS)
        yield "ack.must_contain", f"nothing says {', '.join(unknown)}: name some of {known}"
    if clock.level is not None and "/" not in clock.key:
        yield "level", "is said of one option: what undoes a request keeps a level of its own"
    if strange := [name for name in clock.duties.never_disclose if name not in [*Secret]]:
        known = ", ".join(Secret)
        told = f"no data map marks {', '.join(strange)}: name some of {known}"
        yield "duties.never_disclose", told


def _units(clock: Clock, counting: Counting) -> Iterator[Mistake]:
    response = clock.response
    periods = (response.period, response.also_max, response.target, clock.ack.period, clock.promise)
    units = {each.unit for each in periods if isinstance(each, Period)}
    if Unit.WORKING_DAY in units and counting.calendar is None:
        yield "response", f"counts working days, which counting '{counting.name}' does not define"
    limits = {each.unit for each in (response.period, response.also_max) if each is not None}
    if limits >= {Unit.MONTH, Unit.WORKING_DAY}:
        yield "response", "mixes months and working days: state one of them"


def _response(response: Response) -> Iterator[Mistake]:
    if response.start != "received" and response.also_max is None:
        yield "response.also_max", "what starts at verification needs an outer limit from receipt"
    aim, limit = response.target, response.breach_after
    if aim is not None and limit is not None and not _within(aim, limit):
        yield "response.target", "aims at later than breach_after: lower it"


def _within(aim: Span, limit: timedelta) -> bool:
    """Return whether *aim* is never later than *limit*; a day that was begun may last 24 hours."""
    if isinstance(aim, timedelta):
        return aim <= limit
    return aim.unit is Unit.DAY and timedelta(days=aim.count + 1) <= limit


def _more_time(clock: Clock) -> Iterator[Mistake]:
    more, first = clock.extension, clock.response.period
    if more.allowed and (first is None or more.period is None or more.period.unit != first.unit):
        yield "extension", "must be counted in the unit of the response, or not be allowed"
    if clock.pause.allowed and first is None:
        yield "pause", "what happens at once cannot stand still: say allowed: false"


def is_shorter(promise: Span, response: Response) -> bool:
    """
    Whether *promise* can never end after the limit of *response*.

    Working days are compared with working days only: how many calendar days they span depends
    on the season.
    """
    limit = response.period
    if limit is None:
        return response.breach_after is not None and _within(promise, response.breach_after)
    if isinstance(promise, Period) and promise.unit is limit.unit:
        return promise.count <= limit.count
    least = timedelta(days=limit.count * (_SHORTEST_MONTH if limit.unit is Unit.MONTH else 1))
    if isinstance(promise, Period):
        return promise.unit is Unit.DAY and timedelta(days=promise.count) <= least
    return promise <= least
