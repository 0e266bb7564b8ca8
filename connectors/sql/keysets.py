"""
Keys in SQL: "these columns are one of those keys", in each database's quickest spelling.

PostgreSQL takes an array and SQLite a JSON text, so that a statement is the same text whatever
the number of keys, and stays prepared. MariaDB and MySQL take a list, or beyond
``LONGEST_LIST`` keys a temporary table on the connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from connectors.sdk import Key, KeySet, Standing
from connectors.sql.values import NO_FIT, Type, coerce, comparable

LONGEST_LIST = 10_000

Condition = sa.ColumnElement[bool]
Columns = tuple[sa.Column[Any], ...]

_IN_JSON = (sa.Integer, sa.String, sa.Float)


@dataclass(frozen=True, slots=True)
class Slot:
    """
    One place in a statement that keys go into.

    Args:
        form: ``array``, ``json``, ``list`` or ``table``: how they are sent.
        fold: Compared in lower case.
    """

    name: str
    anchor: str
    standing: Standing
    columns: Columns
    form: str
    fold: bool = False
    exact: bool = False

    @property
    def types(self) -> tuple[Type, ...]:
        """Return the types the keys are converted to."""
        return tuple(column.type for column in self.columns)

    def keys(self, keys: KeySet) -> list[Key]:
        """Return the keys that these columns could hold."""
        types = self.types
        fitted = (
            tuple(map(coerce, types, key))
            for key in keys.keys(self.anchor, self.standing)
            if len(key) == len(types)
        )
        whole = (key for key in fitted if not any(part is NO_FIT for part in key))
        return [tuple(map(_lower, key)) for key in whole] if self.fold else list(whole)

    def parameters(self, keys: KeySet) -> dict[str, Any]:
        """Return the statement's parameters for *keys*."""
        if self.form == "table":
            return {}
        found = self.keys(keys)
        single = len(self.columns) == 1
        if self.form == "array":
            parts = zip(*found, strict=True) if found else [()] * len(self.columns)
            return {f"{self.name}_{n}": list(part) for n, part in enumerate(parts)}
        plain: list[Any] = [key[0] for key in found] if single else list(found)
        out: dict[str, Any] = {self.name: json.dumps(plain) if self.form == "json" else plain}
        if self.exact:
            out[f"{self.name}_bytes"] = [str(value).encode() for value in plain]
        return out

    # -- the condition ---------------------------------------------------------------------

    def condition(self) -> Condition:
        """Return "the columns are one of the keys"; NULL where a column is."""
        return getattr(self, f"_{self.form}")()  # type: ignore[no-any-return]

    def _array(self) -> Condition:
        binds = [
            sa.bindparam(f"{self.name}_{n}", type_=postgresql.ARRAY(_sent(column)))
            for n, column in enumerate(self.columns)
        ]
        sides = [_side(column, fold=self.fold) for column in self.columns]
        if len(sides) == 1:
            return sides[0] == sa.any_(binds[0])
        names = [f"c{n}" for n in range(len(sides))]
        keys = sa.func.unnest(*binds).table_valued(*names, name=self.name).render_derived()
        return sa.tuple_(*sides).in_(sa.select(*(keys.c[name] for name in names)))

    def _json(self) -> Condition:
        keys = sa.func.json_each(sa.bindparam(self.name, type_=sa.String())).table_valued(
            "value", name=self.name
        )
        sides = [_side(column, fold=self.fold) for column in self.columns]
        if self.exact:  # whatever the column's own collation is
            sides = [sa.collate(sides[0], "BINARY")]
        if len(sides) == 1:
            return sides[0].in_(sa.select(keys.c.value))
        parts = (sa.func.json_extract(keys.c.value, f"$[{n}]") for n in range(len(sides)))
        return sa.tuple_(*sides).in_(sa.select(*parts))

    def _list(self) -> Condition:
        listed: sa.BindParameter[Any]
        if len(self.columns) > 1:
            listed = sa.bindparam(self.name, expanding=True)
            return sa.tuple_(*self.columns).in_(listed)
        [column] = self.columns
        listed = sa.bindparam(self.name, type_=comparable(column.type), expanding=True)
        if not self.exact:
            return column.in_(listed)
        octets = sa.bindparam(f"{self.name}_bytes", type_=sa.LargeBinary(), expanding=True)
        exactly = Octets(_side(column, fold=self.fold)).in_(octets)
        return exactly if self.fold else sa.and_(column.in_(listed), exactly)

    def _table(self) -> Condition:
        kept = sa.table(self.temporary, *(sa.column(f"c{n}") for n in range(len(self.columns))))
        if self.exact:
            [column] = self.columns
            return Octets(_side(column, fold=self.fold)).in_(
                sa.select(Octets(kept.c.c0)).select_from(kept)
            )
        return sa.tuple_(*self.columns).in_(sa.select(*kept.c))

    @property
    def temporary(self) -> str:
        """Return the name of the temporary table."""
        return f"rights_keys_{self.name}"


class Octets(sa.ColumnElement[bytes]):
    """
    The bytes of a text in UTF-8, on MariaDB and MySQL.

    Their usual collations hold ``müller`` and ``muller`` for equal: two people.
    """

    inherit_cache = True
    _traverse_internals = [("text", sa.sql.visitors.InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - SQLAlchemy's way

    def __init__(self, text: sa.ColumnElement[Any]) -> None:
        self.text = text
        self.type = sa.LargeBinary()


@compiles(Octets)
def _octets(element: Octets, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(CONVERT({compiler.process(element.text, **kw)} USING utf8mb4) AS BINARY)"


def form_for(dialect: str, columns: Columns, count: int) -> str:
    """Return how *count* keys of *columns* are sent to a database of *dialect*."""
    if dialect == "postgresql":
        return "array"
    if dialect == "sqlite":
        return "json" if all(isinstance(c.type, _IN_JSON) for c in columns) else "list"
    return "table" if count > LONGEST_LIST else "list"


def load(connection: Connection, slots: Iterable[Slot], keys: KeySet) -> Mapping[str, Any]:
    """Fill temporary tables where there are any, and return the parameters for the rest."""
    parameters: dict[str, Any] = {}
    for slot in slots:
        if slot.form == "table":
            _fill(connection, slot, keys)
        parameters |= slot.parameters(keys)
    return parameters


def _fill(connection: Connection, slot: Slot, keys: KeySet) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = [f"c{n}" for n in range(len(slot.columns))]
    source = connection.dialect.identifier_preparer.format_table(slot.columns[0].table)
    like = ", ".join(
        f"{quote(str(c.name))} AS {n}" for c, n in zip(slot.columns, names, strict=True)
    )
    # copied from the column, so that types and collations are its own
    for text in (
        f"DROP TEMPORARY TABLE IF EXISTS {slot.temporary}",
        f"CREATE TEMPORARY TABLE {slot.temporary} AS SELECT {like} FROM {source} WHERE 1 = 0",  # noqa: S608 - quoted names only
        f"ALTER TABLE {slot.temporary} ADD INDEX ({', '.join(names)})",
    ):
        connection.exec_driver_sql(text)
    rows = [dict(zip(names, key, strict=True)) for key in slot.keys(keys)]
    if rows:
        typed = sa.table(
            slot.temporary,
            *(sa.column(n, c.type) for n, c in zip(names, slot.columns, strict=True)),
        )
        connection.execute(sa.insert(typed), rows)


def _sent(column: sa.Column[Any]) -> Type:
    return sa.Text() if _as_text(column) else comparable(column.type)


def _side(column: sa.Column[Any], *, fold: bool) -> sa.ColumnElement[Any]:
    side: sa.ColumnElement[Any] = sa.cast(column, sa.Text()) if _as_text(column) else column
    return sa.func.lower(side) if fold else side


def _as_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.types.NullType | postgresql.ENUM)


def _lower(part: Any) -> Any:
    return part.lower() if isinstance(part, str) else part
