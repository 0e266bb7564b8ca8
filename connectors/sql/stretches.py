"""How one large collection is cut: the ranges that suit its table and its erasure."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.sdk import Target, Work
from connectors.sql.drafting import Draft
from connectors.sql.erasing import Erasing
from connectors.sql.escrowing import Escrow
from connectors.sql.keysets import form_for, form_for_chunks
from connectors.sql.plans import Plan, Plans
from connectors.sql.predicates import Rows, any_of
from connectors.sql.reflection import Schema
from connectors.sql.sizes import Extent, Leaf, Sizes, Whale
from connectors.sql.spans import Pages, Span, numbered, walked

PAGES, NUMBERS, WALK, WHOLE = "pages", "numbers", "walk", "whole"

_GAPS = 50
"""Numbers of a key for each row, above which most ranges of numbers would be empty."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A table or partition, the ranges it is cut into, and the statements for one of them."""

    name: str
    span: Span | None
    erasing: Erasing


class Stretches:
    """Cuts the tables of one store."""

    def __init__(self, schema: Schema, plans: Plans, sizes: Sizes, escrow: Escrow) -> None:
        self._schema, self._plans, self._sizes = schema, plans, sizes
        self._escrow = escrow

    def ranges(
        self, connection: Connection, target: Target, work: Work, whale: Whale | None
    ) -> str:
        """Return how the collection is cut best."""
        extent = self._sizes.extent(target.collection)
        [whole] = self.of(target, work, WHOLE)
        erasing = whole.built.erasing
        if extent.looped or erasing.tree:
            return WHOLE  # rows that point at each other go together
        if erasing.settles and extent.leaves and (whale is None or whale.dense):
            return PAGES
        rows = Rows(target, self._schema.facts(target.collection))
        numbers = numbered(rows, row_ids=extent.row_ids)
        if numbers:
            ends = numbers.start(connection, {})
            if ends is None or ends[1] - ends[0] <= _GAPS * max(extent.rows, 1):
                return NUMBERS
        return WALK if walked(rows, sa.true()) else WHOLE

    def of(self, target: Target, work: Work, ranges: str) -> list[Plan[Stretch]]:
        """Return the statements for each table that is cut in that way."""
        extent = self._sizes.extent(target.collection)
        if ranges == PAGES:
            leaves = [self._plan(target, work, ranges, extent, leaf) for leaf in extent.leaves]
            if leaves:
                return leaves
        return [self._plan(target, work, ranges, extent)]

    def _plan(
        self, target: Target, work: Work, ranges: str, extent: Extent, leaf: Leaf | None = None
    ) -> Plan[Stretch]:
        table = self._schema.table(target.collection)
        if leaf and (leaf.name, leaf.schema) != (table.name, table.schema):
            table = table.to_metadata(sa.MetaData(), schema=leaf.schema, name=leaf.name)

        def build(rows: Rows) -> Stretch:
            span = _span(rows, ranges, extent)
            within = span.condition if span else None
            draft = Draft(
                rows,
                anonymise=work.anonymise,
                within=within,
                keyed=False,
                escrow=self._escrow,
            )
            return Stretch(table.fullname, span, draft.erasing())

        form = form_for_chunks if extent.spills else form_for
        purpose = ("chunk", work.anonymise, ranges, table.fullname, extent.spills, extent.row_ids)
        return self._plans.get(purpose, target, build, table=table, form=form)


def _span(rows: Rows, ranges: str, extent: Extent) -> Span | None:
    if ranges == PAGES:
        return Pages(rows.table)
    if ranges == NUMBERS:
        return numbered(rows, row_ids=extent.row_ids)
    if ranges == WALK:
        return walked(rows, any_of(map(rows.hit, rows.ways)))
    return None
