"""A clock that jumps ahead and is put right ends nothing that nobody could take back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.house import House
from tests.web.moved_clock import Moved

ALL = {"lapsed", "cooled off", "document", "hold", "package"}
JUMP = timedelta(days=40)
NEARLY = timedelta(minutes=1)


@pytest.fixture
def world(house: House, monkeypatch: pytest.MonkeyPatch) -> Moved:
    made = Moved(house, monkeypatch)
    made.furnish()
    made.round()
    return made


@pytest.mark.requirement("R-24-1")
def test_a_jump_that_is_put_right_within_the_hour_ends_nothing(world: Moved) -> None:
    world.jump(days=40)
    world.round()
    world.go_by(minutes=20)
    world.restart()
    world.round()
    unbelieved = world.unbelieved()
    world.go_by(minutes=30)
    world.jump(days=-40)
    world.round()

    assert abs(unbelieved - JUMP) < NEARLY
    assert world.ended() == set()
    assert world.unbelieved() == timedelta()
    world.settle(7)
    assert world.ended() == set()


def test_a_jump_that_holds_for_six_hours_is_believed(world: Moved) -> None:
    world.jump(days=40)
    world.round()
    world.settle(3)
    world.restart()
    world.settle(2.5)
    before = world.ended(), world.unbelieved() > timedelta()
    world.settle(1)

    assert before == (set(), True)
    assert world.unbelieved() == timedelta()
    assert world.ended() == ALL


def test_after_two_days_without_a_relay_what_was_due_meanwhile_waits_for_six_hours(
    world: Moved,
) -> None:
    world.go_by(days=39)
    world.restart()
    world.round()
    first = world.ended()
    world.settle(5)
    waited = world.ended()
    world.settle(1.5)

    assert (first, waited) == (set(), set())
    assert world.ended() == ALL


def test_a_relay_that_begins_beside_one_that_runs_believes_what_that_one_does(
    world: Moved,
) -> None:
    one = world.relay
    for _ in range(3):
        world.go_by(days=13)
        for _ in range(2):
            world.round(one)
        world.round(world.begin())
    assert world.unbelieved() == timedelta()
    assert world.ended() == ALL


def test_two_relays_of_which_one_began_after_the_jump_wait_for_the_same_moment(
    world: Moved,
) -> None:
    one = world.relay
    world.jump(days=40)
    other = world.begin()
    world.round(other, one)
    for _ in range(11):
        world.go_by(minutes=30)
        world.round(one, other)
    before = world.ended(), world.unbelieved() > timedelta()
    world.go_by(minutes=31)
    world.round(other, one)

    assert before == (set(), True)
    assert (world.ended(), world.unbelieved()) == (ALL, timedelta())
