"""How the register is opened: what SQLite does not promise by itself, and both kinds alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from rights.store import db
from rights.store.db import open_engine, reading, transaction

WORKERS = 8
TURNS = 40


@pytest.fixture
def opened() -> Iterator[Callable[[str], Engine]]:
    engines: list[Engine] = []

    def make(url: str) -> Engine:
        engines.append(open_engine(url))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'register.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, file_url: str) -> str:
    if request.param == "sqlite":
        return file_url
    make: Callable[[], str] = request.getfixturevalue("postgres_database")
    return make()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("busy_timeout", 10_000), ("foreign_keys", 1), ("synchronous", 2)],
)
def test_every_connection_to_a_file_is_opened_as_the_register_needs_it(
    opened: Callable[[str], Engine], file_url: str, pragma: str, value: str | int
) -> None:
    engine = opened(file_url).execution_options(reading=True)

    with engine.connect() as one, engine.connect() as other:
        found = {c.exec_driver_sql(f"PRAGMA {pragma}").scalar() for c in (one, other)}

    assert found == {value}


def test_of_many_that_count_at_once_no_turn_is_lost(
    opened: Callable[[str], Engine], url: str
) -> None:
    """Read, think, write: with the driver's defaults most of these turns are lost on a file."""
    engine = opened(url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (1, 0)"))
    lock = "" if engine.dialect.name == "sqlite" else " FOR UPDATE"

    def count(_: int) -> None:
        for _ in range(TURNS):
            with transaction(engine) as session:
                n = session.execute(text(f"SELECT n FROM counter WHERE id = 1{lock}")).scalar_one()
                session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(count, range(WORKERS)))

    with reading(engine) as session:
        counted = session.execute(text("SELECT n FROM counter")).scalar_one()
    assert counted == WORKERS * TURNS


def test_a_look_waits_for_no_writer_and_sees_nothing_half_done(
    opened: Callable[[str], Engine], url: str
) -> None:
    engine = opened(url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))

    with transaction(engine) as session:
        session.execute(text("INSERT INTO counter VALUES (1)"))
        began = time.monotonic()
        with reading(engine) as look:
            seen = look.execute(text("SELECT count(*) FROM counter")).scalar_one()
        waited = time.monotonic() - began

    assert seen == 0
    assert waited < 1


def test_who_wants_to_write_holds_the_file_from_the_first_statement_on(
    opened: Callable[[str], Engine], file_url: str
) -> None:
    engine = opened(file_url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))

    with transaction(engine) as session:
        session.execute(
            text("SELECT count(*) FROM counter")
        )  # a look, inside a writing transaction
        with engine.connect() as other, pytest.raises(OperationalError, match="locked"):
            other.rollback()
            driver = other.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 0")
            other.execute(text("INSERT INTO counter VALUES (1)"))


def test_a_second_writer_waits_for_its_turn(opened: Callable[[str], Engine], file_url: str) -> None:
    engine = opened(file_url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
    begun = threading.Event()

    def second() -> float:
        begun.wait()
        began = time.monotonic()
        with transaction(engine) as session:
            session.execute(text("INSERT INTO counter VALUES (2)"))
        return time.monotonic() - began

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        with transaction(engine) as session:
            session.execute(text("INSERT INTO counter VALUES (1)"))
            begun.set()
            time.sleep(0.3)
        assert waiting.result() >= 0.25


def test_what_fails_in_the_middle_leaves_nothing(opened: Callable[[str], Engine], url: str) -> None:
    engine = opened(url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))

    with pytest.raises(RuntimeError), transaction(engine) as session:
        session.execute(text("INSERT INTO counter VALUES (1)"))
        raise RuntimeError

    with reading(engine) as session:
        assert session.execute(text("SELECT count(*) FROM counter")).scalar_one() == 0


def test_a_row_that_points_at_nothing_is_refused(opened: Callable[[str], Engine], url: str) -> None:
    engine = opened(url)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))"))

    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.execute(text("INSERT INTO child VALUES (7)"))


def test_the_registers_clock_is_aware_and_close_to_ours(
    opened: Callable[[str], Engine], url: str
) -> None:
    clock = db.RegisterClock(opened(url))

    now = clock.now()

    assert now.utcoffset() is not None
    assert abs(now.timestamp() - time.time()) < 5
