"""
The reference connector: a dictionary of tables. Copy this file to write a new one.

What a connector has to decide for itself is here: how rows are read, changed and removed, and
how an effect happens once. Whose a row is, and what an erasure does to it, the shared parts
decide (``connectors/parts/``); a store with a query language may say the same in its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.parts.deadlines import on_time
from connectors.parts.digest import RowDigest
from connectors.parts.fates import Fate, Outcome, fate
from connectors.parts.foresight import Foresight, weight
from connectors.parts.frozen import Frozen, Holds, settled
from connectors.parts.masks import hidden
from connectors.parts.native import at_path, native
from connectors.parts.standing import Standings
from connectors.parts.wanted import wanted
from connectors.sdk import (
    Change,
    Collection,
    Expect,
    Fenced,
    Foreseen,
    Found,
    Inventory,
    Item,
    KeySet,
    Manifest,
    Reach,
    Receipt,
    Standing,
    Switch,
    TableFound,
    Target,
    Verb,
    Work,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """
    The store itself.

    Args:
        tables: Rows by collection name. A row's key is the collection's, or ``id``.
        journal: What was done: (step, chunk) -> (fence, receipt).
    """

    tables: dict[str, list[Row]] = field(default_factory=dict, repr=False)
    journal: dict[tuple[str, int], tuple[int, Receipt | None]] = field(default_factory=dict)


class Memory:
    """Tables in a dictionary."""

    manifest: ClassVar[Manifest] = Manifest(
        name="memory",
        title={"en": "In-memory tables (demo and tests)", "zh-CN": "内存表（演示与测试）"},
        verbs=frozenset(Verb),
        settings=MemorySettings,
        restrictions=frozenset({"flag"}),
        journal="transaction",
        adds=True,
    )

    def __init__(self, settings: MemorySettings) -> None:
        self._tables = settings.tables
        self._journal = settings.journal

    def probe(self) -> None:
        """A dictionary is always reachable."""

    def close_connections(self) -> None:
        """There are none."""

    # -- reading --------------------------------------------------------------------------

    def freeze(
        self,
        collection: Collection,
        parents: KeySet,
        predicate: tuple[Reach, ...],
        columns: tuple[tuple[str, ...], ...],
    ) -> KeySet:
        """Return the keys of the reached rows, by standing."""

        def once(
            keys: KeySet, asked: tuple[tuple[str, ...], ...], ways: tuple[Reach, ...]
        ) -> KeySet:
            holds = Holds(collection, keys, datetime.now(UTC))
            frozen = Frozen(collection, _key(collection), asked, holds)
            for row, standing in self._reached(Target(collection, keys, ways, freezing=True)):
                frozen.add(row, standing)
            return frozen.keys()

        return settled(collection, predicate, parents, columns, once)

    def locate(self, target: Target, work: Work) -> Found:  # noqa: ARG002 - the protocol's
        """Count the rows reached now."""
        counts: dict[Standing, int] = {}
        restricted = 0
        rule = target.collection.restriction
        for row, standing in self._reached(target):
            counts[standing] = counts.get(standing, 0) + 1
            restricted += bool(rule and row.get(rule.column) == rule.value)
        return Found(sum(counts.values()), counts, restricted)

    def foresee(self, target: Target, work: Work, *, erasing: bool = True) -> Foreseen:
        """Count what an erasure would do, and weigh the rows; nothing is changed."""
        standings, out = _standings(target), Foresight(target.collection, "memory")
        for row in self._rows(target.collection):
            if standings.hits(row):
                out.weigh(weight(row))
            if erasing:
                due = fate(row, standings, target.collection, work)
                out.add(row, due, full=bool(_full(row, due)))
        return out.foreseen()

    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """Stream the reached rows: disclosed fields only, masks applied, ordered by key."""
        standings = _standings(target)
        for row in self._rows(target.collection):
            on_time(work)
            masked = hidden(standings.hits(row))
            if masked is not None:
                yield {
                    name: None if name in masked else native(_field(row, name))
                    for name in target.collection.disclosed
                }

    # -- acting ---------------------------------------------------------------------------

    def erase(self, target: Target, work: Work) -> Receipt:
        """Delete rows that are the person's alone, cut their columns in all others."""

        def act() -> Receipt:
            standings = _standings(target)
            fates = [
                (row, fate(row, standings, target.collection, work))
                for row in self._rows(target.collection)
            ]
            return self._apply(target.collection, fates, work)

        return self._once(work, act)

    def correct(self, target: Target, work: Work, changes: Iterable[Change]) -> Receipt:
        """Compare and set the named columns of the person's own rows; make those to be added."""
        asked = tuple(changes)
        conflicts = 0

        def clear(row: Row) -> bool:
            nonlocal conflicts
            clash = any(c.clashes(row.get(c.column)) for c in asked)
            conflicts += clash
            return not clash

        def act() -> Receipt:
            values = wanted(target.collection, Expect.CORRECTED, asked)
            done = self._set(target, values, clear)
            return Receipt(affected=done + self._add(target, values), conflicts=conflicts)

        return self._once(work, act)

    def restrict(self, target: Target, work: Work) -> Receipt:
        """Put the person's own rows out of use."""
        values = wanted(target.collection, Expect.RESTRICTED)
        return self._once(work, lambda: Receipt(self._set(target, values)))

    def suppress(self, target: Target, work: Work, switch: Switch) -> Receipt:
        """Set the switch to off on the person's own rows."""
        values = wanted(target.collection, Expect.SUPPRESSED, switch=switch)
        return self._once(work, lambda: Receipt(self._set(target, values)))

    def close(self, target: Target, work: Work) -> Receipt:
        """Make the account unusable."""
        values = wanted(target.collection, Expect.CLOSED)
        return self._once(work, lambda: Receipt(self._set(target, values)))

    # -- proving --------------------------------------------------------------------------

    def verify(
        self,
        target: Target,
        work: Work,
        expect: Expect,
        *,
        changes: Iterable[Change] = (),
        switch: Switch | None = None,
    ) -> Found:
        """Count the rows that are not as the effect should have left them."""
        standings = _standings(target)
        if expect is not Expect.ERASED:
            values = wanted(target.collection, expect, changes, switch)
            own = [row for row in self._rows(target.collection) if standings.own(row)]
            right = [row for row in own if all(row.get(c) == v for c, v in values.items())]
            if expect is Expect.ADDED:
                return Found(len(_absent(target, right)))
            return Found(len(own) - len(right))
        wrong = held = 0
        for row in self._rows(target.collection):
            due = fate(row, standings, target.collection, work)
            full = bool(_full(row, due))
            wrong += full or due.outcome is Outcome.DELETE
            held += not full and due.outcome is Outcome.HOLD and bool(standings.hits(row))
        return Found(wrong, restricted=held)

    def discover(self) -> Inventory:
        """List the tables, with the columns of their first row."""
        tables = tuple(
            TableFound(name, {c: type(v).__name__ for c, v in (rows[0] if rows else {}).items()})
            for name, rows in sorted(self._tables.items())
        )
        schema = json.dumps([(t.name, sorted(t.columns)) for t in tables])
        return Inventory(tables, hashlib.sha256(schema.encode()).hexdigest())

    # -- how it is done here --------------------------------------------------------------

    def _rows(self, collection: Collection) -> list[Row]:
        key = _key(collection)
        rows = self._tables.get(collection.name, [])
        return sorted(rows, key=lambda row: [_sortable(row.get(column)) for column in key])

    def _reached(self, target: Target) -> Iterator[tuple[Row, Standing]]:
        standings = _standings(target)
        for row in self._rows(target.collection):
            standing = standings.of(row)
            if standing is not None:
                yield row, standing

    def _once(self, work: Work, act: Callable[[], Receipt]) -> Receipt:
        """Do *act* unless this step did it before; refuse when a newer worker has the step."""
        unit = (work.step_id, work.chunk)
        fence, done = self._journal.get(unit, (work.fence, None))
        if fence > work.fence:
            raise Fenced("a newer worker owns this step")
        on_time(work)
        receipt = done or act()
        self._journal[unit] = (work.fence, receipt)
        return receipt

    def _apply(self, collection: Collection, fates: list[tuple[Row, Fate]], work: Work) -> Receipt:
        digest = RowDigest(work.step_id)
        counts = dict.fromkeys(Outcome, 0)
        because: dict[str, None] = {}
        table = self._tables.get(collection.name, [])
        for row, due in fates:
            emptied = _full(row, due)
            counts[due.outcome] += due.outcome is not Outcome.ANONYMISE or bool(emptied)
            if due.outcome is Outcome.DELETE:
                digest.add(row.get(column) for column in _key(collection))
                table[:] = [other for other in table if other is not row]
            if due.outcome is Outcome.HOLD:
                because[due.because] = None
                self._flag(collection, row, due)
            for name in emptied:
                _empty(row, name)
        return Receipt(
            affected=counts[Outcome.DELETE] + counts[Outcome.ANONYMISE],
            decorrelated=counts[Outcome.CUT],
            retained=counts[Outcome.HOLD],
            because="; ".join(sorted(because)),
            digest=digest.hex(),
        )

    def _flag(self, collection: Collection, row: Row, due: Fate) -> None:
        rule = collection.restriction
        if due.own and rule and rule.strategy == "flag":
            row[rule.column] = rule.value

    def _set(
        self,
        target: Target,
        values: Mapping[str, Any],
        clear: Callable[[Row], bool] = lambda _: True,
    ) -> int:
        standings = _standings(target)
        changed = 0
        for row in self._rows(target.collection):
            differs = any(row.get(column) != value for column, value in values.items())
            if standings.own(row) and clear(row) and differs:
                row.update(values)
                changed += 1
        return changed

    def _add(self, target: Target, values: Mapping[str, Any]) -> int:
        """Make the rows that *target* is to add and that are not there."""
        new = _absent(target, self._rows(target.collection)) if target.adding else []
        table = self._tables.setdefault(target.collection.name, [])
        table += [{**row, **values} for row in new]
        return len(new)


def _absent(target: Target, rows: Iterable[Row]) -> list[Row]:
    """Return the keys that *target* names and none of *rows* has, as columns and values."""
    names = _key(target.collection)
    have = {tuple(str(row.get(name)) for name in names) for row in rows}
    lost = (key for key in target.named if tuple(map(str, key)) not in have)
    return [dict(zip(names, key, strict=True)) for key in lost]


def _key(collection: Collection) -> tuple[str, ...]:
    return collection.key or ("id",)


def _standings(target: Target) -> Standings:
    return Standings(target, _key(target.collection))


def _sortable(value: Any) -> tuple[str, Any]:
    """Order values of one type by value, and the types among themselves."""
    return type(value).__name__, "" if value is None else value


def _field(row: Row, name: str) -> Any:
    return row[name] if name in row else at_path(row, name)


def _full(row: Row, due: Fate) -> list[str]:
    """Return what has to be empty and is not."""
    return [n for n in (*due.columns, *due.pointers) if _field(row, n) is not None]


def _empty(row: Row, name: str) -> None:
    """Empty one field, or one path inside a field."""
    if name in row or "." not in name:
        row[name] = None
        return
    head, _, rest = name.partition(".")
    inner = row.get(head)
    if isinstance(inner, dict):
        _empty(inner, rest)
