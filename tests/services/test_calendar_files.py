"""What an override file may say of a year's working days: a slip must not empty the year."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rights.app import context_of
from rights.domain.calendars import Calendar
from rights.domain.errors import ConfigError
from rights.services.regimes import load
from tests.services.regime_files import change_new
from tests.services.test_regimes import DAYS_OFF_2027
from tests.web.house import settings_for
from workflows.building import context_for

SOURCE = "https://www.gov.cn/holidays"
NAMED = st.dates(date(2025, 6, 1), date(2029, 6, 1))


def _written(file: Path, place: str = "cn", **years: dict[str, list[date]]) -> Path:
    schedules = {int(name[1:]): {"source": SOURCE, **days} for name, days in years.items()}
    change_new(file, {"calendars": {place: schedules}})
    return file


def _off(year: int, more: Iterable[date] = ()) -> list[date]:
    return [*(day.replace(year=year) for day in DAYS_OFF_2027), *more]


def _calendar(file: Path, law: str = "cn_general") -> Calendar:
    calendar = load(override=file)[law].counting.calendar
    assert calendar is not None
    return calendar


@pytest.mark.requirement("R-SLA-3:bad")
def test_a_schedule_of_the_days_of_another_year_is_refused_with_the_place(override: Path) -> None:
    _written(override, y2026={"off_days": _off(2030), "makeup_workdays": [date(2030, 1, 5)]})

    with pytest.raises(ConfigError) as refused:
        load(override=override)

    off, worked = refused.value.problems
    assert f"{override.name}:6 calendars" in off
    assert "calendars.cn.2026.off_days: 2030-01-01, 2030-02-05, 2030-02-06 and 8 more" in off
    assert "calendars.cn.2026.makeup_workdays: 2030-01-05: each day of this schedule" in worked
    for told in (off, worked):
        assert "must belong to 2026, or to December of the year before from day 18 on" in told
        assert "correct the year, or list the day under its own year" in told


def test_no_process_starts_with_a_day_of_another_year(override: Path, tmp_path: Path) -> None:
    _written(override, y2027={"off_days": _off(2027, [date(2025, 1, 1)])})
    where = ("sqlite://", "redis://127.0.0.1:1", tmp_path)
    settings = settings_for(*where, regimes_override=override)

    for start in (context_of, context_for):  # the relay is put together like a worker
        with pytest.raises(ConfigError, match="2025-01-01: each day"):
            start(settings)


@given(named=NAMED, worked=st.booleans())
@example(named=date(2026, 12, 17), worked=True)
@example(named=date(2026, 12, 18), worked=True)
@example(named=date(2026, 12, 31), worked=False)
@example(named=date(2027, 12, 31), worked=False)
@example(named=date(2028, 1, 1), worked=True)
@example(named=date(2025, 12, 31), worked=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_notice_names_days_of_its_year_and_of_the_two_weeks_before_it(
    override: Path, named: date, *, worked: bool
) -> None:
    off = [day for day in _off(2027) if day != named] + [date(2027, 10, 1)] * worked
    more = {"makeup_workdays": [named]} if worked else {}
    _written(override, y2027={"off_days": off if worked else [*off, named], **more})

    two_weeks = timedelta() < date(2027, 1, 1) - named <= timedelta(days=14)
    if named.year == 2027 or two_weeks:
        assert _calendar(override).works(named) is worked
    else:
        with pytest.raises(ConfigError, match=f"{named}: each day of this schedule"):
            load(override=override)


def test_days_of_december_outlive_the_schedule_of_their_own_year(override: Path) -> None:
    """Whichever year stands first in the file: the later notice has the last word."""
    saturday, thursday = date(2026, 12, 26), date(2026, 12, 31)
    next_year = {"off_days": _off(2027, [thursday]), "makeup_workdays": [saturday]}
    _written(override, y2027=next_year, y2026={"off_days": _off(2026)})

    calendar = _calendar(override)

    assert calendar.works(saturday)
    assert not calendar.works(thursday)
    assert calendar.known_years is not None
    assert calendar.known_years >= {2026, 2027}


def test_a_day_that_two_notices_say_otherwise_of_is_refused(override: Path) -> None:
    day = date(2026, 12, 31)
    worked = {"off_days": _off(2027), "makeup_workdays": [day]}
    _written(override, y2026={"off_days": _off(2026, [day])}, y2027=worked)

    with pytest.raises(ConfigError, match="2026-12-31 is both a day off and worked"):
        load(override=override)


def test_where_no_notice_is_published_no_day_of_december_is_named_by_the_next_year(
    override: Path,
) -> None:
    _written(override, "uk", y2027={"off_days": [date(2026, 12, 28)]})

    with pytest.raises(ConfigError, match="must belong to 2027; correct the year"):
        load(override=override)

    _written(override, "uk", y2027={"off_days": [date(2027, 5, 3)]})
    calendar = _calendar(override, "uk_gdpr")
    assert not calendar.works(date(2027, 5, 3))
    assert calendar.works(date(2027, 12, 27))
    assert not calendar.works(date(2026, 12, 25))
