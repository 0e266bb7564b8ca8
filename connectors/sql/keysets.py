"""
Keys in SQL: "these columns are one of those keys", in each database's quickest spelling.

PostgreSQL takes an array and SQLite a JSON text, so that a statement is the same text whatever
the number of keys, and stays prepared. MariaDB and MySQL take a list, or beyond
``LONGEST_LIST`` keys a temporary table on the connection; so does PostgreSQL where a statement
runs again and again over the same keys, since it would look through a long array row by row.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from connectors.sdk import Key, KeySet, Standing
from connectors.sql.inside import Some, as_inside
from connectors.sql.octets import is_bytes, is_loose, key_part, octets, spellings, written
from connectors.sql.values import NO_FIT, Type, comparable

LONGEST_LIST = 10_000

Condition = sa.ColumnElement[bool]
Columns = tuple[sa.Column[Any], ...]
Form = Callable[[str, Columns, int], str]
"""(dialect, columns, number of keys) -> how they are sent: see ``Slot.form``."""

_BATCH = 5_000
"""Keys sent at once into a temporary table."""

_IN_JSON = (sa.Integer, sa.String, sa.Float, sa.types.NullType)


@dataclass(frozen=True, slots=True)
class Slot:
    """
    One place in a statement that keys go into.

    Args:
        form: ``array``, ``json``, ``list``, ``loose`` or ``table``: how they are sent.
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
        return list(self.each(keys))

    def each(self, keys: KeySet) -> Iterator[Key]:
        """Yield the keys that these columns could hold."""
        types, given = self.types, keys.keys(self.anchor, self.standing)
        if len(types) == 1 and isinstance(types[0], sa.Integer) and all(map(_small, given)):
            yield from given
            return
        fitted = (tuple(map(key_part, types, key)) for key in given if len(key) == len(types))
        whole = (key for key in fitted if not any(part is NO_FIT for part in key))
        yield from (tuple(map(_lower, key)) for key in whole) if self.fold else whole

    def parameters(self, keys: KeySet) -> dict[str, Any]:
        """Return the statement's parameters for *keys*."""
        if self.form == "table":
            return {}
        found = self.keys(keys)
        single = len(self.columns) == 1
        if self.form == "array":
            if self.fold and is_bytes(self.columns[0].type):
                found = [(str(written(key[0])),) for key in found]
            parts = zip(*found, strict=True) if found else [()] * len(self.columns)
            return {f"{self.name}_{n}": list(part) for n, part in enumerate(parts)}
        plain: list[Any] = [key[0] for key in found] if single else list(found)
        if self.form == "loose":
            texts = json.dumps(list(spellings(plain)))
            return {self.name: texts, f"{self.name}_bytes": octets(plain)}
        out: dict[str, Any] = {self.name: json.dumps(plain) if self.form == "json" else plain}
        if self.exact:
            out[f"{self.name}_bytes"] = octets(plain)
        return out

    # -- the condition ---------------------------------------------------------------------

    def condition(self) -> Condition:
        """Return "the columns are one of the keys"; NULL where a column is."""
        found = self.matches()
        listed = as_inside(self.columns[0])
        return Some(listed, found) if listed is not None and listed.many else found

    def matches(self) -> Condition:
        """Return the same, of a list for one of its elements."""
        return getattr(self, f"_{self.form}")()  # type: ignore[no-any-return]

    def _array(self) -> Condition:
        binds = [
            sa.bindparam(f"{self.name}_{n}", type_=postgresql.ARRAY(_sent(column, fold=self.fold)))
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

    def _loose(self) -> Condition:
        """Compare with every spelling: such a column has no type to bend the key to."""
        [column] = self.columns
        keys = sa.func.json_each(sa.bindparam(self.name, type_=sa.String())).table_valued(
            "value", name=self.name
        )
        spelt = sa.select(keys.c.value)
        if self.fold:
            return sa.func.lower(sa.cast(column, sa.Text())).in_(spelt)
        sent = sa.bindparam(f"{self.name}_bytes", type_=sa.LargeBinary(), expanding=True)
        plain = sa.type_coerce(column, sa.types.NullType())
        return sa.or_(plain.in_(spelt), plain.in_(sent))

    def _list(self) -> Condition:
        listed: sa.BindParameter[Any]
        if len(self.columns) > 1:
            listed = sa.bindparam(self.name, expanding=True)
            return sa.tuple_(*self.columns).in_(listed)
        [column] = self.columns
        listed = sa.bindparam(self.name, type_=comparable(column.type), expanding=True)
        bare = _bare(column)
        if not self.exact:
            return bare.in_(listed)
        octets = sa.bindparam(f"{self.name}_bytes", type_=sa.LargeBinary(), expanding=True)
        exactly = Octets(_side(column, fold=self.fold)).in_(octets)
        return exactly if self.fold else sa.and_(bare.in_(listed), exactly)

    def _table(self) -> Condition:
        kept = sa.table(self.temporary, *(sa.column(f"c{n}") for n in range(len(self.columns))))
        if self.exact:
            [column] = self.columns
            return Octets(_side(column, fold=self.fold)).in_(
                sa.select(Octets(kept.c.c0)).select_from(kept)
            )
        sides = [_side(column, fold=self.fold) for column in self.columns]
        wanted = sides[0] if len(sides) == 1 else sa.tuple_(*sides)
        return wanted.in_(sa.select(*kept.c))

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


class Legible(sa.ColumnElement[str]):
    """Bytes as the text they are, so that case can be told: no database does it unasked."""

    inherit_cache = True
    _traverse_internals = [("octets", sa.sql.visitors.InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - SQLAlchemy's way

    def __init__(self, octets: sa.ColumnElement[Any]) -> None:
        self.octets = octets
        self.type = sa.Text()


@compiles(Legible, "postgresql")
def _escaped(element: Legible, compiler: SQLCompiler, **kw: Any) -> str:
    return f"encode({compiler.process(element.octets, **kw)}, 'escape')"


@compiles(Legible, "sqlite")
def _read(element: Legible, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.octets, **kw)} AS TEXT)"


@compiles(Legible)
def _converted(element: Legible, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CONVERT({compiler.process(element.octets, **kw)} USING utf8mb4)"


def form_for(dialect: str, columns: Columns, count: int) -> str:
    """Return how *count* keys of *columns* are sent to a database of *dialect*."""
    if dialect == "postgresql":
        return "array"
    if dialect == "sqlite":
        if len(columns) == 1 and is_loose(columns[0].type, dialect):
            return "loose"
        return "json" if all(isinstance(c.type, _IN_JSON) for c in columns) else "list"
    return "table" if count > LONGEST_LIST else "list"


def form_for_chunks(dialect: str, columns: Columns, count: int) -> str:
    """Return how keys are sent when many statements of one connection use the same."""
    spilt = dialect == "postgresql" and count > LONGEST_LIST
    return "table" if spilt else form_for(dialect, columns, count)


def load(connection: Connection, slots: Iterable[Slot], keys: KeySet) -> Mapping[str, Any]:
    """Fill temporary tables where there are any, and return the parameters for the rest."""
    parameters: dict[str, Any] = {}
    for slot in slots:
        if slot.form == "table":
            _fill(connection, slot, keys)
        parameters |= slot.parameters(keys)
    return parameters


def unload(connection: Connection, slots: Iterable[Slot]) -> None:
    """Drop the temporary tables: keys do not stay on an idle connection."""
    temporary = "" if connection.dialect.name == "postgresql" else "TEMPORARY "
    for slot in slots:
        if slot.form == "table":
            connection.exec_driver_sql(f"DROP {temporary}TABLE IF EXISTS {slot.temporary}")


def _fill(connection: Connection, slot: Slot, keys: KeySet) -> None:
    unload(connection, (slot,))
    if connection.dialect.name == "postgresql":
        _copied(connection, slot, keys)
        return
    names, source = _names(slot), _source(connection, slot)
    like = ", ".join(
        f"{_empty(connection, c, '')} AS {n}" for c, n in zip(slot.columns, names, strict=True)
    )
    parts = zip(slot.columns, names, strict=True)
    indexed = ", ".join(f"{n}(190)" if as_inside(c) is not None else n for c, n in parts)
    # Copied from the column, so that types and collations are its own. The index is made with
    # the table: ALTER TABLE would commit the transaction that everything here belongs to.
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {slot.temporary} (INDEX ({indexed}))"  # noqa: S608 - quoted names only
        f" AS SELECT {like} FROM {source} WHERE 1 = 0"
    )
    typed = sa.table(
        slot.temporary,
        *(sa.column(n, c.type) for n, c in zip(names, slot.columns, strict=True)),
    )
    found = slot.each(keys)
    while rows := [dict(zip(names, key, strict=True)) for key in itertools.islice(found, _BATCH)]:
        connection.execute(sa.insert(typed), rows)


def _copied(connection: Connection, slot: Slot, keys: KeySet) -> None:
    """Stream the keys into PostgreSQL, and tell its planner how many there are."""
    names = _names(slot)
    like = ", ".join(
        f"{_empty(connection, c, _widened(c))} AS {n}"
        for c, n in zip(slot.columns, names, strict=True)
    )
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {slot.temporary} AS"  # noqa: S608 - quoted names only
        f" SELECT {like} FROM {_source(connection, slot)} WITH NO DATA"
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {slot.temporary} FROM STDIN") as copy:
        found = slot.each(keys)
        while batch := list(itertools.islice(found, _BATCH)):
            if len(names) == 1 and type(batch[0][0]) is int:
                copy.write("".join([f"{key[0]}\n" for key in batch]))
                continue
            for key in batch:
                copy.write_row(key)
    connection.exec_driver_sql(f"ANALYZE {slot.temporary}")


def _empty(connection: Connection, column: sa.Column[Any], widened: str) -> str:
    """Return what a temporary table takes its column from."""
    if as_inside(column) is None:
        return connection.dialect.identifier_preparer.quote(str(column.name)) + widened
    return "NULL::text" if connection.dialect.name == "postgresql" else "CAST('' AS CHAR(4096))"


def _widened(column: sa.Column[Any]) -> str:
    """Return the cast to a type that holds every key we may be given."""
    if _as_text(column):
        return "::text"
    return "::bigint" if isinstance(column.type, sa.Integer) else ""


def _names(slot: Slot) -> list[str]:
    return [f"c{n}" for n in range(len(slot.columns))]


def _source(connection: Connection, slot: Slot) -> str:
    return connection.dialect.identifier_preparer.format_table(slot.columns[0].table)


def _sent(column: sa.Column[Any], *, fold: bool) -> Type:
    if fold and is_bytes(column.type):
        return sa.Text()
    return sa.Text() if _as_text(column) else comparable(column.type)


def _side(column: sa.Column[Any], *, fold: bool) -> sa.ColumnElement[Any]:
    side = sa.cast(column, sa.Text()) if _as_text(column) else _bare(column)
    if fold and is_bytes(column.type):
        side = Legible(column)
    return sa.func.lower(side) if fold else side


def _bare(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    inner = as_inside(column)
    return column if inner is None else inner.element


def _as_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.types.NullType | postgresql.ENUM)


def _small(key: Key) -> bool:
    """Return whether a key is a whole number that needs no conversion."""
    return len(key) == 1 and type(key[0]) is int and -_BIG <= key[0] < _BIG


_BIG = 1 << 63


def _lower(part: Any) -> Any:
    return part.lower() if isinstance(part, str) else part
