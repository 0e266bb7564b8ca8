"""
Open the register.

SQLite is opened so that it keeps promises it does not keep by default: every transaction
that writes starts with ``BEGIN IMMEDIATE`` (with the driver's defaults concurrent updates
are lost without a word), WAL, full synchronisation, foreign keys on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Result,
    create_engine,
    event,
    make_url,
    text,
)
from sqlmodel import Session

from rights.failpoints import Point, hit

_BUSY_MS = 10_000

_POSTGRES: Mapping[str, Any] = MappingProxyType(
    {
        "prepare_threshold": 2,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
    }
)
"""A network that swallows packets is noticed within half a minute, not within hours."""


def open_engine(url: str, *, pool: int = 5) -> Engine:
    """
    Return an engine for the register at *url* (``sqlite:///…`` or ``postgresql+psycopg://…``).

    Args:
        pool: Connections kept; SQLite and PostgreSQL alike.
    """
    sqlite = make_url(url).get_backend_name() == "sqlite"
    args: dict[str, Any] = {"timeout": _BUSY_MS / 1000} if sqlite else dict(_POSTGRES)
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=pool * 4,
        pool_timeout=20,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args=args,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
    )
    if sqlite:
        _harden_sqlite(engine)
    return engine


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def _harden_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions for us
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"busy_timeout={_BUSY_MS}",
            "foreign_keys=ON",
            "synchronous=FULL",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Yield a session in one writing transaction: committed as a whole, or not at all."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
        hit(Point.REGISTER_BEFORE)
    hit(Point.REGISTER_AFTER)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """
    Yield a session that only reads; on SQLite it does not take the writer's lock.

    On PostgreSQL each query sees what is committed when it begins, as it would in a transaction
    of that server's default; one that saves nothing is not begun: it would cost two messages more.
    """
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "AUTOCOMMIT"
    with Session(engine, expire_on_commit=False) as session:
        session.connection(execution_options=options)
        yield session


@contextmanager
def picture(engine: Engine) -> Iterator[Connection]:
    """Yield one state of the register, however long the reading takes."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.execution_options(**options).connect() as connection:
        yield connection


def streamed(connection: Connection, query: Executable, *, batch: int = 1_000) -> Result[Any]:
    """
    Return the rows of *query*, fetched *batch* at a time; they are to be read to the end.

    Where what is done with a row may fail, ``with`` lets go of the others: as long as there are
    some to give, SQLite keeps the state of then, and its log.
    """
    return connection.execute(query, execution_options={"yield_per": batch})


class RegisterClock:
    """
    The register's own time, so that leases of several machines are comparable.

    The difference to this machine's clock is measured now and then, not with every claim.
    """

    def __init__(self, engine: Engine, *, every: timedelta = timedelta(seconds=30)) -> None:
        self._engine = engine
        self._every = every.total_seconds()
        self._offset = timedelta()
        self._measured = float("-inf")

    def now(self) -> datetime:
        """Return the register's time, aware UTC."""
        if time.monotonic() - self._measured > self._every:
            self._measure()
        return datetime.now(UTC) + self._offset

    def fresh(self) -> datetime:
        """Return the register's time, measured just now."""
        self._measured = float("-inf")
        return self.now()

    @property
    def off(self) -> float:
        """By how many seconds the register's clock is ahead of this machine's, as last measured."""
        return self._offset.total_seconds()

    def _measure(self) -> None:
        if self._engine.dialect.name != "sqlite":  # a file has no clock but this machine's
            with self._engine.connect() as connection:
                theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            self._offset = theirs.astimezone(UTC) - datetime.now(UTC)
        self._measured = time.monotonic()
