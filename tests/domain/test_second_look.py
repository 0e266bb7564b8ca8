"""A second person has three working days, and never the last quarter of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rights.domain.second_look import until
from rights.services.regimes import regimes

CHINA = regimes()["cn_general"].counting
EUROPE = regimes()["eu_gdpr"].counting
MONDAY = datetime(2026, 6, 1, 4, tzinfo=UTC)


def test_three_working_days_of_the_law_that_counts_fewest() -> None:
    far = MONDAY + timedelta(days=60)

    found = until(MONDAY, MONDAY, far, [CHINA])

    assert found == datetime(2026, 6, 4, 15, 59, 59, tzinfo=UTC)
    assert until(MONDAY, MONDAY, far, [CHINA, EUROPE]) <= found


def test_a_weekend_is_no_time_to_decide() -> None:
    friday = MONDAY + timedelta(days=4)

    assert until(friday, MONDAY, MONDAY + timedelta(days=60), [CHINA]).day == 10


def test_the_last_quarter_of_the_clock_is_for_the_work() -> None:
    promised = MONDAY + timedelta(days=4)

    assert until(MONDAY, MONDAY, promised, [CHINA]) == MONDAY + timedelta(days=3)
    late = MONDAY + timedelta(days=3, hours=12)
    assert until(late, MONDAY, promised, [CHINA]) < late
