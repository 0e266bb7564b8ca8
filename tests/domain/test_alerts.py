"""At which moments staff are told of a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.alerts import LATE, STAGES, moment, reached

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("hours", "stage"),
    [(0, 0), (4.9, 0), (5, 50), (7.4, 50), (7.5, 75), (8.9, 75), (9, 90), (9.9, 90), (10, LATE)],
)
def test_stages_come_at_half_three_quarters_nine_tenths_and_all_of_the_time(
    hours: float, stage: int
) -> None:
    promised = NOON + timedelta(hours=10)
    assert reached(NOON, promised, NOON + timedelta(hours=hours)) == stage


@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)),
    st.timedeltas(min_value=timedelta(), max_value=timedelta(days=500)),
)
def test_time_only_moves_it_on_and_each_moment_is_where_its_stage_begins(
    whole: timedelta, gone: timedelta
) -> None:
    promised, now = NOON + whole, NOON + gone
    stage = reached(NOON, promised, now)
    assert stage == max((s for s in STAGES if moment(NOON, promised, s) <= now), default=0)
    assert reached(NOON, promised, now + DAY) >= stage
