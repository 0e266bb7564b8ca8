"""Counting along calendars that are given as data."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
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
        open_from=draw(st.sampled_from([0, 24])),
    )


@st.composite
def notices(draw: st.DrawFn) -> tuple[Calendar, Calendar]:
    """Return what is known in autumn, and once the next year's notice is there."""
    before = replace(draw(calendars()), known_years=frozenset({2026}), open_from=24)
    named = st.frozensets(st.dates(date(2026, 12, 24), date(2027, 12, 31)), max_size=40)
    worked = draw(named)
    off = draw(named) - worked
    after = replace(
        before,
        off_days=(before.off_days - worked) | off,
        makeup_workdays=(before.makeup_workdays - off) | worked,
        known_years=frozenset({2026, 2027, 2028}),
        open_from=0,
    )
    return before, after


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


LATE_2026 = replace(AUTUMN_2026, open_from=24)


@pytest.mark.requirement("R-SLA-4")
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 12, 3), (date(2026, 12, 24), False)),
        (date(2026, 12, 4), (date(2026, 12, 25), False)),
        (date(2026, 12, 6), (date(2026, 12, 25), False)),
        (date(2026, 12, 7), (date(2026, 12, 26), True)),  # a Saturday that may be worked
        (date(2026, 12, 8), (date(2026, 12, 26), True)),
        (date(2026, 12, 9), (date(2026, 12, 27), True)),
        (date(2026, 12, 10), (date(2026, 12, 28), True)),
        (date(2026, 12, 11), (date(2026, 12, 29), True)),
    ],
)
def test_a_count_that_passes_a_day_off_that_may_be_worked_says_so(
    start: date, end: tuple[date, bool]
) -> None:
    assert count_working(LATE_2026, start, 15) == end


def test_what_the_next_year_says_of_december_makes_the_count_certain() -> None:
    known = replace(
        LATE_2026,
        makeup_workdays=AUTUMN_2026.makeup_workdays | {date(2026, 12, 26)},
        known_years=frozenset({2026, 2027}),
    )
    assert count_working(known, date(2026, 12, 7), 15) == (date(2026, 12, 26), False)
    assert count_working(known, date(2026, 12, 10), 15) == (date(2026, 12, 30), False)


@given(notices(), st.dates(date(2026, 9, 1), date(2026, 12, 31)), SMALL)
def test_no_notice_makes_a_certain_count_earlier(
    known: tuple[Calendar, Calendar], start: date, days: int
) -> None:
    before, after = (count_working(each, start, days) for each in known)
    assert before.provisional or before.day <= after.day


@given(notices(), st.dates(date(2026, 12, 20), date(2027, 1, 5)))
def test_no_notice_makes_a_last_day_that_was_moved_earlier(
    known: tuple[Calendar, Calendar], day: date
) -> None:
    before, after = (working_day_after(each, day) for each in known)
    assert day <= before <= after


@given(calendars(), DAYS, SMALL)
def test_a_count_that_no_notice_can_change_is_certain(
    calendar: Calendar, start: date, days: int
) -> None:
    """The days before the 24th, and what is worked already, leave no mark."""
    alone = replace(calendar, open_from=0)
    end, provisional = count_working(alone, start, days)
    walked = (start + timedelta(days=day) for day in range(1, (end - start).days))
    if not provisional and not any(map(calendar.may_become_worked, walked)):
        assert count_working(calendar, start, days) == (end, False)


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
    unsure = not calendar.knows(after) or calendar.may_become_worked(after)
    assert calendar.works(after) or unsure


def test_a_last_day_is_not_moved_later_in_a_year_without_data() -> None:
    sunday = date(2027, 1, 3)
    assert working_day_after(AUTUMN_2026, sunday) == sunday
    saturday = date(2026, 12, 26)
    assert working_day_after(AUTUMN_2026, saturday) == date(2026, 12, 28)
    assert working_day_after(LATE_2026, saturday) == saturday


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
