"""Half a million of a million rows in MariaDB: ours beside one statement."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from bench.watching import Watch
from bench.whale import WHALE, Run
from connectors.sdk import Collection, KeySet, Link, MapField, Reach, Role, Standing, Target, Work
from connectors.sql import Sql, SqlSettings
from tests.servers import mariadb

ROWS = 1_000_000

_TABLE = (
    "CREATE TABLE events (id BIGINT PRIMARY KEY, user_id BIGINT, ip VARCHAR(40),"
    " payload VARCHAR(120), KEY (user_id))"
)
_LINK = Link(columns=("user_id",), role=Role.OWNER, to="shop.users")
_EVENTS = Collection(
    store="shop", name="events", links=(_LINK,), fields=(MapField("payload", "behaviour"),)
)
_TARGET = Target(
    _EVENTS,
    KeySet({"shop.users": {Standing.SOLE: ((WHALE,),)}}),
    (Reach(("user_id",), "shop.users", Role.OWNER, _LINK),),
)


class Sea:
    """A server, and a table to copy."""

    def __init__(self, at: URL, stack: ExitStack, scale: float) -> None:
        self._at, self._turn = at, 0
        self._source = self._made(stack)
        top = int(ROWS * scale)
        fill = (
            f"INSERT INTO events SELECT seq, IF(seq % 2 = 0, {WHALE}, 2 + seq % 997),"
            f" '192.0.2.1', REPEAT('x', 60) FROM seq_1_to_{top}"
        )
        _run(self._source, _TABLE, fill, "ANALYZE TABLE events")

    def _made(self, stack: ExitStack) -> str:
        url = mariadb.create(self._at)
        stack.callback(mariadb.drop, self._at, url)
        return url

    @contextmanager
    def copy(self) -> Iterator[str]:
        """A fresh copy; what the one before left to be purged is purged first."""
        with ExitStack() as stack:
            url = self._made(stack)
            source = make_url(self._source).database
            _run(url, _TABLE, f"INSERT INTO events SELECT * FROM `{source}`.events")
            _run(url, "ANALYZE TABLE events", "SET GLOBAL innodb_max_purge_lag_wait = 0")
            yield url

    def by_hand(self) -> Run:
        """One statement."""
        with self.copy() as url:
            engine = sa.create_engine(url)
            with engine.connect() as connection:
                started = time.perf_counter()
                asked = sa.text(f"DELETE FROM events WHERE user_id = {WHALE}")
                rows = connection.execute(asked).rowcount
                connection.commit()
                took = time.perf_counter() - started
            engine.dispose()
        return Run(seconds=took, rows=rows, statements=2, longest_s=took)

    def ours(self) -> Run:
        """The connector, with fence and journal."""
        self._turn += 1
        with self.copy() as url, Watch(make_url(url).database or "") as watch:
            store = Sql(SqlSettings(url))
            store.probe()
            deadline = datetime.now(UTC) + timedelta(minutes=10)
            started = time.perf_counter()
            with watch.counting():
                receipt = store.erase(_TARGET, Work(f"bench-{self._turn}", 1, 0, deadline))
            took = time.perf_counter() - started
            store.close_connections()
        return Run(
            seconds=took,
            rows=receipt.affected,
            statements=watch.statements,
            longest_s=watch.longest_s,
        )


@contextmanager
def sea(scale: float) -> Iterator[Sea]:
    """A server and a filled table; *scale* 1 is a million rows."""
    with ExitStack() as stack:
        yield Sea(stack.enter_context(mariadb.server()), stack, scale)


def _run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()
