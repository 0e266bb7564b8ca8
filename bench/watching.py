"""How many statements one database saw, and how long its longest transaction was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine


class Watch:
    """
    Listens to every engine of this process.

    Args:
        database: The name of the database that counts.
    """

    def __init__(self, database: str) -> None:
        self._database, self._begun, self._counts = database, 0.0, False
        self.statements, self.longest_s = 0, 0.0

    def __enter__(self) -> Self:
        for name, listener in self._listeners():
            event.listen(Engine, name, listener)
        return self

    def __exit__(self, *_: object) -> None:
        for name, listener in self._listeners():
            event.remove(Engine, name, listener)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count within this block only."""
        self._counts = True
        try:
            yield
        finally:
            self._counts = False

    def _listeners(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("begin", self._on_begin),
            ("commit", self._on_end),
            ("rollback", self._on_end),
            ("before_cursor_execute", self._on_statement),
        )

    def _mine(self, connection: Connection) -> bool:
        return self._counts and connection.engine.url.database == self._database

    def _on_begin(self, connection: Connection) -> None:
        if self._mine(connection):
            self._begun = time.perf_counter()

    def _on_end(self, connection: Connection) -> None:
        if self._mine(connection) and self._begun:
            self.longest_s = max(self.longest_s, time.perf_counter() - self._begun)
            self._begun = 0.0

    def _on_statement(self, connection: Connection, *_: Any) -> None:
        self.statements += self._mine(connection)
