"""A request with very many rows gives the worker back; short requests are not kept waiting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, func, select

from connectors.sql import Sql, SqlSettings
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.store.db import reading
from rights.store.models import Entry, JournalRow, OutboxMessage, StepRow
from tests.workflows.house import Clock, ask, floor_over, replace, request_of
from workflows.floor import Floor
from workflows.jobs import work_on

MAP = """
version: 1
identifiers: {user_id: {kind: account}}
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
    identifies: {user_id: id}
    fields: [{name: email, category: contact}]
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: orders}]
  - name: events
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: events}]
"""
ROWS = 8_000


@pytest.fixture
def url(postgres_url: str) -> str:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE users (id INT PRIMARY KEY, email TEXT)",
            "CREATE TABLE orders (id INT PRIMARY KEY, user_id INT REFERENCES users, note TEXT)",
            "CREATE TABLE events (id INT PRIMARY KEY, user_id INT REFERENCES users, note TEXT)",
            "INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 3) n",
            "INSERT INTO orders SELECT n, 1 + n % 3, 'o' FROM generate_series(1, 30) n",
            f"INSERT INTO events SELECT n, 1, 'e' FROM generate_series(1, {ROWS}) n",
            "INSERT INTO events SELECT 100000 + n, 2, 'e' FROM generate_series(1, 20) n",
            "INSERT INTO events SELECT 200000 + n, 3, 'e' FROM generate_series(1, 20) n",
            "CREATE INDEX ON orders (user_id)",
            "CREATE INDEX ON events (user_id)",
        ):
            connection.execute(sa.text(statement))
    engine.dispose()
    return postgres_url


@pytest.fixture
def floor(tmp_path: Path, url: str) -> Any:
    made = floor_over(tmp_path, MAP, {}, Clock(), inline_s=0.05)
    store = Sql(SqlSettings(url, whale_rows=500, chunk_s=0.002))
    yield replace(made, connector=lambda _: store, manifests={"sql": Sql.manifest})
    store.close_connections()
    made.register.dispose()


def test_a_large_step_is_given_back_after_its_time_and_goes_on_in_its_turn(
    floor: Floor, url: str
) -> None:
    whale = ask(floor, Kind.DELETION, {"user_id": "1"})
    small = ask(floor, Kind.DELETION, {"user_id": "2"})
    turns = 0
    while _count(url, "user_id = 1") in {0, ROWS} and turns < 20:
        work_on(floor, whale)
        turns += 1
    between = _count(url, "user_id = 1")
    rung = _bells(floor, whale)

    _until_closed(floor, small)
    after_small = _count(url, "user_id = 1")
    turns += _until_closed(floor, whale)

    assert 0 < between < ROWS
    assert rung > 0  # whoever is free goes on with it
    assert after_small == between
    assert turns > 6
    assert _count(url, "user_id = 1") == 0
    assert _count(url, "user_id = 3") == 20
    assert _affected(floor, whale) == ROWS + 10 + 1
    assert _lines(floor, whale, "step_started") == 1
    assert _attempts(floor, whale) == 1


def test_a_step_that_was_given_back_is_taken_up_after_a_restart_of_everything(
    floor: Floor, url: str
) -> None:
    whale = ask(floor, Kind.DELETION, {"user_id": "1"})
    while _count(url, "user_id = 1") == ROWS:
        work_on(floor, whale)
    fresh = Sql(SqlSettings(url))  # a worker elsewhere, to which these are few rows
    elsewhere = replace(floor, connector=lambda _: fresh)

    _until_closed(elsewhere, whale)

    assert _affected(floor, whale) == ROWS + 10 + 1
    fresh.close_connections()


@pytest.mark.parametrize("option", [Option.ANONYMISE])
def test_anonymising_is_given_back_too(floor: Floor, url: str, option: Option) -> None:
    whale = ask(floor, Kind.DELETION, {"user_id": "1"}, option=option)

    turns = _until_closed(floor, whale)

    assert turns > 6
    assert _affected(floor, whale) == ROWS + 10 + 1
    assert _count(url, "note IS NULL") == ROWS


def _until_closed(floor: Floor, request_id: str) -> int:
    """Work as the relay would, turn by turn; return how many it took."""
    for turn in range(1, 500):
        work_on(floor, request_id)
        request = request_of(floor, request_id)
        if request.state is State.FULFILLED:
            return turn
        assert request.state is State.IN_PROGRESS, request.state
    raise AssertionError("it has no end")


def _count(url: str, where: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT COUNT(*) FROM events WHERE {where}"))
        count = int(found.scalar_one())
    engine.dispose()
    return count


def _affected(floor: Floor, request_id: str) -> int:
    query = select(func.sum(JournalRow.affected)).where(col(JournalRow.request_id) == request_id)
    with reading(floor.register) as session:
        return int(session.exec(query).one() or 0)


def _lines(floor: Floor, request_id: str, name: str) -> int:
    query = select(Entry).where(col(Entry.chain) == request_id, col(Entry.event) == name)
    with reading(floor.register) as session:
        return len([e for e in session.exec(query).all() if "erase" in str(e.data)])


def _attempts(floor: Floor, request_id: str) -> int:
    query = select(StepRow).where(
        col(StepRow.request_id) == request_id, col(StepRow.action) == "erase"
    )
    with reading(floor.register) as session:
        return max(row.attempts for row in session.exec(query).all())


def _bells(floor: Floor, request_id: str) -> int:
    with reading(floor.register) as session:
        rows = session.exec(select(OutboxMessage)).all()
    return sum(row.args.get("request_id") == request_id for row in rows)
