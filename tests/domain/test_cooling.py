"""How long somebody may choose to wait: never past the strictest limit, nor the promised date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.cooling import LONGEST, ROOM, ends, most

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
SPANS = st.timedeltas(timedelta(), timedelta(days=60))
LIMITS = st.lists(st.integers(0, 40), max_size=4)


@pytest.mark.requirement("R-NEG-9")
@given(LIMITS, MOMENTS, SPANS, st.integers(1, LONGEST))
def test_whatever_may_be_chosen_ends_before_the_promised_date_with_room_for_the_work(
    limits: list[int], received: datetime, span: timedelta, days: int
) -> None:
    promised = received + span
    longest = most(limits, received, promised)

    assert 0 <= longest <= min([LONGEST, *limits])
    if days <= longest:
        assert ends(days, received, promised) == received + timedelta(days=days)
        assert ends(days, received, promised) + ROOM <= promised


@given(MOMENTS, st.timedeltas(timedelta(days=-9), timedelta(days=60)), st.integers(1, LONGEST))
def test_a_date_that_moved_nearer_ends_the_wait_with_it(
    received: datetime, span: timedelta, days: int
) -> None:
    assert ends(days, received, received + span) <= received + span
