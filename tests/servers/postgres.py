"""
PostgreSQL for tests: started or found, and a database for each test.

One of our own does not wait for the disk, which is most of what making a database costs; one that
runs here already is used where ours cannot be started.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.servers.missing import install, missing
from tests.servers.names import is_left_behind, new_name
from workflows.embedded import postgres as embedded
from workflows.embedded.process import StartFailed

_ENVIRONMENT = "RIGHTS_TEST_POSTGRES_URL"
_LOCAL_USERS = ("postgres", os.environ.get("USER") or "root")


@contextmanager
def server(*, durable: bool = False) -> Iterator[URL]:
    """
    Yield the address of a server on which we may create databases.

    Args:
        durable: It waits for the disk, as a measurement has to.
    """
    given = os.environ.get(_ENVIRONMENT)
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    if durable and (local := _local()):
        _drop_left_behind(local)
        yield local
        return
    try:
        started = embedded.start(durable=durable)
    except StartFailed:
        yield _found()
        return
    try:
        yield make_url(started.url)
    finally:
        started.stop()


def _found() -> URL:
    local = _local()
    if local is None:
        missing("PostgreSQL", install(debian="postgresql", macos="postgresql"))
    _drop_left_behind(local)
    return local


def create(at: URL, *, template: str = "template0") -> str:
    """Create a database and return its address."""
    name = new_name()
    with _connect(at) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return at.set(database=name).render_as_string(hide_password=False)


def drop(at: URL, url: str) -> None:
    """Drop a database that a test made, whoever is still connected to it."""
    _drop(at, make_url(url).database or "")


def _drop(at: URL, name: str) -> None:
    with _connect(at) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _connect(at: URL) -> psycopg.Connection:
    plain = at.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=5)


def _local() -> URL | None:
    for user in _LOCAL_USERS:
        url = URL.create(
            "postgresql+psycopg", username=user, host="127.0.0.1", port=5432, database="postgres"
        )
        try:
            with _connect(url) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if row is not None and row[0]:
            return url
    return None


def _drop_left_behind(at: URL) -> None:
    with _connect(at) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
    for name in filter(is_left_behind, names):
        _drop(at, name)
