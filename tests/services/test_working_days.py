"""The working days of China, beside a second library that knows them."""

from __future__ import annotations

import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest

from rights.domain.calendars import Calendar, count_working
from rights.services.calendar_files import LAST_YEAR as LAST_COMPUTED
from rights.services.calendar_files import published
from rights.services.one_country import country_holidays
from rights.services.regimes import regimes

FIRST_YEAR, LAST_YEAR = 2004, 2026
"""What both libraries know of the exchange of working days in China."""

DIFFER = {
    date(2005, 12, 31): "a Saturday worked in exchange for 2 and 3 January 2006: General Office of"
    " the State Council, notice 35 of 2005 (16 December) on the holidays of 2006, item 1",
}
"""What is worked and the other library calls a day off, and by which source it is worked."""


def _published() -> Calendar:
    """Return what the product knows of China, from the first year the other library knows."""
    known = published("CN", None, first_year=FIRST_YEAR, yearly=True)
    return Calendar(known.off_days, known.makeup_workdays, known_years=known.years)


def _days(first: int) -> Iterator[date]:
    day = date(first, 1, 1)
    while day.year <= LAST_YEAR:
        yield day
        day += timedelta(days=1)


@pytest.mark.requirement("R-SLA-3")
def test_every_day_of_every_published_year_is_worked_or_off_as_another_library_says() -> None:
    ours, used = _published(), regimes()["cn_general"].counting.calendar
    theirs = {day: chinese_calendar.is_workday(day) for day in _days(FIRST_YEAR)}

    assert {day for day, works in theirs.items() if ours.works(day) != works} == set(DIFFER)
    assert all(ours.knows(day) for day in theirs)
    assert used is not None
    assert {d for d in theirs if d.year >= 2020 and used.works(d) != theirs[d]} == set()
    makeup = {day for day, works in theirs.items() if works and day.weekday() > 4}
    assert ours.makeup_workdays == makeup | set(DIFFER)


@pytest.mark.requirement("R-SLA-3", "R-SLA-4")
def test_fifteen_working_days_are_counted_as_another_library_counts_them() -> None:
    calendar, longest, worst = _published(), timedelta(), timedelta()
    worked = [day for day in _days(2012) if chinese_calendar.is_workday(day)]
    for day in _days(2012):
        if (last := bisect_right(worked, day) + 14) >= len(worked):
            break
        end = worked[last]
        assert count_working(calendar, day, 15) == (end, False)
        longest = max(longest, end - day)
        worst = max(worst, count_working(Calendar(), day, 15).day - end)

    assert day > date(2026, 12, 1)
    assert longest == timedelta(days=29)  # never later than thirty calendar days
    assert worst == timedelta(days=3)  # what is taken off where a year is not known yet


@pytest.mark.requirement("R-SLA-4")
def test_december_is_named_by_the_next_year_no_earlier_than_the_rules_say() -> None:
    """The fact behind the two days of December that counting.yaml has."""
    known = published("CN", None, first_year=2001, yearly=True)
    used = regimes()["cn_general"].counting.calendar
    named = {day for day in known.makeup_workdays if day.month == 12}
    named |= {day for day in known.off_days if day.month == 12 and day.weekday() < 5}

    assert used is not None
    assert used.open_from == 24 < min(day.day for day in named) == 29
    assert {day.year for day in named} == {2001, 2005, 2006, 2007, 2011, 2018}


@pytest.mark.requirement("R-SLA-4")
@pytest.mark.parametrize("number", [1, 3, 7, 10, 15])
def test_what_was_certain_in_any_december_stayed_so_when_the_next_notice_came(number: int) -> None:
    whole, marked = _published(), 0
    for year in range(FIRST_YEAR, LAST_YEAR):
        own = date(year, 12, 24)  # what no notice of the year itself has ever named
        then = Calendar(
            frozenset(day for day in whole.off_days if day < own),
            frozenset(day for day in whole.makeup_workdays if day < own),
            known_years=frozenset(range(FIRST_YEAR, year + 1)),
            fallback_minus=3,
            open_from=24,
        )
        for start in (date(year, 11, 15) + timedelta(days=n) for n in range(47)):
            found, truth = (count_working(each, start, number) for each in (then, whole))
            assert found.day <= truth.day, (start, found, truth)
            marked += found.provisional
            assert not found.provisional or truth.day > own, (start, found)
    assert marked


_ONE = """
import sys
from rights.services.regimes import regimes
regimes()
print(sum(name.startswith("holidays.countries.") for name in sys.modules))
"""


@pytest.mark.parametrize(
    ("country", "subdivision"),
    [
        ("CN", None),
        ("IE", None),
        ("GB", "ENG"),
        ("GBR", "ENG"),
        ("DE", "BY"),
        ("BR", "SP"),
        ("US", "CA"),
        ("AX", None),  # builds upon another country
    ],
)
def test_a_country_loaded_by_itself_has_the_days_that_the_library_says(
    country: str, subdivision: str | None
) -> None:
    years = range(2020, LAST_COMPUTED + 1)

    ours = country_holidays(country, subdiv=subdivision, years=years)

    theirs = holidays.country_holidays(country, subdiv=subdivision, years=years)
    assert dict(ours) == dict(theirs)
    assert ours
    assert ours.weekend_workdays == theirs.weekend_workdays


@pytest.mark.parametrize(("country", "subdivision"), [("XX", None), ("DE", "XX")])
def test_a_country_or_subdivision_that_the_library_does_not_know_is_refused(
    country: str, subdivision: str | None
) -> None:
    with pytest.raises(NotImplementedError):
        country_holidays(country, subdiv=subdivision)


def test_the_laws_are_read_without_loading_the_holidays_of_every_country() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ONE], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.split() == ["0"]
