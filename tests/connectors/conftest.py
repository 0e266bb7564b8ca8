"""
An empty database on each engine the SQL connector speaks.

One database per engine serves the whole session and is emptied after each test: making one
takes longer than most of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from tests.connectors.database import Database
from tests.servers import mariadb, postgres

ENGINES = ("sqlite", "postgres", "mariadb")


@pytest.fixture(scope="session")
def _shared_postgres(_postgres: URL) -> Iterator[Engine]:
    url = postgres.create(_postgres)
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
    postgres.drop(_postgres, url)


@pytest.fixture(scope="session")
def _shared_mariadb(_mariadb: URL) -> Iterator[Engine]:
    url = mariadb.create(_mariadb)
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
    mariadb.drop(_mariadb, url)


@pytest.fixture
def clean_postgres_url(_shared_postgres: Engine) -> Iterator[str]:
    """The session's database on PostgreSQL, empty."""
    yield _shared_postgres.url.render_as_string(hide_password=False)
    _run(_shared_postgres, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


@pytest.fixture
def clean_mariadb_url(_shared_mariadb: Engine) -> Iterator[str]:
    """The session's database on MariaDB, empty."""
    yield _shared_mariadb.url.render_as_string(hide_password=False)
    names = ", ".join(f"`{name}`" for name in sa.inspect(_shared_mariadb).get_table_names())
    if names:
        _run(_shared_mariadb, "SET foreign_key_checks = 0", f"DROP TABLE {names}")


@pytest.fixture
def clean_sqlite_url(sqlite_url: str) -> str:
    """A file of this test's own."""
    return sqlite_url


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database; the connectors it made are closed afterwards."""
    made = Database(request.getfixturevalue(f"clean_{request.param}_url"))
    yield made
    made.close()


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
