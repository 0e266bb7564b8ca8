"""
What an erasure would come to: its own conditions as counts, and what the rows weigh.

Nothing is changed and nothing is locked. The statements are drafted by the class that drafts the
erasure, so that a condition cannot mean one thing in the dry run and another one later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.sdk import Foreseen, Standing, Target, Work
from connectors.sql.drafting import Draft, given
from connectors.sql.engines import Engines
from connectors.sql.escrowing import Escrow
from connectors.sql.facts import column
from connectors.sql.keysets import load
from connectors.sql.plans import Plans, Prepared
from connectors.sql.predicates import NEVER, Rows, any_of
from connectors.sql.reflection import Schema
from connectors.sql.sizes import Sizes

MEASURED = 1_000
"""Rows whose average stands for all of them."""

_OVERHEAD = {"postgresql": 28, "sqlite": 6}
"""Bytes of a row beside its columns."""

_PAGE = {"postgresql": 8_192, "sqlite": 4_096}
_ELSEWHERE = {"overhead": 20, "page": 16_384}
"""Of InnoDB."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One counting statement for each outcome; None where no row can have it."""

    goes: Prepared | None
    cut: Prepared | None
    held: Prepared | None
    since: Prepared | None
    kept: Prepared | None
    replaces: bool


class Foretelling(Draft):
    """Drafts counts where :class:`Draft` drafts changes."""

    def counts(self) -> Counts:
        """Return the statements."""
        cutting = self._cutting()
        reached = self.rows.reached()
        any_held = self.held is not NEVER and reached is not NEVER
        hits = any_of(self.rows.hit(r, Standing.SOLE) for r in cutting)
        changes = not self.keeps and self.going is not NEVER
        empties = not self.replaces or (changes and self._anonymise() is not None)
        return Counts(
            goes=self._left() if changes and empties else None,
            cut=self._count(any_of(map(self._survives, cutting))) if cutting else None,
            held=self._count(reached, self.held) if any_held else None,
            since=self._since(reached) if any_held else None,
            kept=self._kept(hits),
            replaces=self.replaces,
        )

    def _since(self, reached: Any) -> Prepared | None:
        """Return what tells the latest moment that holds count from, and how many have none."""
        rule = self.collection.retention
        if self.keeps or rule is None or not rule.from_:
            return None
        began: Any = column(self.rows.table, rule.from_, self.rows.path)
        if self.rows.dialect == "sqlite":  # one spelling, whatever the way it is written there
            began = sa.func.datetime(began, type_=sa.Text())
        none = (sa.func.count() - sa.func.count(began)).label("undated")
        found = sa.select(sa.func.max(began).label("newest"), none).select_from(self.rows.table)
        return Prepared(found.where(reached, self.held))


class Foreseer:
    """``foresee``."""

    def __init__(
        self, engines: Engines, schema: Schema, plans: Plans, sizes: Sizes, escrow: Escrow
    ) -> None:
        self._engines, self._schema, self._plans, self._sizes = engines, schema, plans, sizes
        self._escrow = escrow

    def foresee(self, target: Target, work: Work, *, erasing: bool) -> Foreseen:
        """Count, and weigh up to ``MEASURED`` of the rows."""
        counts = self._counted(target, work) if erasing else {}
        size, measured = self._weighed(target)
        dialect = self._engines.reading.dialect.name
        return Foreseen(
            **counts,
            row_bytes=size,
            measured=measured,
            engine="mariadb" if dialect == "mysql" else dialect,
            pages=self._pages(target, size),
            indexes=self._indexes(target),
        )

    def _counted(self, target: Target, work: Work) -> dict[str, Any]:
        plan = self._plans.get(
            ("foresee", work.anonymise),
            target,
            lambda rows: Foretelling(rows, anonymise=work.anonymise, escrow=self._escrow).counts(),
        )
        built: Counts = plan.built
        with self._engines.reading.connect() as connection:
            parameters = {**load(connection, plan.slots, target.keys), **given(target, work)}
            asked = {
                "anonymised" if built.replaces else "deleted": built.goes,
                "decorrelated": built.cut,
                "held": built.held,
                "kept": built.kept,
            }
            out = {name: one.count(connection, parameters) for name, one in asked.items() if one}
            if built.since and out.get("held"):
                return {**out, **built.since.run(connection, parameters).mappings().one()}
        return out

    def _weighed(self, target: Target) -> tuple[float, int]:
        plan = self._plans.get("weigh", target, _weighing)
        if plan.built is None:
            return 0.0, 0
        with self._engines.reading.connect() as connection:
            given_keys = load(connection, plan.slots, target.keys)
            told = connection.execute(plan.built, given_keys).mappings().one()
        return float(told["size"] or 0), int(told["measured"])

    def _pages(self, target: Target, size: float) -> int:
        """Return about how many pages the table has."""
        extent = self._sizes.extent(target.collection)
        if extent.leaves:
            return sum(leaf.pages for leaf in extent.leaves)
        page = _PAGE.get(self._engines.reading.dialect.name, _ELSEWHERE["page"])
        whole = extent.rows * size / page
        return 0 if whole in {0.0, float("inf")} else int(whole) + 1

    def _indexes(self, target: Target) -> int:
        table = self._schema.table(target.collection)
        with self._engines.reading.connect() as connection:
            return _indexes(connection, table) + bool(self._schema.key(target.collection))


def _indexes(connection: Connection, table: sa.Table) -> int:
    return len(sa.inspect(connection).get_indexes(table.name, table.schema))


def _weighing(rows: Rows) -> sa.Select[Any] | None:
    ways = any_of((rows.reached(), *(rows.hit(r, Standing.SOLE) for r in rows.cutting())))
    if ways is NEVER:
        return None
    overhead = _OVERHEAD.get(rows.dialect, _ELSEWHERE["overhead"])
    size: sa.ColumnElement[Any] = sa.literal_column(str(overhead))
    for c in rows.table.columns:
        size = size + sa.func.coalesce(_octets(c, rows.dialect), 0)
    some = sa.select(size.label("size")).select_from(rows.table).where(ways)
    some = some.limit(sa.literal_column(str(MEASURED)))
    few = some.subquery()
    average = sa.func.avg(few.c.size).label("size")
    return sa.select(average, sa.func.count().label("measured")).select_from(few)


def _octets(c: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Return about how many bytes a value takes where it lies; large ones are not fetched."""
    if dialect == "postgresql":
        return sa.func.pg_column_size(c, type_=sa.Integer())
    if dialect == "sqlite":
        return sa.func.length(sa.cast(c, sa.LargeBinary()), type_=sa.Integer())
    return sa.func.octet_length(c, type_=sa.Integer())
