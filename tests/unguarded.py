"""What somebody does who owns the database: they switch off what it refuses, and on again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """Yield a transaction in which entries of the trail can be changed and removed."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE entry DISABLE TRIGGER USER"))
            yield connection
            connection.execute(text("ALTER TABLE entry ENABLE TRIGGER USER"))
            return
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'"
        kept = connection.execute(text(query)).all()
        for name, _ in kept:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        for _, made in kept:
            connection.exec_driver_sql(made)
