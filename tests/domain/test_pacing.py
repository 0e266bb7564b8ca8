"""Buckets and breakers: no minute sees more than it may, and what has enough is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.breaker import Breaker, Circuit
from rights.domain.pacing import Bucket, Limits, PauseWhen

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PAUSES = (5.0, 10.0, 60.0)


@given(st.integers(1, 5000), st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_no_minute_sees_more_than_it_may(per_minute: int, gaps: list[float]) -> None:
    """Whoever asks as often as they like, at any times."""
    now, full_at, begun = NOW, None, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        for _ in range(per_minute + 1):
            bucket = Bucket(per_minute, full_at)
            if not bucket.free(now):
                break
            full_at = bucket.taken(now)
            begun.append(now)
    for at in {*begun}:
        assert sum(at <= other < at + timedelta(minutes=1) for other in begun) <= per_minute


@pytest.mark.parametrize("per_minute", [1, 6, 9, 10, 600])
def test_a_minute_sees_as_many_as_it_may_when_all_come_as_soon_as_they_may(per_minute: int) -> None:
    now, full_at, begun = NOW, None, 0
    while now < NOW + timedelta(minutes=1):
        bucket = Bucket(per_minute, full_at)
        assert bucket.free(now) > 0
        full_at = bucket.taken(now)
        begun += 1
        now = Bucket(per_minute, full_at).free_at(now)

    assert begun == per_minute


def test_a_tenth_of_a_minute_may_start_at_once() -> None:
    assert Bucket(600, None).free(NOW) == 60
    assert Bucket(5, None).free(NOW) == 1


def test_no_limit_is_no_limit() -> None:
    assert not Limits()
    assert not PauseWhen()
    assert Limits(per_minute=1)
    assert PauseWhen(lock_waits=1)


def _busy(
    breaker: Breaker, at: datetime = NOW, *, at_once: bool = False, wait: float = 0
) -> Breaker:
    return breaker.busy(at, PAUSES, at_once=at_once, wait=timedelta(seconds=wait))


def _opened() -> Breaker:
    return _busy(Breaker(), at_once=True)


def test_it_opens_after_three_in_a_row_and_not_before() -> None:
    twice = _busy(_busy(Breaker()))
    assert twice.circuit is Circuit.CLOSED

    opened = _busy(twice)

    assert opened.circuit is Circuit.OPEN
    assert opened.until == NOW + timedelta(seconds=PAUSES[0])
    assert not opened.due(NOW)
    assert opened.due(NOW + timedelta(seconds=PAUSES[0]))


@pytest.mark.parametrize(
    ("well", "ends"),
    [(1, Circuit.OPEN), (2, Circuit.OPEN), (3, Circuit.CLOSED), (20, Circuit.CLOSED)],
)
def test_it_opens_when_enough_of_many_say_so(well: int, ends: Circuit) -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker = _busy(breaker)
        for _ in range(well):
            breaker = breaker.answered("another")

    assert breaker.circuit is ends


def test_what_is_held_against_it_is_forgotten() -> None:
    breaker = _busy(Breaker())
    for _ in range(5):
        breaker = breaker.answered("another")

    assert breaker == Breaker()


def test_what_was_measured_or_asked_for_opens_it_at_once_for_as_long_as_was_asked() -> None:
    assert _busy(Breaker(), at_once=True, wait=90).until == NOW + timedelta(seconds=90)


def test_pauses_grow_while_trials_fail_and_begin_anew_once_it_was_well() -> None:
    breaker, pauses = _opened(), []
    for _ in range(4):
        assert breaker.until is not None
        pauses.append((breaker.until - NOW).total_seconds())
        breaker = _busy(breaker.tried_by("a step"))
    assert pauses == [5, 10, 60, 60]

    well = breaker.tried_by("a step").answered("a step")

    assert well == Breaker()
    assert well.well
    assert _busy(well, at_once=True).until == NOW + timedelta(seconds=5)


def test_only_the_step_that_tries_closes_it() -> None:
    trying = _opened().tried_by("a step")

    assert trying.answered("one begun before") == trying
    assert _opened().answered("one begun before") == _opened()
    assert trying.answered("a step").circuit is Circuit.CLOSED


def test_a_trial_that_ended_for_another_reason_proves_nothing() -> None:
    trying = _opened().tried_by("a step")

    assert trying.unproved("another", NOW, PAUSES) == trying
    assert trying.unproved("a step", NOW, PAUSES).circuit is Circuit.OPEN


def test_an_open_one_that_hears_it_again_waits_no_longer_unless_it_was_asked_to() -> None:
    later = NOW + timedelta(seconds=3)

    assert _busy(_opened(), later).until == _opened().until
    assert _busy(_opened(), later, wait=30).until == later + timedelta(seconds=30)
