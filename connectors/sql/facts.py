"""One table, as the live database describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.sdk import Misconfigured
from connectors.sql.inside import inside

COMPUTED = "computed"
"""In a column's ``info``: whether the database makes its values of other columns."""

USUAL = "usual"
"""In a column's ``info``: the word of a list of words that is written when nothing is said."""

POINTS = "points"
"""In a column's ``info``: whether a foreign key of the database uses it."""


@dataclass(frozen=True, slots=True)
class Referring:
    """A foreign key of another table, or of this one, that points here."""

    table: str
    schema: str | None
    columns: tuple[str, ...]
    referred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What the live database says about one table.

    Args:
        key: The columns that name a row; empty where nothing does.
        returns: A DELETE can say which rows it took.
        uniques: The columns of unique constraints; asked for only when they matter.
        referring: The foreign keys that point here; asked for like them.
    """

    table: sa.Table
    key: tuple[str, ...]
    dialect: str
    returns: bool
    uniques: Callable[[], frozenset[str]]
    referring: Callable[[], tuple[Referring, ...]] = tuple


def column(table: sa.Table, name: str, path: str) -> sa.Column[Any]:
    """
    Return one column, or the value that a path finds inside one.

    Raises:
        Misconfigured: the table has none of that name.
    """
    found: Any = table.columns.get(name)
    if found is None:
        found = inside(table, name)
    if found is None:
        raise Misconfigured(f"{path}: the table has no column {name}; run 'rights datamap check'")
    return found  # type: ignore[no-any-return]  # a value inside stands wherever a column may


def columns(table: sa.Table, names: Iterable[str], path: str) -> tuple[sa.Column[Any], ...]:
    """Return several columns, or raise as :func:`column` does."""
    return tuple(column(table, name, path) for name in names)
