"""Several people's erasures as one: the same end as one after the other, each with its own note."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, func, select

from connectors.sql import Sql, SqlSettings
from rights import failpoints
from rights.domain.errors import Transient
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.failpoints import Point
from rights.store.db import reading
from rights.store.models import HeldRows, JournalRow, Request, StepRow
from tests.workflows.house import Clock, ask, floor_over, replace, request_of
from workflows import abreast, jobs
from workflows.floor import Floor

MAP = """
version: 1
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    erasure: anonymise
    fields:
    - {name: email, category: contact}
    - {name: name, category: contact}
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    restriction: {strategy: flag, column: restricted, value: true}
    retention: {period: 3y, from: bought_at, basis: E-Commerce Law 31, rank: law}
    fields: [{name: note, category: orders, erasure: delete}]
  - name: items
    links: [{columns: [order_id], to: orders, role: owner}]
    retention: {with: orders}
    fields: [{name: label, category: orders}]
  - name: events
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: events}]
  - name: messages
    links:
    - {columns: [sender_id], to: users, role: owner, on_erasure: {anonymise: [body, sender_id]}}
    - {columns: [recipient_id], to: users, role: accessor}
    fields: [{name: body, category: messages}]
  - name: papers
    links:
    - {columns: [first_id], to: users, role: owner}
    - {columns: [second_id], to: users, role: owner}
    fields: [{name: title, category: content}]
"""
PEOPLE = 12
SCHEMA = (
    (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE,"
        " name VARCHAR(40))"
    ),
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
        " note VARCHAR(40), restricted BOOLEAN DEFAULT FALSE, bought_at TIMESTAMP NULL)"
    ),
    (
        "CREATE TABLE items (order_id INTEGER REFERENCES orders (id), line INTEGER,"
        " label VARCHAR(40), PRIMARY KEY (order_id, line))"
    ),
    "CREATE TABLE events (user_id INTEGER REFERENCES users (id), note VARCHAR(40))",
    (
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES users (id),"
        " recipient_id INTEGER REFERENCES users (id), body VARCHAR(40))"
    ),
    (
        "CREATE TABLE papers (id INTEGER PRIMARY KEY, first_id INTEGER REFERENCES users (id),"
        " second_id INTEGER REFERENCES users (id), title VARCHAR(40))"
    ),
)
TABLES = ("users", "orders", "items", "events", "messages", "papers")


def fill(url: str) -> None:
    """Twelve people; the last two have an order that is held, and everybody writes to the next."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.execute(sa.text(statement))
        for statement, rows in _rows():
            connection.execute(sa.text(statement), rows)
    engine.dispose()


def _rows() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    people = range(1, PEOPLE + 1)
    after = {n: n % PEOPLE + 1 for n in people}
    yield (
        "INSERT INTO users VALUES (:n, :mail, 'somebody')",
        [{"n": n, "mail": f"p{n}@mail.example"} for n in people],
    )
    yield (
        "INSERT INTO orders VALUES (:n, :n, 'gift wrap', FALSE, :at)",
        [{"n": n, "at": _bought(n)} for n in people],
    )
    lines = [{"n": n, "line": line} for n in people for line in (1, 2)]
    yield "INSERT INTO items VALUES (:n, :line, 'tea')", lines
    yield "INSERT INTO events VALUES (:n, 'seen')", [{"n": n} for n in people for _ in range(3)]
    yield (
        "INSERT INTO messages VALUES (:n, :n, :to, 'hello')",
        [{"n": n, "to": after[n]} for n in people],
    )
    pairs = [{"n": n, "other": after[n]} for n in people]
    yield "INSERT INTO papers VALUES (:n, :n, :other, 'on tea')", pairs


def _bought(number: int) -> str:
    return "2030-01-01 00:00:00" if number > PEOPLE - 2 else "2011-01-01 00:00:00"


def picture(url: str) -> dict[str, list[Any]]:
    """Every row of every table; words that stand for nobody are all the same here."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(
                tuple(map(_told, row))
                for row in connection.execute(sa.text(f"SELECT * FROM {name}"))
            )
            for name in TABLES
        }
    engine.dispose()
    return found


def _told(value: Any) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return "nobody" if text.startswith("anon-") else text


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


class House:
    """A floor over one of the databases."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.clock = Clock()
        made = floor_over(folder, MAP, {}, self.clock, inline_s=120, **settings)
        self.store = Sql(SqlSettings(url))
        self.url = url
        self.joint: list[int] = []
        real = self.store.erase_jointly

        def counted(members: Sequence[Any]) -> Any:
            found = real(members)
            self.joint.append(len(members) if found else 0)
            return found

        self.store.erase_jointly = counted  # type: ignore[method-assign]  # watched, not replaced
        self.floor: Floor = replace(
            made, connector=lambda _: self.store, manifests={"sql": Sql.manifest}
        )

    def asked(self, *people: int, option: Option | None = None) -> list[str]:
        return [ask(self.floor, Kind.DELETION, {"user_id": str(n)}, option=option) for n in people]

    def close(self) -> None:
        self.store.close_connections()
        self.floor.register.dispose()

    def receipts(self, request_id: str) -> dict[str, dict[str, Any]]:
        query = select(StepRow).where(
            col(StepRow.request_id) == request_id, col(StepRow.action) == "erase"
        )
        with reading(self.floor.register) as session:
            rows = session.exec(query).all()
        return {p: r for row in rows for p, r in row.result.get("collections", {}).items()}

    def journal(self) -> int:
        """Rows that the store's own journal says were changed."""
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(sa.text("SELECT SUM(j.rows) FROM rights_step j")).scalar()
        engine.dispose()
        return int(found or 0)

    def affected(self) -> int:
        with reading(self.floor.register) as session:
            return int(session.exec(select(func.sum(JournalRow.affected))).one() or 0)


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
