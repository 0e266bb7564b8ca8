"""
A register whose clock can be moved: a function of its own stands before the database's.

Processes measure the register's time when they start and every 30 s; so a jump reaches them as
a real one would, some sooner than others.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

_FUNCTION: Final = (
    "CREATE FUNCTION lab.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
    " 'SELECT pg_catalog.clock_timestamp() + ahead FROM lab.clock'"
)
_MAKE: Final = (
    "CREATE SCHEMA lab",
    "CREATE TABLE lab.clock (ahead interval NOT NULL)",
    "INSERT INTO lab.clock VALUES ('0')",
    _FUNCTION,
    "ALTER DATABASE {name} SET search_path = lab, pg_catalog, public",
)


def movable(engine: sa.Engine) -> None:
    """Put a clock that can be moved into a register that was migrated; for connections to come."""
    name = engine.dialect.identifier_preparer.quote(engine.url.database or "")
    with engine.begin() as connection:
        for statement in _MAKE:
            connection.execute(sa.text(statement.format(name=name)))
    engine.dispose()


def move(engine: sa.Engine, seconds: float) -> None:
    """Move the clock on, or back."""
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE lab.clock SET ahead = ahead + make_interval(secs => :s)"),
            {"s": seconds},
        )


def ahead(engine: sa.Engine) -> float:
    """Return by how many seconds the register's clock is ahead."""
    with engine.connect() as connection:
        query = sa.text("SELECT extract(epoch FROM ahead) FROM lab.clock")
        return float(connection.execute(query).scalar_one())
