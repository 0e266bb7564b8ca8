"""
What is erased before what, as the live foreign keys have it.

The map's order puts rows before the rows they point at. Where collections point at each other in
a circle, one of the pointers has to give way: it is emptied first if it may be empty, or its
check waits for the end of one transaction if the store can do that. If neither is possible the
request is refused, by name, before anything is touched. Constraints are never switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.sdk import Inventory, OnErasure, TableFound
from rights.domain.actions import Action
from rights.domain.datamap import Collection, DataMap
from rights.domain.errors import Misconfigured
from rights.domain.ordering import groups, ordered
from workflows.plan import Step
from workflows.tables import table_of


@dataclass(frozen=True, slots=True)
class Key:
    """
    One live foreign key between two collections of a step.

    Args:
        child: Path of the collection whose rows point.
        loose: It may be empty, and a link of the map says what that means.
        waits: The store can check it at the end of a transaction.
    """

    child: str
    parent: str
    columns: tuple[str, ...]
    loose: bool
    waits: bool

    @property
    def name(self) -> str:
        """``store.collection:column,column``: how a plan speaks of it."""
        return f"{self.child}:{','.join(self.columns)}"


def arranged(
    datamap: DataMap, steps: Iterable[Step], surveys: Mapping[str, Inventory]
) -> tuple[Step, ...]:
    """
    Return *steps* with their collections in an order that the live foreign keys allow.

    Args:
        surveys: Store name to its live schema; stores without one keep the map's order.

    Raises:
        Misconfigured: a circle of foreign keys in which none may be empty and none can wait.
    """
    return tuple(
        _arranged(datamap, step, surveys[step.store])
        if step.action in {Action.ERASE, Action.VERIFY} and step.store in surveys
        else step
        for step in steps
    )


def _arranged(datamap: DataMap, step: Step, inventory: Inventory) -> Step:
    keys = _keys(datamap, step.collections, inventory)
    place = {path: n for n, path in enumerate(step.collections)}
    if all(place[key.child] < place[key.parent] for key in keys):
        return step
    order: list[str] = []
    for group in groups(_before(step.collections, keys)):
        order += _untied(group, keys)
    place = {path: n for n, path in enumerate(order)}
    against = [key for key in keys if place[key.child] > place[key.parent]]
    return replace(
        step,
        collections=tuple(order),
        unhook=tuple(key.name for key in against if key.loose),
        deferred=any(not key.loose for key in against),
    )


def _untied(group: tuple[str, ...], keys: Sequence[Key]) -> tuple[str, ...]:
    """Return the members of a circle in an order that only loose or waiting keys run against."""
    inside = [k for k in keys if k.child in group and k.parent in group]
    for solid in (
        [k for k in inside if not k.loose],
        [k for k in inside if not k.loose and not k.waits],
    ):
        before = _before(group, solid)
        if all(len(knot) == 1 for knot in groups(before)):
            return ordered(before)
    names = " → ".join((*group, group[0]))
    columns = ", ".join(sorted(k.name for k in inside))
    raise Misconfigured(
        f"{names}: rows of these point at each other in a circle, no pointer of it may be empty"
        f" and none can be checked later ({columns}): make one nullable or deferrable"
    )


def _before(paths: Iterable[str], keys: Iterable[Key]) -> dict[str, frozenset[str]]:
    """Return, for each path, those whose rows point at its rows and so go first."""
    out: dict[str, set[str]] = {path: set() for path in paths}
    for key in keys:
        out[key.parent].add(key.child)
    return {path: frozenset(found) for path, found in out.items()}


def _keys(datamap: DataMap, paths: Sequence[str], inventory: Inventory) -> list[Key]:
    tables = {t.name: t for t in inventory.tables}
    collections = [datamap.collection(path) for path in paths]
    named = {table_of(c): c for c in collections if "schema" not in c.settings}
    return [
        _key(child, named[to].path, columns, tables[name])
        for name, child in named.items()
        if name in tables
        for columns, to, _ in tables[name].foreign_keys
        if to in named and to != name
    ]


def _key(child: Collection, parent: str, columns: tuple[str, ...], table: TableFound) -> Key:
    declared = any(
        link.to == parent
        and set(link.columns) == set(columns)
        and link.on_erasure is not OnErasure.KEEP
        for link in child.links
    )
    empty = any(name in table.nullable for name in columns)
    return Key(child.path, parent, columns, declared and empty, columns in table.deferrable)
