"""A real lock in a real database: everybody else's work there stops, and goes on afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from connectors.http_backend import HttpBackend, HttpBackendSettings
from connectors.sql import Sql, SqlSettings
from rights.domain.breaker import Circuit
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.store.db import reading
from rights.store.models import StepRow, StoreGate
from tests.connectors.backend_service import SECRET, Backend, Server, status
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
    key: [id]
    identifies: {user_id: id}
    fields: [{name: email, category: contact, disclose: true}]
"""
PEOPLE = 8
PAUSE_S = 5.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["postgres", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    address = str(request.getfixturevalue(f"{request.param}_url"))
    _run(
        address,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80))",
        *(f"INSERT INTO users VALUES ({n}, 'p{n}')" for n in range(1, PEOPLE + 1)),
    )
    return address


def _run(url: str, *statements: str) -> list[Any]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = [connection.execute(sa.text(statement)) for statement in statements]
        rows = [tuple(row) for row in found[-1]] if found[-1].returns_rows else []
    engine.dispose()
    return rows


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Hold every row of the table, as a long transaction of a product does."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT id FROM users FOR UPDATE"))
        yield
        connection.rollback()
    engine.dispose()


def _floor(tmp_path: Path, clock: Clock, store: Any, map_text: str = MAP) -> Floor:
    made = floor_over(
        tmp_path, map_text, {}, clock, backoff_s=(1.0,), store_pause_s=(PAUSE_S, 60.0)
    )
    name = store.manifest.name
    return replace(made, connector=lambda _: store, manifests={name: store.manifest})


@pytest.fixture
def floor(tmp_path: Path, clock: Clock, url: str) -> Iterator[Floor]:
    store = Sql(SqlSettings(url, lock_timeout_s=1))
    made = _floor(tmp_path, clock, store)
    yield made
    store.close_connections()
    made.register.dispose()


def _gate(floor: Floor) -> StoreGate:
    with reading(floor.register) as session:
        return session.exec(select(StoreGate)).one()


def _attempts(floor: Floor, request_id: str) -> int:
    with reading(floor.register) as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        return sum(row.attempts for row in rows)


def test_a_lock_that_is_held_opens_the_breaker_and_its_end_closes_it(
    floor: Floor, clock: Clock, url: str
) -> None:
    erasing = [ask(floor, Kind.DELETION, {"user_id": str(n)}) for n in range(1, PEOPLE)]
    with _locked(url):
        for request_id in erasing[:4]:
            work_on(floor, request_id)
        opened = _gate(floor)
        for request_id in erasing[4:]:
            work_on(floor, request_id)

        assert (opened.circuit, opened.reason) == (Circuit.OPEN, "locks")
        assert [_attempts(floor, r) for r in erasing[4:]] == [0] * len(erasing[4:])
        assert {request_of(floor, r).wait for r in erasing} == {Wait.STORE}

        clock.on(seconds=PAUSE_S)
        work_on(floor, erasing[0])  # it tries, and the lock is there still
        assert _gate(floor).circuit is Circuit.OPEN
        assert _gate(floor).openings == 2
    assert len(_run(url, "SELECT id FROM users")) == PEOPLE

    clock.on(seconds=60)
    work_on(floor, erasing[0])

    assert _gate(floor).circuit is Circuit.CLOSED
    for request_id in erasing[1:]:
        work_on(floor, request_id)
    assert {request_of(floor, r).state for r in erasing} == {State.FULFILLED}
    assert _run(url, "SELECT id FROM users") == [(PEOPLE,)]


def test_too_many_connections_are_one_too_many_for_everybody(
    tmp_path: Path, clock: Clock, postgres_url: str
) -> None:
    """PostgreSQL says so before it gives a code."""
    full = postgres_url
    name = sa.make_url(full).database
    _run(full, f"CREATE ROLE limited_{name} LOGIN CONNECTION LIMIT 0")
    try:
        address = sa.make_url(full).set(username=f"limited_{name}")
        store = Sql(SqlSettings(address.render_as_string(hide_password=False)))
        floor = _floor(tmp_path, clock, store)
        for n in range(1, 4):
            work_on(floor, ask(floor, Kind.DELETION, {"user_id": str(n)}))

        assert (_gate(floor).circuit, _gate(floor).reason) == (Circuit.OPEN, "connections")
    finally:
        _run(full, f"DROP ROLE limited_{name}")


@contextmanager
def _serving(backend: Backend) -> Iterator[HttpBackend]:
    server = Server(backend)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    allowed = (backend.url.removeprefix("http://"),)
    store = HttpBackend(HttpBackendSettings(backend.url, SECRET, allow=allowed))
    try:
        yield store
    finally:
        store.close_connections()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_storm_of_429_is_answered_with_silence(tmp_path: Path, clock: Clock) -> None:
    """The service counts what arrives: while it says "not now", nearly nothing does."""
    people = range(1, 21)
    backend = Backend({"users": [{"id": str(n), "email": f"p{n}"} for n in people]})
    map_text = MAP.replace("connector: sql", "connector: http_backend")
    with _serving(backend) as store:
        floor = _floor(tmp_path, clock, store, map_text)
        asked = [ask(floor, Kind.ACCESS, {"user_id": str(n)}) for n in people]
        backend.faults.extend(status(429, **{"Retry-After": "90"}) for _ in range(1000))
        for request_id in asked * 3:
            work_on(floor, request_id)
            clock.on(seconds=1)

        assert len(backend.seen) == 1
        assert _gate(floor).circuit is Circuit.OPEN
        assert {request_of(floor, r).wait for r in asked} == {Wait.STORE}
        backend.faults.clear()
        clock.on(seconds=120)
        for request_id in asked:
            work_on(floor, request_id)

        assert {request_of(floor, r).state for r in asked} == {State.FULFILLED}
        assert _gate(floor).circuit is Circuit.CLOSED
        floor.register.dispose()


def test_a_service_that_breaks_is_spared_and_tried_by_one(tmp_path: Path, clock: Clock) -> None:
    people = range(1, 11)
    backend = Backend({"users": [{"id": str(n), "email": f"p{n}"} for n in people]})
    map_text = MAP.replace("connector: sql", "connector: http_backend")
    with _serving(backend) as store:
        floor = _floor(tmp_path, clock, store, map_text)
        asked = [ask(floor, Kind.ACCESS, {"user_id": str(n)}) for n in people]
        backend.faults.extend(status(503, **{"Retry-After": "0"}) for _ in range(1000))
        for request_id in asked:
            work_on(floor, request_id)
        before = len(backend.seen)
        clock.on(seconds=PAUSE_S)
        for request_id in asked:
            work_on(floor, request_id)

        assert _gate(floor).openings == 2
        assert len(backend.seen) - before == 1 + store.manifest.settings(url="", secret="").retries
        floor.register.dispose()
