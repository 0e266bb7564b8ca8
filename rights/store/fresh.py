"""
An empty register on SQLite is made at once, as all the migrations would leave it.

Some fifty migrations take a second, most of it for their loading, and a register that is made for
one command (``rights execute``) has nothing in it that any of them would move. What they lead to
is kept as statements, one after another, in ``fresh.sql``; ``python -m checks.fresh_register
--write`` writes it anew from the migrations, and ``./run check`` says when it is behind them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from rights.store.revision import needed

FILE: Final = Path(__file__).parent / "fresh.sql"

_ANYTHING: Final = "SELECT 1 FROM sqlite_master LIMIT 1"
# Tables before what is of them; indexes by name, since they are made in whatever order.
_ALL: Final = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL "
    "ORDER BY type <> 'table', CASE type WHEN 'table' THEN rowid END, type, name"
)
_REVISION: Final = "SELECT version_num FROM alembic_version"
_AT: Final = "INSERT INTO alembic_version (version_num) VALUES ('{}');"


def make(connection: Connection) -> bool:
    """
    Make the whole schema if *connection*, whose transaction is open, is to an empty SQLite.

    Returns:
        Whether it did; False where anything is there already, on other databases, and as long as
        what is kept is behind the migrations.
    """
    if connection.dialect.name != "sqlite" or not _is_newest():
        return False
    if connection.exec_driver_sql(_ANYTHING).first() is not None:
        return False
    for statement in statements():
        connection.exec_driver_sql(statement)
    return True


@cache
def statements() -> tuple[str, ...]:
    """Return what makes an empty register, the revision it is at being the last."""
    return tuple(_split(FILE.read_text(encoding="utf-8")))


def _is_newest() -> bool:
    return statements()[-1] == _AT.format(needed())


def _split(script: str) -> Iterator[str]:
    """Yield the statements of *script*; a trigger has semicolons of its own."""
    so_far = ""
    for line in script.splitlines(keepends=True):
        so_far += line
        if sqlite3.complete_statement(so_far):
            yield so_far.strip()
            so_far = ""


def written(connection: Connection) -> str:
    """Return the register at *connection*, which holds no data, as what makes one like it."""
    made = connection.exec_driver_sql(_ALL).scalars().all()
    (revision,) = connection.exec_driver_sql(_REVISION).scalars().all()
    script = "".join(f"{statement};\n" for statement in made) + _AT.format(revision)
    return "".join(f"{line.rstrip()}\n" for line in script.splitlines())
