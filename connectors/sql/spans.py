"""
Ranges that cut a large erasure into chunks: pages of a heap, numbers of a key, or any key.

Every row is in exactly one range. Pages are the cheapest (a DELETE then reads the table in
order and walks no dead index entries), and are for rows that match no more once they are
treated: an UPDATE moves a row to a later page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.native import native
from connectors.sql.keysets import Condition
from connectors.sql.plans import Prepared
from connectors.sql.predicates import Rows
from connectors.sql.values import NO_FIT, coerce

FROM, TO, OPEN = "rights_from", "rights_to", "rights_open"

_KEYS = (sa.Integer, sa.String, sa.Uuid)
"""Types of keys that survive being written down as JSON, and have an order."""


class Span(Protocol):
    """One way to cut a table into ranges."""

    condition: Condition
    rows: float
    """Rows that a range of size one may hold; one of size *n* holds so many times *n* at most."""

    def start(self, connection: Connection, given: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Return where the rows begin and end; None when there are none."""
        ...

    def to(self, connection: Connection, given: Mapping[str, Any], at: Any, size: int) -> Any:
        """Return where the range of *size* that begins at *at* ends."""
        ...

    def given(self, at: Any, to: Any) -> dict[str, Any]:
        """Return the parameters of the range from *at* until before *to*."""
        ...


class Tid(sa.types.UserDefinedType[str]):
    """The type of ``ctid``."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return its name."""
        return "tid"


class Pages:
    """Pages of one heap of PostgreSQL; the bounds are in the statement, as its planner likes."""

    rows = 100.0

    def __init__(self, table: sa.Table) -> None:
        self._table = table
        place: sa.ColumnClause[Any] = sa.literal_column("ctid", Tid())
        low, high = (
            sa.cast(sa.bindparam(name, type_=sa.String(), literal_execute=True), Tid())
            for name in (FROM, TO)
        )
        self.condition: Condition = sa.and_(place >= low, place < high)

    def start(self, connection: Connection, given: Mapping[str, Any]) -> tuple[int, int] | None:  # noqa: ARG002 - the protocol's
        """Return the first page, and the number of pages there are now."""
        name = connection.dialect.identifier_preparer.format_table(self._table)
        asked = (
            "SELECT pg_relation_size(to_regclass(:name)) / current_setting('block_size')::bigint"
        )
        pages = int(connection.execute(sa.text(asked), {"name": name}).scalar_one())
        return (0, pages) if pages else None

    def to(self, connection: Connection, given: Mapping[str, Any], at: int, size: int) -> int:  # noqa: ARG002 - the protocol's
        """Return the page after the range."""
        return at + size

    def given(self, at: int, to: int) -> dict[str, Any]:
        """Return the parameters."""
        return {FROM: f"({at},0)", TO: f"({to},0)"}


class Numbers:
    """Values of a whole-numbered key."""

    rows = 1.0

    def __init__(self, table: sa.Table, key: sa.ColumnElement[Any]) -> None:
        low, high = (sa.bindparam(name, type_=sa.BigInteger()) for name in (FROM, TO))
        self.condition: Condition = sa.and_(key >= low, key < high)
        self._ends = sa.select(sa.func.min(key), sa.func.max(key)).select_from(table)

    def start(self, connection: Connection, given: Mapping[str, Any]) -> tuple[int, int] | None:  # noqa: ARG002 - the protocol's
        """Return the lowest key, and the one after the highest."""
        low, high = connection.execute(self._ends).one()
        return None if low is None else (int(low), int(high) + 1)

    def to(self, connection: Connection, given: Mapping[str, Any], at: int, size: int) -> int:  # noqa: ARG002 - the protocol's
        """Return the number after the range."""
        return at + size

    def given(self, at: int, to: int) -> dict[str, Any]:
        """Return the parameters."""
        return {FROM: at, TO: to}


class Walk:
    """Any key that has an order: each range ends at the key a number of reached rows further."""

    rows = 1.0

    def __init__(self, rows: Rows, reached: Condition) -> None:
        self._columns = [rows.table.c[name] for name in rows.key]
        self._plain = rows.dialect in {"mysql", "mariadb"}
        opened = sa.bindparam(OPEN, type_=sa.Integer()) == sa.literal_column("1")
        low, high = self._before(FROM), self._before(TO)
        self.condition: Condition = sa.and_(sa.not_(low), sa.or_(opened, high))
        found = sa.select(*self._columns).where(reached).order_by(*self._columns)
        self._lowest = Prepared(found.limit(1))
        size = sa.bindparam("rights_size", type_=sa.Integer())
        self._next = Prepared(found.where(sa.not_(low)).limit(1).offset(size))

    def start(self, connection: Connection, given: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Return the lowest key that is reached; the end is open."""
        first = self._lowest.run(connection, given).first()
        return None if first is None else ([native(v) for v in first], None)

    def to(self, connection: Connection, given: Mapping[str, Any], at: Any, size: int) -> Any:
        """Return the key after the range; None when nothing follows."""
        asked = {**given, **self._bound(FROM, at), "rights_size": size}
        found = self._next.run(connection, asked).first()
        return None if found is None else [native(v) for v in found]

    def given(self, at: Any, to: Any) -> dict[str, Any]:
        """Return the parameters."""
        end = {f"{TO}_{n}": None for n in range(len(self._columns))} if to is None else {}
        return {
            OPEN: int(to is None),
            **self._bound(FROM, at),
            **(end or self._bound(TO, to)),
        }

    def _bound(self, name: str, key: list[Any]) -> dict[str, Any]:
        parts = [coerce(c.type, part) for c, part in zip(self._columns, key, strict=True)]
        if NO_FIT in parts:
            raise ValueError("a key of the store cannot be written down")
        return {f"{name}_{n}": part for n, part in enumerate(parts)}

    def _before(self, name: str) -> Condition:
        """Return "the key is lower than the bound"; MariaDB's planner wants it spelt out."""
        binds = [sa.bindparam(f"{name}_{n}", type_=c.type) for n, c in enumerate(self._columns)]
        if len(binds) == 1:
            return self._columns[0] < binds[0]
        if not self._plain:
            return sa.tuple_(*self._columns) < sa.tuple_(*binds)
        return sa.or_(
            *(
                sa.and_(
                    *(c == b for c, b in zip(self._columns[:n], binds[:n], strict=True)),
                    self._columns[n] < binds[n],
                )
                for n in range(len(binds))
            )
        )


def numbered(rows: Rows, *, row_ids: bool) -> Numbers | None:
    """
    Return the ranges of a whole-numbered key, where the table has one.

    Args:
        row_ids: SQLite numbers the rows itself.
    """
    if row_ids:
        return Numbers(rows.table, sa.literal_column("_rowid_", sa.BigInteger()))
    columns = [rows.table.c[name] for name in rows.key]
    if len(columns) == 1 and isinstance(columns[0].type, sa.Integer):
        return Numbers(rows.table, columns[0])
    return None


def walked(rows: Rows, reached: Condition) -> Walk | None:
    """Return the ranges of any other key, where the table has one that will do."""
    columns = [rows.table.c[name] for name in rows.key]
    fits = all(isinstance(c.type, _KEYS) and not c.nullable for c in columns)
    return Walk(rows, reached) if columns and fits else None
