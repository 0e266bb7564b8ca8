"""
What a plan estimates, beside what it then takes: seconds and log, per engine and statement.

This is where the figures of ``workflows/costs.yaml`` come from, and what holds them to their word:
each line is truth divided by estimate, and must lie within what the estimate itself allows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType, ModuleType

import sqlalchemy as sa
from sqlalchemy.engine import URL

from bench.results import Result
from connectors.sdk import (
    Collection,
    Erasure,
    KeySet,
    Link,
    MapField,
    Reach,
    Role,
    Standing,
    Target,
    Work,
)
from connectors.sql import Sql, SqlSettings
from tests.servers import mariadb, postgres
from workflows.costs import Changes, Span, known

_Maker = Callable[[], AbstractContextManager[str]]

SIZES = (50, 5_000, 40_000)
"""Rows of one person; as many again in between are somebody else's."""

PERSON = 1
_LINK = Link(columns=("user_id",), role=Role.OWNER, to="shop.users")
_EVENTS = Collection(
    store="shop", name="events", links=(_LINK,), fields=(MapField("payload", "behaviour"),)
)
_TARGET = Target(
    _EVENTS,
    KeySet({"shop.users": {Standing.SOLE: ((PERSON,),)}}),
    (Reach(("user_id",), "shop.users", Role.OWNER, _LINK),),
)
_LOGGED: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn",
        "mariadb": (
            "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
            " WHERE VARIABLE_NAME = 'Innodb_lsn_current'"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one erasure took, and what was said beforehand."""

    seconds: float
    log: float | None
    said: Span
    said_log: Span | None


def measure() -> list[Result]:
    """Erase and anonymise people of several sizes on each engine."""
    out: list[Result] = []
    for name, server in (("postgresql", _postgres), ("mariadb", _mariadb), ("sqlite", _sqlite)):
        with server() as made:
            for rows in SIZES:
                for erasure in (Erasure.DELETE, Erasure.ANONYMISE):
                    with made() as url:
                        out += _results(name, rows, erasure, _run(url, name, rows, erasure))
    return out


def _results(engine: str, rows: int, erasure: Erasure, run: Run) -> Iterator[Result]:
    where = f"{engine}_{erasure}_{rows}"
    yield _within(f"{where}_s", run.seconds, run.said)
    if run.log is not None and run.said_log is not None:
        yield _within(f"{where}_log", run.log, run.said_log)


def _within(metric: str, truth: float, said: Span) -> Result:
    goal = f"{said.at_least:.4g} to {said.at_most:.4g}"
    holds = said.at_least <= truth <= said.at_most
    return Result(metric, truth, "", said.estimate, truth / said.estimate, goal, holds)


def _run(url: str, engine: str, rows: int, erasure: Erasure) -> Run:
    _fill(url, rows)
    target = replace(_TARGET, collection=replace(_EVENTS, erasure=erasure))
    store = Sql(SqlSettings(url, whale_rows=10 * rows))
    deadline = datetime.now(UTC) + timedelta(minutes=10)
    store.erase(replace(target, keys=KeySet()), Work("warm", 1, 0, deadline))  # journal, schema
    seen = store.foresee(target, Work("outlook", 0, 0, deadline))
    changes = Changes(seen.deleted, seen.anonymised, rows)
    costs = known()[engine]
    before = _log(url, engine)
    started = time.perf_counter()
    receipt = store.erase(target, Work("bench", 1, 0, deadline))
    took = time.perf_counter() - started
    after = _log(url, engine)
    store.close_connections()
    if receipt.affected != rows:
        raise RuntimeError(f"{receipt.affected} rows were affected, not {rows}")
    logged = after - before if before is not None and after is not None else None
    return Run(took, logged, costs.seconds(changes, seen), costs.logged(changes, seen))


def _fill(url: str, rows: int) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE events (id BIGINT PRIMARY KEY, user_id BIGINT, payload VARCHAR(120))"
        )
        connection.exec_driver_sql("CREATE INDEX events_user ON events (user_id)")
        table = sa.table("events", *map(sa.column, ("id", "user_id", "payload")))
        for start in range(0, rows * 2, 10_000):
            part = range(start, min(start + 10_000, rows * 2))
            made = [{"id": n, "user_id": PERSON + n % 2, "payload": "x" * 60} for n in part]
            connection.execute(sa.insert(table), made)
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE events")
            connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def _log(url: str, engine: str) -> float | None:
    if engine not in _LOGGED:
        return None
    opened = sa.create_engine(url)
    with opened.connect() as connection:
        found = float(connection.exec_driver_sql(_LOGGED[engine]).scalar_one())
    opened.dispose()
    return found


@contextmanager
def _postgres() -> Iterator[_Maker]:
    with postgres.server(durable=True) as at:
        yield lambda: _dropped(at, postgres)


@contextmanager
def _mariadb() -> Iterator[_Maker]:
    with mariadb.server() as at:
        yield lambda: _dropped(at, mariadb)


@contextmanager
def _sqlite() -> Iterator[_Maker]:
    yield _file


@contextmanager
def _dropped(at: URL, kind: ModuleType) -> Iterator[str]:
    with ExitStack() as stack:
        url = str(kind.create(at))
        stack.callback(kind.drop, at, url)
        yield url


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        path.touch()
        yield f"sqlite:///{path}"
