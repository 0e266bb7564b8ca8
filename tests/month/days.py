"""Working days and ends of days, counted along literal tables."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.month.laws import DAY, MONTH

ONE = timedelta(days=1)
ZONES = {
    "cn": ZoneInfo("Asia/Shanghai"),
    "eu": ZoneInfo("Europe/Dublin"),
    "uk": ZoneInfo("Europe/London"),
    "us": ZoneInfo("America/Los_Angeles"),
    "br": ZoneInfo("America/Sao_Paulo"),
}
UNSEEN = 3
"""Days taken off a count that hangs on a year whose working days nobody knows."""

OPEN = 24
"""From here on in December a day off in China may become a working day of the next year's."""


def _days(*said: str) -> frozenset[date]:
    """Return days written as "2026-02-15/23": from the first to the last of a month."""
    found: list[date] = []
    for one in said:
        first, _, last = one.partition("/")
        begin = date.fromisoformat(first)
        found += (begin.replace(day=n) for n in range(begin.day, int(last or begin.day) + 1))
    return frozenset(found)


OFF = {
    # State Council notices of 2024-11-12 and 2025-11-04: from November 2025 to June 2026.
    "cn": _days("2026-01-01/3", "2026-02-15/23", "2026-04-04/6", "2026-05-01/5", "2026-06-19/21"),
    "eu": _days("2025-12-25/26", "2026-01-01", "2026-02-02", "2026-03-17", "2026-04-06",
                "2026-05-04", "2026-06-01"),
    "uk": _days("2025-12-25/26", "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04",
                "2026-05-25"),
}  # fmt: skip
WORKED = {"cn": _days("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09")}
MOVES_LATER = {"cn", "eu", "uk"}
"""Where a last day that is off may move to the next working day."""

KEPT_EARLY = {"eu", "uk"}
"""Where we then keep the working day before."""

Known = frozenset[int]
"""The years whose Chinese working days are known."""


def works(where: str, day: date) -> bool:
    return day in WORKED.get(where, ()) or (day.weekday() < 5 and day not in OFF.get(where, ()))


def unknown(where: str, day: date, known: Known) -> bool:
    return where == "cn" and day.year not in known


def unsettled(where: str, day: date, known: Known) -> bool:
    """Whether a day off of a December waits for the notice of the next year."""
    if works(where, day) or (day.month, day.day) < (12, OPEN):
        return False
    return not unknown(where, day, known) and unknown(where, day.replace(day.year + 1), known)


@cache
def count(where: str, start: date, number: int, unit: str, known: Known) -> tuple[date, bool]:
    """Return the last day of a period, and whether it is only an estimate."""
    if unit == DAY:
        return start + number * ONE, False
    if unit == MONTH:
        months = start.month - 1 + number
        year, month = start.year + months // 12, months % 12 + 1
        return date(year, month, min(start.day, calendar.monthrange(year, month)[1])), False
    day, left, blind = start, number, unknown(where, start, known)
    soonest = start + number * ONE
    while left and not blind:
        day += ONE
        blind = unknown(where, day, known)
        if unsettled(where, day, known):
            blind, soonest = True, max(soonest, day)
        left -= works(where, day)
    if not blind:
        return day, False
    plain, left = start, number
    while left:
        plain += ONE
        left -= plain.weekday() < 5
    return max(plain - UNSEEN * ONE, soonest), True


def kept_and_legal(where: str, start: date, day: date, known: Known) -> tuple[date, date]:
    """Return the day we keep and the one that the law allows for a period of days or months."""
    kept = legal = day
    while where in KEPT_EARLY and not works(where, kept):
        kept -= ONE
    while where in MOVES_LATER and not works(where, legal):
        if unknown(where, legal, known) or unsettled(where, legal, known):
            break
        legal += ONE
    return max(kept, start), max(legal, start)


def local(where: str, at: datetime) -> date:
    return at.astimezone(ZONES[where]).date()


@cache
def end(where: str, day: date) -> datetime:
    """Return the last second of a day."""
    return datetime.combine(day, time(23, 59, 59), ZONES[where]).astimezone(UTC)
