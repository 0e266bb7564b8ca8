"""How wide the ranges of a large erasure are: properties of the arithmetic, without a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sql.pace import Pace

AIM, ROWS_EACH = 2.0, 50.0


@given(
    speeds=st.lists(st.floats(1_000, 5_000_000), min_size=1, max_size=30),
    guarded=st.booleans(),
)
def test_at_a_steady_speed_no_range_takes_much_longer_than_the_aim(
    speeds: list[float], *, guarded: bool
) -> None:
    """A stretch runs at one speed; the next may be slower, which only its first range pays for."""
    for speed in speeds:
        pace = Pace(AIM, 50_000, guarded)
        width = pace.first(ROWS_EACH)
        for _ in range(6):
            rows = int(width * ROWS_EACH)
            width = pace.next(width, rows / speed, rows, ROWS_EACH)
        assert width * ROWS_EACH / speed <= AIM * 1.05 or width == 1


@given(slower=st.floats(1, 1_000_000), width=st.integers(1, 1_000_000))
def test_a_range_that_is_ended_gets_narrow_until_it_is_done(slower: float, width: int) -> None:
    """However slow the database is, a few tries find a range that fits, or one that may last."""
    pace, speed, tries = Pace(AIM, 50_000, guarded=True), 5_000_000 / slower, 0
    while (limit := pace.limit_s) and width * ROWS_EACH / speed > limit:
        width, tries = pace.ended(width), tries + 1

    assert tries <= 8
    assert pace.paused or width * ROWS_EACH / speed <= AIM * 2.2


def test_after_a_wait_for_somebodys_lock_ranges_are_soon_wide_again() -> None:
    pace, width = Pace(AIM, 50_000, guarded=True), 1_000
    while pace.limit_s:
        width = pace.ended(width)
    assert width == 1

    for _ in range(5):
        rows = int(width * ROWS_EACH)
        width = pace.next(width, rows / 500_000, rows, ROWS_EACH)

    assert width * ROWS_EACH >= 100_000
    assert pace.limit_s == pytest.approx(4.4)


def test_where_nothing_ends_a_statement_the_first_range_is_careful() -> None:
    assert Pace(AIM, 50_000, guarded=False).first(ROWS_EACH) * ROWS_EACH == 25_000
    assert Pace(AIM, 50_000, guarded=True).first(ROWS_EACH) * ROWS_EACH == 100_000
    assert Pace(AIM, 50_000, guarded=False).limit_s is None


@given(around_s=st.floats(0.005, 0.05), speed=st.floats(20_000, 5_000_000))
def test_where_a_statement_takes_long_for_nothing_there_is_no_transaction_for_each_row(
    around_s: float, speed: float
) -> None:
    """Six statements and ten milliseconds to do them in: narrow ranges would save no time."""
    pace, width = Pace(0.01, 200, guarded=False), 200

    for _ in range(30):
        width = pace.next(width, 6 * around_s + width / speed, width, 1, around_s=around_s)

    assert width >= 100


@given(around_s=st.floats(0, 60))
def test_an_aim_of_seconds_is_kept_however_long_it_takes_to_begin(around_s: float) -> None:
    pace = Pace(AIM, 50_000, guarded=False)

    assert pace.next(1_000, around_s + 4, 50_000, ROWS_EACH, around_s=around_s) <= 500


def test_rows_of_others_say_nothing_about_ones_own() -> None:
    """An empty stretch goes by in no time; the next range still holds no more than fits."""
    pace = Pace(AIM, 50_000, guarded=True)
    width = pace.first(ROWS_EACH)
    for _ in range(10):
        width = pace.next(width, 0.001, 0, ROWS_EACH)

    assert width * ROWS_EACH == pytest.approx(100_000)
