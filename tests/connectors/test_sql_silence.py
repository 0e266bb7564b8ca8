"""A network that swallows everything without a word holds no worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from connectors.sdk import Transient, Work
from connectors.sql import Sql, SqlSettings
from tests.connectors import notes
from tests.connectors.database import Database, contract_case, elsewhere
from tests.servers.silence import Network, network

STATEMENT_S, CONNECT_S = 2, 1
SLOWEST_S = 4 * (STATEMENT_S + CONNECT_S)


def _place(url: URL) -> tuple[str, int] | Path:
    folder = url.query.get("host")
    if isinstance(folder, str):
        return Path(folder) / f".s.PGSQL.{url.port or 5432}"
    return url.host or "127.0.0.1", url.port or (5432 if "postgres" in url.drivername else 3306)


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    url = request.getfixturevalue(f"{request.param}_url")
    contract_case(url).close()
    made = Database(url)
    made.put("notes", *(notes.note(n, notes.CANARY, "x" * 40) for n in range(1000, 21_000)))
    yield made
    made.close()


@pytest.fixture
def between(database: Database) -> Iterator[Network]:
    with network(_place(make_url(database.url))) as one:
        yield one


@pytest.fixture
def store(database: Database, between: Network) -> Iterator[Sql]:
    url = elsewhere(database.url, host="127.0.0.1", port=between.port)
    settings = SqlSettings(url, statement_timeout_s=STATEMENT_S, connect_timeout_s=CONNECT_S)
    made = Sql(settings)
    yield made
    made.close_connections()


@pytest.fixture(autouse=True)
def in_time(store: Sql) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SLOWEST_S


def _work() -> Work:
    return Work("step", 1, 0, datetime.now(UTC) + timedelta(minutes=5))


def test_an_answer_that_never_comes_is_not_waited_for(store: Sql, between: Network) -> None:
    assert store.locate(notes.TARGET, _work()).rows > 20_000
    between.fall_silent()

    with pytest.raises(Transient):
        store.locate(notes.TARGET, _work())

    between.speak()
    assert store.locate(notes.TARGET, _work()).rows > 20_000


def test_rows_that_stop_coming_are_not_waited_for(store: Sql, between: Network) -> None:
    rows = store.collect(notes.TARGET, _work())
    next(iter(rows))
    between.fall_silent()

    with pytest.raises(Transient):
        list(rows)


def test_an_effect_whose_answer_was_swallowed_is_done_again(
    store: Sql, between: Network, database: Database
) -> None:
    store.locate(notes.TARGET, _work())
    between.fall_silent()
    with pytest.raises(Transient):
        store.erase(notes.TARGET, _work())
    between.speak()

    receipt = store.erase(notes.TARGET, Work("step", 2, 0, _work().deadline))

    assert receipt.affected > 20_000
    mine = "SELECT count(*) FROM notes WHERE owner_email = :me"
    assert database.value(mine, me=notes.CANARY) == 0


def test_a_connection_that_nobody_answers_is_not_waited_for(store: Sql, between: Network) -> None:
    between.fall_silent()

    with pytest.raises(Transient):
        store.probe()
