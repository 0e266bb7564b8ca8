"""
The days that a report is about: whole days of one time zone.

A year of a report for a Chinese authority begins at another moment than one for California.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rights.domain.errors import FieldError, Invalid

EARLIEST: Final = 2000
LATEST: Final = 2200
_YEARS: Final = f"{EARLIEST}–{LATEST}"
_QUARTERS: Final = (1, 2, 3, 4)
_MONTHS: Final = 3
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """
    From the first day to the last, both included.

    Args:
        zone: Where the days begin and end.
    """

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The moment at which it begins; aware, UTC."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it; aware, UTC."""
        return _midnight(self.last + _DAY, self.zone)

    def closed(self, now: datetime) -> bool:
        """Return whether nothing can happen in it any more."""
        return self.end <= now

    def begun(self, now: datetime) -> bool:
        """Return whether anything can have happened in it."""
        return self.start <= now


def year(number: int, zone: ZoneInfo, quarter: int | None = None) -> Period:
    """
    Return a calendar year, or a quarter of it.

    Raises:
        Invalid: there is no such year or quarter.
    """
    if not EARLIEST <= number <= LATEST:
        raise _wrong("year", f"is a year from {EARLIEST} to {LATEST}", "between", _YEARS)
    if quarter is None:
        return Period(date(number, 1, 1), date(number, 12, 31), zone)
    if quarter not in _QUARTERS:
        raise _wrong("quarter", "is 1, 2, 3 or 4", "between", "1–4")
    first = date(number, _MONTHS * quarter - 2, 1)
    after = date(number, _MONTHS * quarter + 1, 1) if quarter < _QUARTERS[-1] else None
    return Period(first, (after or date(number + 1, 1, 1)) - _DAY, zone)


def between(first: date, last: date, zone: ZoneInfo) -> Period:
    """
    Return the days from *first* to *last*.

    Raises:
        Invalid: it ends before it begins, or is of no year that reports are made of.
    """
    if last < first:
        raise _wrong("last", "is not before the day it begins", "ends_first")
    if not EARLIEST <= first.year <= last.year <= LATEST:
        raise _wrong("first", f"is a day of the years {EARLIEST} to {LATEST}", "between", _YEARS)
    return Period(first, last, zone)


def _wrong(field: str, message: str, rule: str, bound: str = "") -> Invalid:
    wrong = FieldError(field, message, rule=rule, bound=bound)
    return Invalid("a report cannot be made of this period", [wrong])


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
