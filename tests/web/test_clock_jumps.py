"""A clock that jumps ahead and is put right ends nothing that nobody could take back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import State, Wait
from rights.services import cooling, requests
from rights.store.models import Entry, Staff
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, code
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


ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


@ONCE
def test_staff_are_told_and_an_administrator_who_knows_better_ends_the_wait(
    world: Moved, tmp_path: Path
) -> None:
    house, office = world.house, Office(world.house, tmp_path)
    with house.writing() as session:
        session.add(Staff(name="ada", roles=["admin"], created_at=house.clock.now()))
    assert "clock was moved" not in clerk(house, "mei", "reviewer").get("/").text
    early = code(office.run("clocks", "settle", "--as", "ada"))
    world.jump(days=2)
    world.round()
    lan = clerk(house, "lan", "reviewer")

    assert "moved forward by about 48" in " ".join(lan.get("/").text.split())
    refused = code(office.run("clocks", "settle", "--as", "rui"))
    done = office.run("clocks", "settle", "--as", "ada")
    world.round()
    believed = world.unbelieved() == timedelta()
    world.jump(days=38)
    world.round()

    assert (early, refused, believed) == ("conflict", "forbidden", True)
    assert round(int(done.stdout.split()[0]) / 3600) == 48  # who signs in takes a minute
    assert abs(world.unbelieved() - timedelta(days=38)) < NEARLY
    with house.reading() as session:
        told = col(Entry.event).in_(("time_moved", "time_settled"))
        said = session.exec(select(Entry).where(told).order_by(col(Entry.at))).all()
    assert [(e.event, e.actor[:6], round(int(e.data["seconds"]) / 3600)) for e in said] == [
        ("time_moved", "system", 48),
        ("time_settled", "staff:", 48),
        ("time_moved", "system", 38 * 24),
    ]


@ONCE
def test_a_wait_that_somebody_chose_is_not_over_for_a_worker_whose_clock_is_ahead(
    world: Moved,
) -> None:
    house = world.house
    world.jump(days=40)
    world.round()
    with house.writing() as session:
        row = requests.locked(session, world.ids["cooling"])
        row.state, row.wait = State.IN_PROGRESS, Wait.NONE
        assert cooling.hold(session, row, now=house.clock.now())
    world.round()

    assert world.ended() == set()


@ONCE
def test_nothing_waits_where_that_is_turned_off(
    furnished: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = Moved(furnished(settle_hours=0), monkeypatch)
    world.furnish()
    world.round()
    world.jump(days=40)
    world.round()

    assert world.ended() == ALL
