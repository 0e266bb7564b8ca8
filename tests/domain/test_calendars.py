"""Counting along calendars that are given as data."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.calendars import (
    Calendar,
    Counting,
    add_months,
    count_working,
    working_calendar,
    working_day_after,
    working_day_before,
    year_to_load,
)
from rights.domain.errors import ConfigError

AUTUMN_2026 = Calendar(
    off_days=frozenset(
        {date(2026, 9, 25), *(date(2026, 10, day) for day in range(1, 8))},
    ),
    makeup_workdays=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
    known_years=frozenset({2026}),
    fallback_minus=3,
)
WEEKDAYS = Calendar()
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
SMALL = st.integers(1, 60)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=40)
    off = draw(days)
    return Calendar(
        off_days=off,
        makeup_workdays=draw(days) - off,
        known_years=draw(st.sampled_from([None, frozenset({2025, 2026}), frozenset({2026})])),
        fallback_minus=draw(st.integers(0, 5)),
    )


@pytest.mark.requirement("R-SLA-3")
def test_a_sunday_that_is_worked_counts() -> None:
    assert count_working(AUTUMN_2026, date(2026, 9, 18), 1).day == date(2026, 9, 20)


def test_a_weekday_that_is_off_does_not_count() -> None:
    assert count_working(AUTUMN_2026, date(2026, 9, 30), 1).day == date(2026, 10, 8)


def test_the_day_of_receipt_is_not_counted() -> None:
    assert count_working(WEEKDAYS, date(2026, 11, 23), 1).day == date(2026, 11, 24)


def test_a_count_that_reaches_a_year_without_data_is_shortened_and_says_so() -> None:
    counted = count_working(AUTUMN_2026, date(2026, 12, 11), 15)
    assert counted == (date(2026, 12, 29), True)


def test_a_shortened_count_never_ends_before_the_earliest_possible_day() -> None:
    counted = count_working(AUTUMN_2026, date(2027, 3, 1), 1)
    assert counted == (date(2027, 3, 2), True)


@given(calendars(), DAYS, SMALL)
def test_a_count_ends_at_least_that_many_days_later(
    calendar: Calendar, start: date, days: int
) -> None:
    assert count_working(calendar, start, days).day >= start + timedelta(days=days)


@given(calendars(), DAYS, SMALL)
def test_a_certain_count_has_exactly_that_many_working_days(
    calendar: Calendar, start: date, days: int
) -> None:
    end, provisional = count_working(calendar, start, days)
    walked = (start + timedelta(days=day) for day in range(1, (end - start).days + 1))
    assert provisional or sum(map(calendar.works, walked)) == days


@given(calendars(), DAYS, SMALL)
def test_a_later_start_never_gives_an_earlier_certain_end(
    calendar: Calendar, start: date, days: int
) -> None:
    first = count_working(calendar, start, days)
    second = count_working(calendar, start + timedelta(days=1), days)
    assert first.provisional != second.provisional or first.day <= second.day


@given(calendars(), DAYS)
def test_the_nearest_working_days_enclose_any_day(calendar: Calendar, day: date) -> None:
    before, after = working_day_before(calendar, day), working_day_after(calendar, day)
    assert before <= day <= after
    assert calendar.works(before)
    assert calendar.works(after) or not calendar.knows(after)


def test_a_last_day_is_not_moved_later_in_a_year_without_data() -> None:
    sunday = date(2027, 1, 3)
    assert working_day_after(AUTUMN_2026, sunday) == sunday


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 3, date(2026, 4, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 5, 15), 24, date(2028, 5, 15)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last_one(
    day: date, months: int, expected: date
) -> None:
    assert add_months(day, months) == expected


@given(DAYS, st.integers(0, 36))
def test_months_never_spill_into_the_month_after(day: date, months: int) -> None:
    end = add_months(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == min(day.day, monthrange(end.year, end.month)[1])


@given(DAYS, st.integers(0, 36))
def test_months_from_a_later_day_never_end_earlier(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(day + timedelta(days=1), months)


def test_counting_working_days_where_none_are_defined_names_the_remedy() -> None:
    counting = Counting("br", ZoneInfo("America/Sao_Paulo"), None, False, False, "LGPD 19", "B")
    with pytest.raises(ConfigError, match=r"counting 'br'.*working_days"):
        working_calendar(counting)


@pytest.mark.parametrize(
    ("today", "year"),
    [
        (date(2026, 10, 1), None),
        (date(2026, 11, 1), None),
        (date(2026, 11, 2), 2027),
        (date(2026, 12, 31), 2027),
        (date(2027, 2, 1), 2027),
    ],
)
def test_a_missing_schedule_is_asked_for_sixty_days_ahead(today: date, year: int | None) -> None:
    assert year_to_load(AUTUMN_2026, today) == year


def test_a_calendar_without_schedules_never_asks_for_one() -> None:
    assert year_to_load(WEEKDAYS, date(2099, 12, 31)) is None
