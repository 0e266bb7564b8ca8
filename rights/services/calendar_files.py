"""
Calendars from ``regimes/counting.yaml``, the ``holidays`` library and a deployment's own file.

The library knows public holidays and, for China, the yearly exchange of working days as far as
it was published when the library was. A deployment loads a newer year from its override file,
which then replaces all that the library says about that year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rights.domain.calendars import Calendar, Counting
from rights.services.located_yaml import Section
from rights.services.one_country import country_holidays
from rights.services.regime_blocks import source

LAST_YEAR: Final = 2050
"""Holidays that follow from rules are computed up to here; later years count as unknown."""

_DECEMBER: Final = 12
_LAST_OF_DECEMBER: Final = 31
_SHOWN: Final = 3
"""How many days that are out of place are named; a list for a wrong year has dozens."""


class Weekday(StrEnum):
    """The days of the week, in the order of ``date.weekday()``."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class LastDay(StrEnum):
    """What happens to a last day that is no working day."""

    AS_COUNTED = "as_counted"
    NEXT = "next_working_day"
    PREVIOUS = "previous_working_day"


@dataclass(frozen=True, slots=True)
class Establishment:
    """Where the deployment is established, for laws that count by the place's holidays."""

    country: str
    subdivision: str | None
    zone: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """One published year: which days are off, which are worked instead."""

    year: int
    off_days: frozenset[date]
    makeup_workdays: frozenset[date]


@dataclass(frozen=True, slots=True)
class _Notices:
    """
    What the yearly notices of a place are like; a place without them has none of it.

    Args:
        least: A year has so many days off, or more.
        named_from: From this day of December on, days may be named by the notice of the next
            year; none are where it is 0.
        open_from: From this day of December on, dates wait for that notice.
    """

    fallback_minus: int = 0
    least: int = 0
    named_from: int = 0
    open_from: int = 0

    def names(self, day: date, year: int) -> bool:
        """Whether the notice of *year* may name *day*, a day of another year."""
        before = bool(self.named_from) and (day.year, day.month) == (year - 1, _DECEMBER)
        return before and day.day >= self.named_from


@dataclass(frozen=True, slots=True)
class _Known:
    off_days: frozenset[date]
    makeup_workdays: frozenset[date]
    years: frozenset[int]

    def with_schedules(self, new: Sequence[Schedule], rules: _Notices) -> _Known:
        """Let each loaded schedule stand for all that the notice of its year says."""
        years = frozenset(one.year for one in new)
        off = frozenset[date]().union(*(one.off_days for one in new))
        worked = frozenset[date]().union(*(one.makeup_workdays for one in new))

        def kept(days: frozenset[date]) -> frozenset[date]:
            named = {day: day.year + rules.names(day, day.year + 1) for day in days}
            return frozenset(
                day
                for day, year in named.items()
                if (year if year in self.years else day.year) not in years
            )

        return _Known(
            (kept(self.off_days) - worked) | off,
            (kept(self.makeup_workdays) - off) | worked,
            self.years | years,
        )


def read_counting(
    root: Section, establishment: Establishment | None, loaded: Section | None
) -> dict[str, Counting]:
    """
    Read every way of counting.

    Args:
        root: ``counting.yaml``.
        loaded: ``calendars`` of the override file: by name of the counting, by year.
    """
    found = {}
    for name, section in root.sections():
        here = loaded.section(name) if loaded is not None else None
        place = establishment if section.flag("establishment") else None
        found[name] = _counting(name, section, place, here)
        section.done()
    if loaded is not None:
        loaded.seen.update(found)
        loaded.done()
    return found


def _counting(
    name: str, section: Section, place: Establishment | None, loaded: Section | None
) -> Counting:
    own = _zone(section, "zone")
    zone = own if place is None else ZoneInfo(place.zone)
    days = section.section("working_days")
    calendar = _calendar(days, place, loaded) if days is not None else None
    last = section.section("last_day")
    legal = kept = LastDay.AS_COUNTED
    if last is not None:
        legal, kept = last.choice("legal", LastDay), last.choice("kept", LastDay)
        last.done()
    if calendar is None and {legal, kept} != {LastDay.AS_COUNTED}:
        section.complain("moving the last day needs working_days", "last_day")
    if legal is LastDay.PREVIOUS or kept is LastDay.NEXT:
        section.complain("the law may move a last day forward, we only backward", "last_day")
    where = source(section)
    return Counting(
        name,
        zone,
        calendar,
        rolls=legal is LastDay.NEXT,
        keeps_early=kept is LastDay.PREVIOUS,
        source=where.text,
        confidence=where.confidence,
    )


def _calendar(
    section: Section, place: Establishment | None, loaded: Section | None
) -> Calendar | None:
    days = [each.value for each in Weekday]
    weekend = section.words("weekend")
    if not set(weekend) <= set(days):
        section.complain(f"must be of {', '.join(days)}", "weekend")
    schedule = section.section("schedule")
    rules = _notices(schedule) if schedule is not None else _Notices()
    known = _known(section, place, yearly=schedule is not None)
    new = _schedules(loaded, rules)
    if known is not None:
        known = known.with_schedules(new, rules)
    section.done()
    return Calendar(
        off_days=known.off_days if known else frozenset(),
        makeup_workdays=known.makeup_workdays if known else frozenset(),
        weekend=frozenset(days.index(day) for day in weekend if day in days),
        known_years=known.years if known else None,
        fallback_minus=rules.fallback_minus,
        open_from=rules.open_from,
    )


def _known(section: Section, place: Establishment | None, *, yearly: bool) -> _Known | None:
    """Return what the library knows, or None where the regime counts weekends only."""
    if section.values.get("holidays") == "none":
        section.seen.add("holidays")
        return None
    where = section.section("holidays")
    if where is None:
        section.complain("name a country, or say none", "holidays")
        return None
    country, subdivision = where.text("country"), where.text("subdivision", "") or None
    first = where.count("first_year")
    where.done()
    if place is not None:
        country, subdivision = place.country, place.subdivision
    try:
        return published(country, subdivision, first_year=first, yearly=yearly)
    except NotImplementedError:
        section.complain("no holidays are known for this country or subdivision", "holidays")
        return None


def published(country: str, subdivision: str | None, *, first_year: int, yearly: bool) -> _Known:
    """
    Return what the library knows of a country.

    Args:
        yearly: Only years whose schedule was published count as known. The library lists
            those under its special holidays; for other years it knows the festivals but not
            which days are worked instead.

    Raises:
        NotImplementedError: the library has no such country or subdivision.
    """
    every = range(first_year, LAST_YEAR + 1)
    special = country_holidays(country, subdiv=subdivision).special_public_holidays
    years = [year for year in every if not yearly or year in special]
    book = country_holidays(country, subdiv=subdivision, years=years)
    return _Known(
        frozenset(day for day in book if day.year in years),
        frozenset(day for day in book.weekend_workdays if day.year in years),
        frozenset(years),
    )


def _notices(section: Section) -> _Notices:
    december = section.section("december")
    named = waiting = 0
    if december is not None:
        named, waiting = december.count("named_from"), december.count("open_from")
        if not named <= waiting <= _LAST_OF_DECEMBER:
            december.complain(f"must be from named_from to {_LAST_OF_DECEMBER}", "open_from")
        source(december)
        december.done()
    found = _Notices(
        fallback_minus=section.count("fallback_minus_days", least=0),
        least=section.count("least_days_off"),
        named_from=named,
        open_from=waiting,
    )
    section.done()
    return found


def _schedules(loaded: Section | None, rules: _Notices) -> list[Schedule]:
    found: list[Schedule] = []
    for name, section in loaded.sections() if loaded is not None else ():
        days = {key: section.days(key) for key in ("off_days", "makeup_workdays")}
        off, worked = days["off_days"], days["makeup_workdays"]
        if not section.text("source").startswith(("https://", "http://")):
            section.complain("give the address of the published schedule", "source")
        if len(off) < rules.least:
            section.complain(f"a year has {rules.least} days off or more: list all", "off_days")
        section.done()
        if not name.isdecimal():
            section.complain("must be a year")
            continue
        for key, named in days.items():
            _belong(section, key, named, int(name), rules)
        off_too = off.union(*(one.off_days for one in found))
        worked_too = worked.union(*(one.makeup_workdays for one in found))
        for day in sorted(off & worked_too | worked & off_too):
            section.complain(f"{day} is both a day off and worked: keep one", "makeup_workdays")
        found.append(Schedule(int(name), off, worked))
    return found


def _belong(section: Section, key: str, days: frozenset[date], year: int, rules: _Notices) -> None:
    """Complain of days that the notice of *year* cannot name: a slip would empty the year."""
    strange = sorted(day for day in days if day.year != year and not rules.names(day, year))
    if not strange:
        return
    shown = ", ".join(map(str, strange[:_SHOWN]))
    shown += f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
    before = (
        f", or to December of the year before from day {rules.named_from} on"
        if rules.named_from
        else ""
    )
    section.complain(
        f"{shown}: each day of this schedule must belong to {year}{before}; correct the year, or"
        " list the day under its own year",
        key,
    )


def read_establishment(section: Section | None) -> Establishment | None:
    """Read where the deployment is established, if it says so."""
    if section is None:
        return None
    zone = _zone(section, "zone")
    subdivision = section.text("subdivision", "") or None
    place = Establishment(section.text("country"), subdivision, zone.key)
    section.done()
    return place


def _zone(section: Section, key: str) -> ZoneInfo:
    try:
        return ZoneInfo(section.text(key))
    except (ZoneInfoNotFoundError, ValueError):
        section.complain("is not a time zone such as Europe/Berlin", key)
        return ZoneInfo("UTC")
