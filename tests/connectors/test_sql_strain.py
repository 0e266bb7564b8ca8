"""What an account without rights sees of a database's strain, and what it says when it does not."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import make_url

from connectors.sdk import Misconfigured
from connectors.sql import Sql, SqlSettings
from tests.connectors.database import Database
from tests.servers.standby import pair

Account = Callable[[str], Sql]


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    made = Database(request.getfixturevalue(f"{request.param}_url"))
    made.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(9))")
    made.put("notes", {"id": 1, "body": "a"})
    yield made
    made.close()


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    """Return a maker of connectors whose account may do nothing but what is granted."""
    name, open_ones = f"nobody_{secrets.token_hex(4)}", []
    postgres = make_url(database.url).get_backend_name() == "postgresql"
    who = name if postgres else f"'{name}'@'localhost'"
    base = make_url(database.url).database
    database.run(f"CREATE ROLE {name} LOGIN" if postgres else f"CREATE USER {who} IDENTIFIED BY ''")
    database.run(f"GRANT SELECT ON {'notes' if postgres else f'{base}.*'} TO {who}")

    def made(granted: str = "") -> Sql:
        if granted:
            database.run(f"GRANT {granted} TO {who}")
        url = make_url(database.url).set(username=name, password=None)
        open_ones.append(Sql(SqlSettings(url.render_as_string(hide_password=False))))
        return open_ones[-1]

    yield made
    for one in open_ones:
        one.close_connections()
    if postgres:
        database.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")
    else:
        database.run(f"DROP USER {who}")


@contextmanager
def _waiting(url: str, count: int) -> Iterator[None]:
    """Have *count* sessions of somebody else wait for a lock that another one holds."""
    engine = sa.create_engine(url, pool_size=count + 1)
    change = sa.text("UPDATE notes SET body = 'b' WHERE id = 1")

    def wait() -> None:
        with suppress(exc.SQLAlchemyError), engine.begin() as connection:
            connection.execute(change)

    with engine.connect() as holder:
        holder.execute(change)
        threads = [threading.Thread(target=wait) for _ in range(count)]
        for thread in threads:
            thread.start()
        yield
        holder.rollback()
    for thread in threads:
        thread.join()
    engine.dispose()


def test_waiting_locks_of_others_are_seen_without_any_right(
    database: Database, account: Account
) -> None:
    store = account("")
    assert store.strain(lag=False, locks=True).lock_waits == 0
    with _waiting(database.url, 3):
        ends, seen = time.monotonic() + 10, 0
        while seen < 3 and time.monotonic() < ends:
            seen = store.strain(lag=False, locks=True).lock_waits
            time.sleep(0.05)

    assert seen == 3
    assert store.strain(lag=False, locks=True).lock_waits == 0


def test_a_primary_without_replicas_or_one_that_does_not_know_them(
    database: Database, account: Account
) -> None:
    """PostgreSQL's primary knows that there are none; MariaDB's does not, and that is said."""
    if make_url(database.url).get_backend_name() == "postgresql":
        assert account("").strain(lag=True, locks=False).replication_lag_s == 0
        return
    with pytest.raises(Misconfigured, match="REPLICA MONITOR"):
        account("").strain(lag=True, locks=False)
    with pytest.raises(Misconfigured, match="read_url"):
        account("REPLICA MONITOR ON *.*").strain(lag=True, locks=False)


def _lag(url: str, replica: str = "") -> float:
    store = Sql(SqlSettings(url, read_url=replica))
    try:
        return store.strain(lag=True, locks=False).replication_lag_s
    finally:
        store.close_connections()


def test_how_far_a_replica_is_behind_by_whom_it_is_asked() -> None:
    made = ("CREATE TABLE t (a int)", "CREATE ROLE plain LOGIN", "CREATE ROLE seeing LOGIN")
    with pair(*made, "GRANT pg_monitor TO seeing") as two:
        plain, seeing = (two.url(two.primary, name) for name in ("plain", "seeing"))
        itself = two.url(two.replica, "plain")
        two.run(two.primary, "INSERT INTO t VALUES (0)")
        time.sleep(0.5)
        assert _lag(seeing) == _lag(plain, itself) == 0
        with pytest.raises(Misconfigured, match="pg_monitor"):
            _lag(plain)

        two.run(two.replica, "SELECT pg_wal_replay_pause()")
        for _ in range(3):
            two.run(two.primary, "INSERT INTO t VALUES (1)")
            time.sleep(1)
        behind = (_lag(seeing), _lag(plain, itself))
        two.run(two.replica, "SELECT pg_wal_replay_resume()")
        time.sleep(0.5)

        assert all(1 < seconds < 30 for seconds in behind), behind
        assert _lag(seeing) == _lag(plain, itself) == 0


def test_replication_that_stands_still_is_endless_lag(mariadb_url: str) -> None:
    database = Database(mariadb_url)
    database.run("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 9, MASTER_USER = 'x'")
    try:
        store = database.connector()
        assert store.strain(lag=True, locks=False).replication_lag_s == float("inf")
    finally:
        database.run("RESET SLAVE ALL")
        database.close()


def test_sqlite_shows_nothing_and_says_so(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.run("CREATE TABLE notes (id INTEGER PRIMARY KEY)")

    with pytest.raises(Misconfigured, match="pause_when"):
        database.connector().strain(lag=False, locks=True)
    database.close()
