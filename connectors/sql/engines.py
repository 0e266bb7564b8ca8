"""Connections to one database: opened late, few, and checked when they have been idle."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Engine

from connectors.sdk import Misconfigured
from connectors.sql.patience import KEPT_ALIVE, Patient

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_SPOKEN = frozenset({"postgresql", "mysql", "mariadb", "sqlite"})
_EXTRAS = {"pymysql": "mysql", "MySQLdb": "mysql"}
_IDLE_S = 5.0


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """
    How to reach a database.

    Args:
        url: SQLAlchemy's form, e.g. ``postgresql://user:password@host/database``.
        read_url: Another role or replica for reading; empty reads through ``url``.
        schema: Where the tables are; empty for the connection's default.
        schemas: Further schemas with tables of the store; those are called ``schema.table``.
        journal: Keep the table ``rights_step`` in the database, so that an effect and the note
            that it happened commit together. Without it counts after a crash are a minimum.
        pool: Connections per worker process for reading, and as many for effects.
        statement_timeout_s: For one statement; an answer that is later still ends the connection.
        lock_timeout_s: For a lock that somebody else holds.
        prepare: Let PostgreSQL keep prepared statements; off behind a transaction pooler.
        chunk_s: Seconds that one transaction of a large erasure aims at.
        whale_rows: Rows of one collection from which an erasure is done in chunks.
        escrow_bucket: A bucket with object lock, for ``restriction: escrow``; empty: there is none.
        escrow_prefix: Put before the name of every object there.
        escrow_mode: ``governance`` or ``compliance``: whether anybody can end a lock early.
        escrow_endpoint: Empty for AWS.
        escrow_access_key, escrow_secret_key: Empty for what the machine itself has.
        escrow_path_style: The bucket in the path instead of the host name.
    """

    url: str = field(repr=False)
    read_url: str = field(default="", repr=False)
    schema: str = ""
    schemas: tuple[str, ...] = ()
    journal: bool = True
    pool: int = 2
    connect_timeout_s: int = 5
    statement_timeout_s: int = 60
    lock_timeout_s: int = 20
    prepare: bool = True
    chunk_s: float = 2.0
    whale_rows: int = 50_000
    escrow_bucket: str = ""
    escrow_prefix: str = ""
    escrow_mode: str = "governance"
    escrow_endpoint: str = ""
    escrow_region: str = "us-east-1"
    escrow_access_key: str = field(default="", repr=False)
    escrow_secret_key: str = field(default="", repr=False)
    escrow_path_style: bool = True


class Engines:
    """
    The engine that reads (autocommit) and the one that acts (transactions).

    Made at first use and again in a forked child, never inherited: two processes on one socket
    would read each other's answers.
    """

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._made: dict[str, Engine] = {}
        self._pid = os.getpid()

    @property
    def reading(self) -> Engine:
        """Each statement is a transaction of its own: one round trip."""
        return self._get("reading", self._settings.read_url or self._settings.url)

    @property
    def acting(self) -> Engine:
        """Transactions; on SQLite they take the write lock when they begin."""
        return self._get("acting", self._settings.url)

    @property
    def streaming(self) -> Engine:
        """The reading database in transactions, which server-side cursors live in."""
        return self.reading.execution_options(isolation_level=_STREAM[self.reading.dialect.name])

    def dispose(self) -> None:
        """Close every connection."""
        for engine in self._made.values():
            engine.dispose(close=self._pid == os.getpid())
        self._made.clear()

    def _get(self, use: str, address: str) -> Engine:
        if self._pid != os.getpid():
            self.dispose()
            self._pid = os.getpid()
        if use not in self._made:
            self._made[use] = _engine(address, self._settings, reading=use == "reading")
        return self._made[use]


_STREAM: dict[str, Any] = {
    "postgresql": "READ COMMITTED",
    "mysql": "REPEATABLE READ",
    "mariadb": "REPEATABLE READ",
    "sqlite": "AUTOCOMMIT",
}


def _engine(address: str, settings: SqlSettings, *, reading: bool) -> Engine:
    url = _url(address)
    dialect = url.get_backend_name()
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if reading else {}
    try:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_size=settings.pool,
            max_overflow=0,
            pool_timeout=settings.connect_timeout_s,
            connect_args=_connect_args(dialect, settings),
            **options,
        )
    except ImportError as error:
        raise _driver_missing(error) from None
    if dialect == "postgresql":
        event.listen(engine, "do_connect", _patiently(settings))
    if dialect in {"mysql", "mariadb"}:
        event.listen(engine, "invalidate", _let_go)
    event.listen(engine, "connect", _greeting(dialect, settings))
    event.listen(engine, "checkin", _remember)
    event.listen(engine, "checkout", _ping_if_idle(engine))
    if dialect == "sqlite" and not reading:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _driver_missing(error: ImportError) -> Misconfigured:
    package = (error.name or "the driver").partition(".")[0]
    extra = f"rights[{_EXTRAS[package]}]" if package in _EXTRAS else package
    return Misconfigured(f"sql: the Python package {package} is missing: pip install '{extra}'")


def _url(address: str) -> URL:
    try:
        url = sa.make_url(address)
    except (exc.ArgumentError, ValueError):
        url = None  # the message would repeat the address, and with it the password
    if url is None or url.get_backend_name() not in {*_SPOKEN, *_DRIVERS}:
        raise Misconfigured(
            "sql: 'url' must start with postgresql://, mysql://, mariadb:// or sqlite:///"
        )
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() != "sqlite" or not url.database or "mode" in url.query:
        return url
    # SQLite would create a missing file, and an empty database answers "nothing found"
    return url.set(
        database=f"file:{quote(url.database)}", query={**url.query, "mode": "rw", "uri": "true"}
    )


def _connect_args(dialect: str, settings: SqlSettings) -> dict[str, Any]:
    if dialect == "postgresql":
        prepare = {} if settings.prepare else {"prepare_threshold": None}
        return {"connect_timeout": settings.connect_timeout_s, **KEPT_ALIVE, **prepare}
    if dialect == "sqlite":
        return {"timeout": settings.connect_timeout_s}
    wait = settings.statement_timeout_s + settings.connect_timeout_s
    return {
        "connect_timeout": settings.connect_timeout_s,
        "read_timeout": wait,
        "write_timeout": wait,
    }


def _patiently(settings: SqlSettings) -> Any:
    """Return the listener that connects to PostgreSQL, with a deadline on every answer."""

    def connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> Patient:
        connection = Patient.connect(*args, **parameters)
        connection.patience_s = settings.statement_timeout_s + settings.connect_timeout_s
        return connection

    return connect


def _let_go(connection: Any, _record: Any, _error: Any) -> None:
    """Have PyMySQL not read the rest of a stream from a connection that is gone."""
    unread = getattr(connection, "_result", None)
    if unread is not None:
        unread.unbuffered_active = False


def _greeting(dialect: str, settings: SqlSettings) -> Any:
    """Return the listener that sets up one new connection."""
    limit, lock = settings.statement_timeout_s, settings.lock_timeout_s

    def sqlite(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function("rights_sha256", -1, _sha256, deterministic=True)

    def postgresql(connection: Any, _record: Any) -> None:
        before = connection.autocommit
        connection.autocommit = True
        connection.execute(
            f"SET statement_timeout = {limit * 1000}; SET lock_timeout = {lock * 1000};"
            " SET TIME ZONE 'UTC'"
        )
        connection.autocommit = before

    def mysql(connection: Any, _record: Any) -> None:
        strict = "sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
        mariadb = "mariadb" in connection.get_server_info().lower()
        ends = f"max_statement_time = {limit}" if mariadb else f"max_execution_time = {limit}000"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET SESSION {strict}, time_zone = '+00:00', {ends},"
                f" innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock},"
                " group_concat_max_len = 67108864"  # a list inside a document is put together so
            )

    return {"sqlite": sqlite, "postgresql": postgresql}.get(dialect, mysql)


def _sha256(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def _remember(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_if_idle(engine: Engine) -> Any:
    """
    Return the listener that tests a connection before it is used again.

    Only after a pause: within a step the round trip would cost more than it saves.
    """

    def checkout(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("idle_since")
        if since is None or time.monotonic() - since < _IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except (engine.dialect.loaded_dbapi.Error, sqlite3.Error):
            raise exc.DisconnectionError from None  # the pool opens another one

    return checkout


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
