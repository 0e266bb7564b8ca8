"""
How many rows a target may have: whether its erasure is a matter of one statement or of many.

Small requests must not pay for the question. What the database knows of its tables is read
once in a while; only where that allows for very many rows are they counted, up to a bound.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.parts.standing import ways
from connectors.sdk import Collection, Target
from connectors.sql.engines import Engines
from connectors.sql.keysets import LONGEST_LIST, load
from connectors.sql.plans import Plans
from connectors.sql.predicates import NEVER, Rows, any_of
from connectors.sql.reflection import Schema

_KNOWN_S = 300.0
"""Seconds for which what the database said of a table is believed."""

_PAGES_PER_ROW = 4
"""Reading a page in order costs about a quarter of fetching it for one row."""

_BOUND = "rights_bound"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One heap of PostgreSQL: a table, or a partition of it."""

    schema: str
    name: str
    pages: int


@dataclass(frozen=True, slots=True)
class Extent:
    """
    What the database says about a table's size.

    Args:
        rows: About how many it has.
        most: Column to about how many rows share its most frequent value; a column that is
            not there may have the same value in all of them.
        leaves: Its heaps, where PostgreSQL can read a range of pages; else none.
        looped: A foreign key of the table points at itself.
        row_ids: SQLite numbers the rows itself.
        spills: Temporary tables may be made.
    """

    rows: float
    most: Mapping[str, float] = field(default_factory=dict)
    leaves: tuple[Leaf, ...] = ()
    looped: bool = False
    row_ids: bool = False
    spills: bool = True


@dataclass(frozen=True, slots=True)
class Whale:
    """
    A target too large for one transaction.

    Args:
        dense: Reading the whole table in order is cheaper than looking its rows up.
    """

    extent: Extent
    dense: bool


class Sizes:
    """What one worker knows of the sizes of a store's tables."""

    def __init__(self, engines: Engines, schema: Schema, plans: Plans, whale_rows: int) -> None:
        self._engines, self._schema, self._plans = engines, schema, plans
        self._whale_rows = whale_rows
        self._known: dict[str, tuple[float, Extent]] = {}

    def forget(self) -> None:
        """Ask the database anew."""
        self._known.clear()

    def whale(self, target: Target) -> Whale | None:
        """Return what is known of *target* when it may have very many rows, else None."""
        extent = self.extent(target.collection)
        bound, keys = self._bound(target, extent)
        if bound < self._whale_rows:
            return None
        pages = sum(leaf.pages for leaf in extent.leaves)
        least = pages / _PAGES_PER_ROW
        if keys <= LONGEST_LIST:
            bound = self._count(target, int(max(self._whale_rows, least)) + 1)
            if bound < self._whale_rows:
                return None
        return Whale(extent, dense=bound >= least)

    def extent(self, collection: Collection) -> Extent:
        """Return what the database says about the table of *collection*."""
        table = self._schema.table(collection)
        asked, known = self._known.get(table.fullname, (0.0, None))
        if known is None or time.monotonic() - asked > _KNOWN_S:
            with self._engines.reading.connect() as connection:
                known = _extent(connection, table)
            self._known[table.fullname] = (time.monotonic(), known)
        return known

    def _bound(self, target: Target, extent: Extent) -> tuple[float, int]:
        """Return the most rows that the keys can reach by the database's word, and the keys."""
        bound, count = 0.0, 0
        for reach in ways(target, self._schema.key(target.collection)):
            keys = sum(map(len, target.keys.anchors.get(reach.anchor, {}).values()))
            each = min(extent.most.get(name, extent.rows) for name in reach.columns)
            bound, count = bound + keys * each, max(count, keys)
        return min(bound, extent.rows), count

    def _count(self, target: Target, most: int) -> int:
        """Count the rows that are reached, up to *most*."""
        plan = self._plans.get("bounded", target, _counting)
        if plan.built is None:
            return 0
        with self._engines.reading.connect() as connection:
            given = {**load(connection, plan.slots, target.keys), _BOUND: most}
            return int(connection.execute(plan.built, given).scalar_one())


def _counting(rows: Rows) -> sa.Select[Any] | None:
    reached = any_of(rows.hit(reach) for reach in rows.ways)
    if reached is NEVER:
        return None
    some: sa.Select[Any] = (
        sa.select(sa.literal_column("1").label("one")).select_from(rows.table).where(reached)
    )
    some = some.limit(sa.bindparam(_BOUND, type_=sa.Integer()))
    return sa.select(sa.func.count()).select_from(some.subquery())


def _extent(connection: Connection, table: sa.Table) -> Extent:
    looped = any(
        key["referred_table"] == table.name
        for key in sa.inspect(connection).get_foreign_keys(table.name, table.schema)
    )
    if connection.dialect.name == "postgresql":
        return _on_postgres(connection, table, looped=looped)
    if connection.dialect.name == "sqlite":
        return _on_sqlite(connection, table, looped=looped)
    asked = (
        "SELECT TABLE_ROWS FROM information_schema.TABLES"
        " WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE()) AND TABLE_NAME = :name"
    )
    named = {"schema": table.schema, "name": table.name}
    rows = connection.execute(sa.text(asked), named).scalar()
    return Extent(float("inf") if rows is None else float(rows) * _STALE, looped=looped)


def _on_sqlite(connection: Connection, table: sa.Table, *, looped: bool) -> Extent:
    asked = "SELECT type = 'table' AND NOT wr FROM pragma_table_list(:name)"
    numbered = bool(connection.execute(sa.text(asked), {"name": table.name}).scalar())
    quoted = connection.dialect.identifier_preparer.format_table(table)
    last = f"SELECT MAX(_rowid_) FROM {quoted}" if numbered else f"SELECT COUNT(*) FROM {quoted}"  # noqa: S608 - a quoted name
    rows = float(connection.exec_driver_sql(last).scalar() or 0)
    return Extent(rows, looped=looped, row_ids=numbered)


_STALE = 2.0
"""MariaDB's own number of rows is a guess from a few pages."""

_LEAVES = """
WITH RECURSIVE tree AS (
    SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass(:name)
    UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid
)
SELECT n.nspname, c.relname, c.relkind::text, c.relhassubclass, a.amname,
    pg_relation_size(c.oid) / current_setting('block_size')::bigint AS pages,
    c.reltuples AS rows, s.stats
FROM tree JOIN pg_class c USING (oid)
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am a ON a.oid = c.relam
LEFT JOIN LATERAL (
    SELECT json_object_agg(p.attname, greatest(p.most_common_freqs[1],
        CASE WHEN p.n_distinct > 0 THEN 1 / p.n_distinct
             WHEN p.n_distinct < 0 AND c.reltuples > 0 THEN -1 / (p.n_distinct * c.reltuples)
        END)) AS stats
    FROM pg_stats p
    WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND NOT p.inherited
) s ON true
WHERE c.relkind <> 'p'
ORDER BY c.oid
"""

_ROWS_PER_PAGE = 100
"""Assumed where a table was never analysed."""

_TID_RANGES = (14,)
"""The first version of PostgreSQL that reads a range of pages without reading the others."""


def _on_postgres(connection: Connection, table: sa.Table, *, looped: bool) -> Extent:
    name = connection.dialect.identifier_preparer.format_table(table)
    found = connection.execute(sa.text(_LEAVES), {"name": name}).all()
    spills = connection.execute(
        sa.text("SELECT has_database_privilege(current_database(), 'TEMP')")
    ).scalar_one()
    total, most = 0.0, dict[str, float]()
    for leaf in found:
        rows = float(leaf.rows)
        if rows <= 0 or leaf.stats is None:
            rows = max(rows, float(leaf.pages * _ROWS_PER_PAGE))
        total += rows
        for name in (column.name for column in table.columns):
            share = (leaf.stats or {}).get(name)
            most[name] = most.get(name, 0.0) + (rows if share is None else rows * share)
    plain = all(x.relkind == "r" and x.amname == "heap" and not x.relhassubclass for x in found)
    ranged = plain and (connection.dialect.server_version_info or ()) >= _TID_RANGES
    leaves = tuple(Leaf(x.nspname, x.relname, x.pages) for x in found) if ranged else ()
    return Extent(total, most, leaves, looped=looped, spills=spills)
