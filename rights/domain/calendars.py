"""
Which days are working days, and counting along them.

A calendar is data: the weekend, the days off, and the days that are worked although they fall
on a weekend (China moves working days around its long holidays). Counting Monday to Friday is
wrong in both directions there, and a wrong day is a missed deadline.

Nothing here reads a file or a clock. Calendars compare by identity, which makes the counted
days cheap to remember.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rights.domain.errors import ConfigError

DAY: Final = timedelta(days=1)
_DECEMBER: Final = 12
WARN_BEFORE: Final = timedelta(days=60)
"""How long before the end of a year the next year's schedule must be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """
    The working days of one place.

    Args:
        off_days: Holidays, whatever day of the week.
        makeup_workdays: Days worked although the weekend or a holiday says otherwise.
        weekend: As ``date.weekday()``: Monday is 0.
        known_years: The years that have data; None where weekends alone decide.
        fallback_minus: Calendar days taken off a Monday-to-Friday count that touches a year
            without data: the largest error such a count has had.
        open_from: From this day of December on, days are worked or off as the next year's data
            say too; 0 where a year stands for itself.
    """

    off_days: frozenset[date] = frozenset()
    makeup_workdays: frozenset[date] = frozenset()
    weekend: frozenset[int] = frozenset({5, 6})
    known_years: frozenset[int] | None = None
    fallback_minus: int = 0
    open_from: int = 0

    def knows(self, day: date) -> bool:
        """Whether there is data for the year of *day*."""
        return self.known_years is None or day.year in self.known_years

    def may_become_worked(self, day: date) -> bool:
        """Whether *day* is off only until the data of the next year are there."""
        if not self.open_from or (day.month, day.day) < (_DECEMBER, self.open_from):
            return False
        if not self.knows(day) or self.knows(date(day.year + 1, 1, 1)):
            return False
        return not self.works(day)

    def works(self, day: date) -> bool:
        """Whether *day* is a working day, as far as the data goes."""
        if day in self.makeup_workdays:
            return True
        return day.weekday() not in self.weekend and day not in self.off_days


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """
    How days are counted where a regime applies.

    Args:
        name: As in ``regimes/counting.yaml``.
        zone: Decides on which day a request was received, and when a day ends.
        calendar: None where no rule counts working days.
        rolls: The law lets a period of days or months that ends on a day off end on the next
            working day.
        keeps_early: We then keep, and promise, the working day before.
        source: Where the law says so.
        confidence: A, B or C, see the regime files.
    """

    name: str
    zone: ZoneInfo
    calendar: Calendar | None
    rolls: bool
    keeps_early: bool
    source: str
    confidence: str


class Counted(NamedTuple):
    """A counted day; *provisional* when it hangs on the data of a year that has none."""

    day: date
    provisional: bool


def _from(day: date, step: timedelta) -> Iterator[date]:
    while True:
        yield day
        day += step


@lru_cache(maxsize=8192)
def count_working(calendar: Calendar, start: date, days: int) -> Counted:
    """
    Return the *days*-th working day after *start*, which itself is not counted.

    Where the count touches a year without data, or passes a day off of which such a year may make
    a working day, it is made on weekends alone and shortened by ``fallback_minus``; yet never below
    *days* calendar days, nor before that day off: no calendar could make it shorter.

    Source: Civil Code of the PRC 201; the margin is our own.
    """
    left, least = days, start + days * DAY
    for day in _from(start, DAY):
        if not calendar.knows(day):
            break
        if day > start and calendar.may_become_worked(day):
            least = max(least, day)
            break
        left -= day > start and calendar.works(day)
        if not left:
            return Counted(day, provisional=False)
    plain = _count_weekdays(calendar.weekend, start, days) - calendar.fallback_minus * DAY
    return Counted(max(plain, least), provisional=True)


def _count_weekdays(weekend: frozenset[int], start: date, days: int) -> date:
    left = days
    for day in _from(start, DAY):
        left -= day > start and day.weekday() not in weekend
        if not left:
            return day
    raise AssertionError  # pragma: no cover - the walk ends only by returning


def working_day_before(calendar: Calendar, day: date) -> date:
    """Return *day* if it is a working day, else the last one before it."""
    return next(d for d in _from(day, -DAY) if calendar.works(d))


def working_day_after(calendar: Calendar, day: date) -> date:
    """
    Return *day* if it is a working day, else the next one.

    Nothing is moved in a year without data, nor past a day off of which such a year may make a
    working day: the earlier day is the careful one.
    """

    def stays(day: date) -> bool:
        unsure = not calendar.knows(day) or calendar.may_become_worked(day)
        return unsure or calendar.works(day)

    return next(filter(stays, _from(day, DAY)))


def add_months(day: date, months: int) -> date:
    """
    Return the same day of the month so many *months* later, or that month's last day.

    Source: Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c); Civil Code of the PRC 202.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def working_calendar(counting: Counting) -> Calendar:
    """
    Return the calendar of *counting*.

    Raises:
        ConfigError: working days are asked for where none are defined.
    """
    if counting.calendar is None:
        raise ConfigError(
            f"counting '{counting.name}' defines no working days: give it working_days in "
            "regimes/counting.yaml, or count calendar days"
        )
    return counting.calendar


def year_to_load(calendar: Calendar, today: date) -> int | None:
    """Return the year whose schedule is due within 60 days (or overdue) and missing, if any."""
    for day in (today, today + WARN_BEFORE):
        if not calendar.knows(day):
            return day.year
    return None
