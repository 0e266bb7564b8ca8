"""Several people's erasures as one: the same end as one after the other, each with its own note."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from rights import failpoints
from rights.domain.errors import Transient
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.failpoints import Point
from rights.store.db import reading
from rights.store.models import HeldRows, Request
from tests.workflows.crowd import PEOPLE, House, fill, picture
from tests.workflows.house import ask, replace, request_of
from workflows import abreast, jobs
from workflows.leases import Leases


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two databases with the same rows."""
    if request.param == "sqlite":
        made = (f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'two.db'}")
    else:
        create: Callable[[], str] = request.getfixturevalue(f"{request.param}_database")
        made = (create(), create())
    for url in made:
        fill(url)
    return made


@pytest.fixture
def houses(tmp_path: Path, urls: tuple[str, str]) -> Iterator[tuple[House, House]]:
    made = (House(tmp_path / "a", urls[0]), House(tmp_path / "b", urls[1]))
    yield made
    for house in made:
        house.close()


def one_by_one(house: House, ids: Sequence[str]) -> None:
    for request_id in ids:
        jobs.work_on(house.floor, request_id)


@pytest.mark.parametrize("option", [Option.DELETE, Option.ANONYMISE])
def test_many_at_once_end_as_one_after_the_other(
    houses: tuple[House, House], option: Option
) -> None:
    single, many = houses
    people = range(1, PEOPLE)  # the last one stays: they are a bystander, and share with two
    alone, together = (house.asked(*people, option=option) for house in houses)

    one_by_one(single, alone)
    abreast.work_on(many.floor, together)

    states = [
        [request_of(h.floor, r).state for r in ids]
        for h, ids in zip(houses, (alone, together), strict=True)
    ]
    assert states[0] == states[1]
    assert set(states[1]) == {State.FULFILLED}
    assert picture(many.url) == picture(single.url)
    assert max(many.joint) >= PEOPLE - 3  # it was done at once, and not one after the other
    assert not single.joint


def test_each_has_its_own_counts_and_the_store_a_note_for_each(
    houses: tuple[House, House],
) -> None:
    single, many = houses
    people = (1, 3, 5, 7, 9)  # nobody of them writes to or with another
    alone, together = (house.asked(*people) for house in houses)

    one_by_one(single, alone)
    abreast.work_on(many.floor, together)

    for a, b in zip(alone, together, strict=True):
        mine, theirs = single.receipts(a), many.receipts(b)
        for receipts in (mine, theirs):
            for one in receipts.values():
                one.pop("digest")  # salted by the step's own id
        assert mine == theirs
        assert mine["shop.events"]["affected"] == 3
        assert mine["shop.papers"]["decorrelated"] == 2
    assert many.joint == [len(people)] * len(many.joint)
    assert many.journal() == single.journal() > 0
    assert many.affected() == single.affected() > 0


def test_what_is_held_is_noted_for_whom_it_is_held(houses: tuple[House, House]) -> None:
    _, many = houses
    held, free = PEOPLE - 1, 2

    ids = many.asked(held, free)
    abreast.work_on(many.floor, ids)

    assert many.joint and all(many.joint)
    with reading(many.floor.register) as session:
        rows = session.exec(select(HeldRows)).all()
    assert {(r.request_id, r.collection) for r in rows} == {
        (ids[0], "shop.orders"),
        (ids[0], "shop.items"),
    }
    assert many.receipts(ids[0])["shop.orders"]["retained"] == 1
    assert many.receipts(ids[1])["shop.orders"]["retained"] == 0
    kept = [row for row in picture(many.url)["orders"] if row[0] == str(held)]
    assert [(row[2], row[3]) for row in kept] == [("None", "1")]  # minimised, and out of use


def test_people_with_a_key_in_common_go_one_after_the_other(houses: tuple[House, House]) -> None:
    _, many = houses
    again = ask(many.floor, Kind.DELETION, {"email": "p1@mail.example"}, follows="x")
    ids = [*many.asked(1), again, *many.asked(4)]

    abreast.work_on(many.floor, ids)
    one_by_one(many, ids)

    assert {request_of(many.floor, one).state for one in ids} == {State.FULFILLED}
    assert [row[1] for row in picture(many.url)["users"] if row[0] in {"1", "4"}] == ["nobody"] * 2


def test_a_failure_falls_back_to_one_after_the_other(houses: tuple[House, House]) -> None:
    _, many = houses
    real = many.store.erase_jointly

    def broken(members: Sequence[Any]) -> Any:
        real(members)
        raise Transient("the answer was lost on the way")

    many.store.erase_jointly = broken  # type: ignore[method-assign]  # the edge of the world
    ids = many.asked(1, 3, 5)

    abreast.work_on(many.floor, ids)

    assert {request_of(many.floor, one).state for one in ids} == {State.FULFILLED}
    assert all(many.receipts(one)["shop.events"]["affected"] == 3 for one in ids)
    assert many.journal() == sum(
        r["affected"] + r["decorrelated"] for one in ids for r in many.receipts(one).values()
    )


def test_a_worker_takes_up_those_that_wait_behind(houses: tuple[House, House]) -> None:
    _, many = houses
    ids = many.asked(1, 2, 3, 4, 5, 6)
    other = ask(many.floor, Kind.DELETION, {"user_id": "7"}, option=Option.ANONYMISE)
    jobs.at(many.floor)

    jobs.advance(ids[0])

    assert {request_of(many.floor, one).state for one in ids} == {State.FULFILLED}
    assert request_of(many.floor, other).state is State.IN_PROGRESS  # another option
    assert max(many.joint) == len(ids)


def test_the_setting_one_keeps_everybody_apart(tmp_path: Path, sqlite_url: str) -> None:
    fill(sqlite_url)
    house = House(tmp_path / "alone", sqlite_url, people_abreast=1)
    ids = house.asked(1, 2)
    jobs.at(house.floor)

    jobs.advance(ids[0])

    states = [request_of(house.floor, one).state for one in ids]
    assert states == [State.FULFILLED, State.IN_PROGRESS]
    house.close()


def test_a_newer_worker_is_not_overtaken(houses: tuple[House, House]) -> None:
    _, many = houses
    ids = many.asked(1, 3)
    engine = sa.create_engine(many.url)
    abreast.work_on(many.floor, many.asked(9))  # the store's journal is there now
    with engine.begin() as connection:
        for request_id in ids:
            with reading(many.floor.register) as session:
                request = session.get_one(Request, request_id)
            taken = {"step": f"{request.id}-02-erase-shop", "fence": 99}
            connection.execute(
                sa.text(
                    "INSERT INTO rights_step (step_id, chunk_no, fence) VALUES (:step, 0, :fence)"
                ),
                taken,
            )
    engine.dispose()

    abreast.work_on(many.floor, ids)

    assert json.dumps(picture(many.url)["events"]).count('"1"') == 3
    assert {request_of(many.floor, one).state for one in ids} == {State.IN_PROGRESS}


class _PowerCut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("point", [Point.STORE_BEFORE, Point.STORE_AFTER])
def test_who_was_in_a_batch_that_broke_off_goes_on_alone(
    houses: tuple[House, House], point: Point
) -> None:
    single, many = houses
    people = (1, 3, 5)
    alone, together = (house.asked(*people) for house in houses)
    one_by_one(single, alone)

    def end(passed: Point) -> None:
        if passed is point:
            raise _PowerCut

    failpoints.on(end)
    with pytest.raises(_PowerCut):
        abreast.work_on(many.floor, together)
    failpoints.on(None)
    many.clock.on(minutes=2)  # the leases lapse
    one_by_one(many, together)

    assert {request_of(many.floor, one).state for one in together} == {State.FULFILLED}
    assert picture(many.url) == picture(single.url)
    assert many.journal() == single.journal()
    assert many.affected() == single.affected()


def test_whoever_breaks_off_keeps_nobody_elses_step_alive(tmp_path: Path, sqlite_url: str) -> None:
    fill(sqlite_url)
    house = House(tmp_path / "one", sqlite_url)
    floor, lease = house.floor, timedelta(seconds=30)
    beat = timedelta(seconds=0.02)
    leases = Leases(floor.register, floor.now, worker="test", lease=lease, every=beat)
    house.floor = replace(floor, leases=leases)
    ids, real = house.asked(1, 3, 5), house.store.freeze

    def cut(*_: Any) -> Any:
        raise _PowerCut

    house.store.freeze = cut  # type: ignore[method-assign,assignment]  # the edge of the world
    with pytest.raises(_PowerCut):
        abreast.work_on(house.floor, ids)
    house.store.freeze = real  # type: ignore[method-assign]  # it is back
    time.sleep(0.3)  # one that was under way has ended
    house.clock.on(minutes=2)
    time.sleep(0.3)  # a heartbeat that goes on would have stretched the leases by now
    one_by_one(house, ids)

    assert {request_of(house.floor, one).state for one in ids} == {State.FULFILLED}
    leases.stop()
    house.close()


def test_whoever_cannot_look_for_others_keeps_no_step_alive(
    tmp_path: Path, sqlite_url: str
) -> None:
    fill(sqlite_url)
    house = House(tmp_path / "one", sqlite_url)
    floor, lease = house.floor, timedelta(seconds=30)
    beat = timedelta(seconds=0.02)
    leases = Leases(floor.register, floor.now, worker="test", lease=lease, every=beat)
    house.floor = replace(floor, leases=leases)
    jobs.at(house.floor)
    (request_id,) = house.asked(1)

    def down(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "NOT (EXISTS" in statement:  # the question who else waits: the register is the edge
            raise sa.exc.OperationalError("the register is down", None, Exception())

    sa.event.listen(floor.register, "before_cursor_execute", down)
    with pytest.raises(sa.exc.OperationalError):
        jobs.advance(request_id)
    sa.event.remove(floor.register, "before_cursor_execute", down)
    time.sleep(0.3)
    house.clock.on(minutes=2)
    time.sleep(0.3)  # a heartbeat that goes on would have stretched the lease by now
    one_by_one(house, [request_id])

    assert request_of(house.floor, request_id).state is State.FULFILLED
    leases.stop()
    house.close()


@pytest.mark.parametrize(
    ("waiting", "most", "along"),
    [(0, 49, 24), (100, 49, 24), (200, 49, 25), (400, 49, 49), (400, 9, 9)],
)
def test_a_long_line_goes_in_larger_groups_and_a_short_one_leaves_work_for_others(
    waiting: int, most: int, along: int
) -> None:
    assert abreast.taken_along(waiting, most) == along
