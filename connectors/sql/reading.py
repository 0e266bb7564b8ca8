"""Reading: which rows are reached, how many, and what they say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from connectors.parts.deadlines import on_time
from connectors.parts.elements import Narrow, narrowing
from connectors.parts.frozen import Frozen, Holds, settled
from connectors.parts.masks import again, hidden, shown_by
from connectors.parts.native import at_path, native
from connectors.parts.standing import Hit
from connectors.sdk import (
    Collection,
    Found,
    Item,
    KeySet,
    Reach,
    Record,
    Standing,
    Target,
    Work,
)
from connectors.sql.engines import Engines
from connectors.sql.facts import column, columns
from connectors.sql.keysets import load
from connectors.sql.nobody import nobody
from connectors.sql.octets import written
from connectors.sql.plans import Plans
from connectors.sql.predicates import NEVER, RANKED, Rows, any_of
from connectors.sql.reflection import Schema
from connectors.sql.values import as_json, fitting, reader, selected

PAGE = 500
"""Rows fetched at once; beyond the first page a server-side cursor takes over."""

_UNORDERED = (sa.JSON, sa.types.NullType, sa.LargeBinary)


class Reader:
    """``freeze``, ``locate`` and ``collect``."""

    def __init__(self, engines: Engines, schema: Schema, plans: Plans) -> None:
        self._engines = engines
        self._schema = schema
        self._plans = plans

    # -- freeze ----------------------------------------------------------------------------

    def freeze(
        self,
        collection: Collection,
        parents: KeySet,
        predicate: tuple[Reach, ...],
        asked: tuple[tuple[str, ...], ...],
    ) -> KeySet:
        """Return the keys of the reached rows; rows that hang on found rows are found too."""

        def once(
            keys: KeySet, names: tuple[tuple[str, ...], ...], ways: tuple[Reach, ...]
        ) -> KeySet:
            return self._freeze(Target(collection, keys, ways, freezing=True), names)

        return settled(collection, predicate, parents, asked, once)

    def _freeze(self, target: Target, asked: tuple[tuple[str, ...], ...]) -> KeySet:
        key = self._schema.key(target.collection)
        holds = Holds(target.collection, target.keys, datetime.now(UTC))
        frozen = Frozen(target.collection, key, asked, holds)
        names = frozen.columns
        plan = self._plans.get(("freeze", names), target, lambda rows: _freezing(rows, names))
        table = self._schema.table(target.collection)
        nothing = {name: nobody(table.c[name]) for name in names if name in table.c}
        if plan.built is None:
            return frozen.keys()
        with self._engines.reading.connect() as connection:
            parameters = load(connection, plan.slots, target.keys)
            for rank, *values in connection.execute(plan.built, parameters):
                row = dict(zip(names, map(written, values), strict=True))
                frozen.add(row | _unset(row, nothing), RANKED[rank])
        return frozen.keys()

    # -- locate ----------------------------------------------------------------------------

    def locate(self, target: Target) -> Found:
        """Count the rows reached now, by standing."""
        plan = self._plans.get("locate", target, _counting)
        if plan.built is None:
            return Found()
        with self._engines.reading.connect() as connection:
            parameters = load(connection, plan.slots, target.keys)
            counted = connection.execute(plan.built, parameters).all()
        by = {RANKED[rank]: count for rank, count, _ in counted}
        return Found(sum(by.values()), by, sum(int(flagged or 0) for *_, flagged in counted))

    # -- collect ---------------------------------------------------------------------------

    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """Stream the reached rows, a page at a time."""
        plan = self._plans.get("collect", target, Reading.of)
        if plan.built is None:
            return
        narrow = narrowing(target.predicate, target.keys)
        with contextlib.closing(self._pages(plan.built, plan.slots, target)) as pages:
            for page in pages:
                on_time(work)
                for row in page:
                    record = plan.built.record(row, narrow)
                    if record is not None:
                        yield record

    def _pages(
        self, built: Reading, slots: Sequence[Any], target: Target
    ) -> Generator[Sequence[Sequence[Any]], None, None]:
        with self._engines.reading.connect() as connection:
            parameters = load(connection, slots, target.keys)
            first = connection.execute(built.beginning, parameters).fetchall()
        if len(first) <= PAGE:
            yield first
            return
        del first
        with self._engines.streaming.connect() as connection:
            parameters = load(connection, slots, target.keys)
            options = {"stream_results": True, "yield_per": PAGE}
            reading = connection.execute(built.statement, parameters, execution_options=options)
            with reading as result:
                yield from result.partitions()


class Reading:
    """
    One collection's statement for reading, and how a row of it becomes a record.

    Args:
        parts: Field name, place in the row, path inside a JSON value, and converter.
        ways: The ways whose ranks stand at the end of each row; empty without masks.
    """

    def __init__(
        self,
        statement: sa.Select[Any],
        parts: tuple[tuple[str, int, str, Callable[[Any], Any]], ...],
        ways: tuple[Reach, ...],
    ) -> None:
        self.statement = statement
        self.beginning = statement.limit(PAGE + 1)
        self._parts = parts
        self._ways = ways

    @classmethod
    def of(cls, rows: Rows) -> Reading | None:
        """Return the reading of a target, or None when there is nothing to read."""
        ways = tuple(r for r in rows.ways if shown_by(r) and rows.live(r))
        shown = any_of([*(rows.hit(r) for r in ways if not again(r)), _found_before(rows)])
        disclosed = rows.target.collection.disclosed
        if shown is NEVER or not disclosed:
            return None
        found = [_placed(rows, name) for name in disclosed]
        places = {c.name: n for n, c in enumerate(dict.fromkeys(c for c, _ in found))}
        by_name = {c.name: c for c, _ in found}
        masked = ways if any(r.link and r.link.mask for r in ways) else ()
        statement = sa.select(
            *(selected(by_name[name], rows.dialect) for name in places),
            *(rows.rank(r).label(f"rights_rank_{n}") for n, r in enumerate(masked)),
        ).where(shown)
        parts = tuple(
            (name, places[c.name], path, reader(c, rows.dialect))
            for name, (c, path) in zip(disclosed, found, strict=True)
        )
        return cls(statement.order_by(*_order(rows)), parts, masked)

    def record(self, row: Sequence[Any], narrow: Mapping[str, Narrow]) -> Record | None:
        """
        Return the record of one row, None when no way that shows it is left.

        Args:
            narrow: Column to what leaves other people's elements of its list out.
        """
        masks = self._hidden(row) if self._ways else frozenset()
        if masks is None:
            return None
        out: dict[str, Any] = {}
        for name, place, path, convert in self._parts:
            value, less = row[place], narrow.get(name.partition(".")[0].removesuffix("[]"))
            if name in masks:
                out[name] = None
            elif less is not None:
                document = less(as_json(value))
                out[name] = native(at_path(document, path) if path else document)
            elif path:
                out[name] = native(at_path(as_json(value), path))
            else:
                out[name] = convert(value)
        return out

    def _hidden(self, row: Sequence[Any]) -> frozenset[str] | None:
        ranks = row[len(row) - len(self._ways) :]
        return hidden(
            Hit(reach, RANKED[int(rank)])
            for reach, rank in zip(self._ways, ranks, strict=True)
            if rank is not None
        )


def _unset(row: Mapping[str, Any], nothing: Mapping[str, Any]) -> dict[str, None]:
    """Return the columns of *row* that point at nobody: keys with them are no keys."""
    return dict.fromkeys(n for n, value in nothing.items() if value is not None and row[n] == value)


def _found_before(rows: Rows) -> sa.ColumnElement[bool]:
    """Return "the persons' alone, and reached by nothing but its own frozen key"."""
    own = any_of(rows.hit(r, Standing.SOLE) for r in rows.ways if again(r))
    otherwise = any_of(rows.hit(r) for r in rows.ways if not again(r) and rows.live(r))
    if own is NEVER or otherwise is NEVER:
        return own
    return sa.and_(own, otherwise.is_not(sa.true()))


def _freezing(rows: Rows, names: tuple[str, ...]) -> sa.Select[Any] | None:
    cols = columns(rows.table, names, rows.path)
    reached = rows.reached()
    if reached is NEVER or not cols:
        return None
    read = (selected(c, rows.dialect) for c in cols)
    ordered = columns(rows.table, rows.key, rows.path)
    return sa.select(rows.standing(), *read).where(reached).order_by(*ordered)


def _counting(rows: Rows) -> sa.Select[Any] | None:
    reached = rows.reached()
    if reached is NEVER:
        return None
    rule = rows.target.collection.restriction
    flagged: sa.ColumnElement[Any] = sa.literal_column("0")
    if rule and rule.column:
        flag = column(rows.table, rule.column, rows.path)
        flagged = sa.case((flag == fitting(flag, rule.value, rows.path), 1), else_=0)
    return (
        sa.select(rows.standing(), sa.func.count(), sa.func.sum(flagged))
        .select_from(rows.table)  # a comparison of bytes does not say whose column it reads
        .where(reached)
        .group_by(sa.literal_column("1"))
    )


def _placed(rows: Rows, name: str) -> tuple[sa.Column[Any], str]:
    """Return the column behind a field, and the path inside it."""
    head, _, path = name.partition(".")
    if name in rows.table.columns or not path:
        return column(rows.table, name, rows.path), ""
    head, many = head.removesuffix("[]"), head.endswith("[]")
    return column(rows.table, head, rows.path), f"[].{path}" if many else path


def _order(rows: Rows) -> tuple[sa.Column[Any], ...]:
    """Return the key, or where there is none every column that can be sorted by."""
    if rows.key:
        return columns(rows.table, rows.key, rows.path)
    return tuple(c for c in rows.table.columns if not isinstance(c.type, _UNORDERED))
