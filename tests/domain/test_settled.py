"""Settled time is never ahead of a clock that jumped, and is the clock's own again in the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.settled import AWAY, TOLERANCE, Line, agreed, begun, on

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
HOLD, DAY, HOUR, MINUTE = (timedelta(hours=h) for h in (6, 24, 1, 1 / 60))
JUMPS = st.timedeltas(TOLERANCE + MINUTE, 90 * DAY)
PAUSES = st.timedeltas(timedelta(), TOLERANCE - MINUTE)


@dataclass
class World:
    """A clock that can be set, the time that really passes, and somebody who looks now and then."""

    passed: timedelta = timedelta()
    off: timedelta = timedelta()
    looked: timedelta = timedelta()
    line: Line = Line(BEGUN, BEGUN)  # noqa: RUF009 - it is frozen

    @property
    def seen(self) -> datetime:
        return BEGUN + self.passed + self.off

    def look(self, after: timedelta = timedelta()) -> Line:
        self.passed += after
        self.line = on(self.line, self.seen, self.passed - self.looked, HOLD)
        self.looked = self.passed
        return self.line

    def for_a_while(self, span: timedelta) -> Line:
        """Let time pass, and look at it every five minutes."""
        until = self.passed + span
        while self.passed < until:
            self.look(min(5 * MINUTE, until - self.passed))
        return self.line


@given(st.lists(st.tuples(JUMPS, st.timedeltas(timedelta(), HOLD - HOUR)), max_size=5))
def test_what_is_put_right_in_time_was_never_believed(
    jumps: list[tuple[timedelta, timedelta]],
) -> None:
    world = World()
    for by, span in jumps:
        world.off += by
        ahead = world.for_a_while(span + MINUTE)
        assert ahead.settled <= BEGUN + world.passed
        assert ahead.since is not None
        world.off -= by
        right = world.look(MINUTE)
        assert (right.settled, right.since) == (world.seen, None)


@given(st.lists(st.tuples(st.timedeltas(-90 * DAY, 90 * DAY), PAUSES), max_size=8))
def test_whatever_a_clock_does_no_more_is_believed_than_it_says_and_all_in_the_end(
    moves: list[tuple[timedelta, timedelta]],
) -> None:
    world = World()
    for by, pause in moves:
        world.off += by
        line = world.look(pause)
        assert line.settled <= line.seen
        assert (line.settled == line.seen) == (line.since is None)

    assert world.for_a_while(HOLD + MINUTE) == Line(world.seen, world.seen)


@given(st.timedeltas(-90 * DAY, timedelta()), PAUSES)
def test_a_clock_that_is_put_back_is_believed_at_once(by: timedelta, pause: timedelta) -> None:
    world = World(off=by)

    assert world.look(pause) == Line(world.seen, world.seen)


@given(JUMPS)
def test_nothing_is_held_back_where_that_is_turned_off(by: timedelta) -> None:
    assert on(Line(BEGUN, BEGUN), BEGUN + by, MINUTE, timedelta()) == Line(BEGUN + by, BEGUN + by)


@pytest.mark.parametrize("away", [AWAY, AWAY + MINUTE, 2 * DAY])
def test_who_begins_after_a_while_waits_as_if_the_clock_had_jumped(away: timedelta) -> None:
    seen = BEGUN + away
    waits = Line(seen, BEGUN, seen) if away > AWAY else Line(seen, seen)

    assert begun(Line(BEGUN, BEGUN), seen, HOLD) == waits
    assert begun(None, seen, HOLD) == Line(seen, seen)


@given(JUMPS, st.timedeltas(timedelta(), AWAY))
def test_who_begins_anew_while_a_jump_is_not_believed_believes_it_no_sooner(
    by: timedelta, later: timedelta
) -> None:
    world = World(off=by)
    mark = world.look(MINUTE)

    assert begun(mark, mark.seen + later, HOLD) == Line(
        mark.seen + later, mark.settled + later, mark.since
    )


@given(st.timedeltas(2 * AWAY, 90 * DAY), st.timedeltas(timedelta(), AWAY))
def test_who_begins_anew_when_it_was_put_right_believes_it_at_once(
    by: timedelta, later: timedelta
) -> None:
    mark = World(off=by).look(MINUTE)
    right = BEGUN + MINUTE + later

    assert begun(mark, right, HOLD) == Line(right, right)


def test_of_two_the_one_that_saw_the_clock_run_is_right() -> None:
    now = BEGUN + 2 * DAY
    asleep, awake = Line(now, BEGUN + MINUTE, now), Line(now - MINUTE, now - MINUTE)

    assert agreed(asleep, awake) == Line(now, now)
    assert agreed(awake, asleep) == awake


@given(st.timedeltas(-TOLERANCE, TOLERANCE))
def test_two_that_both_doubt_it_wait_for_the_same_moment(apart: timedelta) -> None:
    first = Line(BEGUN + 40 * DAY, BEGUN, BEGUN + 39 * DAY)
    other = Line(first.seen + apart, BEGUN + apart - HOUR, BEGUN + 38 * DAY)

    both = agreed(first, other), agreed(other, first)

    assert {one.since for one in both} == {other.since}
    assert {one.behind for one in both} == {other.behind}


def test_what_somebody_wrote_before_the_jump_does_not_make_it_true() -> None:
    now = BEGUN + TOLERANCE + MINUTE

    assert agreed(Line(now, BEGUN, now), Line(BEGUN, BEGUN)) == Line(now, BEGUN, now)
