"""
Rows as the driver hands them out, for whoever reads millions of them.

PostgreSQL sends the result while it makes it: a cursor would plan for its first rows, on one
processor, and stand still between two parts. Nothing is made of a value that the driver does not
make of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select

from rights.store.db import streamed

Plain = tuple[Any, ...]


def plain(connection: Connection, query: Select[Any], *, batch: int = 1_000) -> Iterator[Plain]:
    """
    Yield the rows of *query*, to be read to the end; what is in memory does not grow with them.

    Nothing else is asked on this connection until then.

    Args:
        query: Of columns that are texts and whole numbers. What it compares with stands in the
            statement, so it holds nothing that came from outside.
    """
    if connection.dialect.name != "postgresql":
        yield from map(tuple, streamed(connection, query, batch=batch))
        return
    said = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        yield from cursor.stream(str(said), size=batch)
