"""
What in the live stores would stop an effect half-way, or make it do something else.

Looked at when a plan is made, and by ``rights datamap check``. Errors refuse the request before
anything is touched; warnings stand in the plan, for whoever approves it.
"""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sdk import Role, TableFound
from rights.domain.datamap import Collection, Depth, Erasure, Link
from rights.domain.graph import INWARD
from rights.services.plan_warnings import (
    KEY_OF_ROWS_THAT_STAY,
    KEY_WITHOUT_INDEX,
    KEY_WITHOUT_LINK,
    TRIGGER,
    remedy,
)
from workflows.findings import Finding, error, planned
from workflows.graph import OUTWARD
from workflows.tables import Compared, absent, column_of, has_column

SELECT, UPDATE, DELETE = "SELECT", "UPDATE", "DELETE"


@dataclass(frozen=True, slots=True)
class Acting:
    """
    What is about to happen in one store.

    Args:
        erased: Paths of collections that an erasure goes over.
        changed: Paths of collections that anything else changes.
        anonymise: Nothing is deleted, only emptied.
    """

    erased: Container[str] = ()
    changed: Container[str] = ()
    anonymise: bool = False

    def deletes(self, collection: Collection) -> bool:
        """Return whether rows of *collection* may be deleted."""
        plain = collection.erasure is Erasure.DELETE and not self.anonymise
        return plain and collection.path in self.erased

    def touches(self, collection: Collection) -> bool:
        """Return whether anything may happen to rows of *collection*."""
        return collection.path in self.erased or collection.path in self.changed


def findings(compared: Compared, acting: Acting) -> Iterator[Finding]:
    """Yield what stands in the way of *acting* in one store."""
    yield from absent(compared, acting.touches)
    yield from live(compared, acting)


def live(compared: Compared, acting: Acting) -> Iterator[Finding]:
    """Yield what the store does by itself, forbids, or makes slow."""
    for collection, table in compared.pairs:
        if acting.touches(collection):
            yield from _allowed(collection, table, acting)
            yield from _by_itself(collection, table)
            yield from _inside(compared, collection, table)
    for table in compared.tables.values():
        for key in table.foreign_keys:
            to = compared.mapped.get(key[1])
            if to and acting.deletes(to) and key[1] != table.name:
                yield from _pointing(compared, table, key[0], to, acting)


def _allowed(collection: Collection, table: TableFound, acting: Acting) -> Iterator[Finding]:
    wanted = {SELECT}
    if acting.deletes(collection):
        wanted.add(DELETE)
    if collection.path in acting.changed or _cuts(collection, acting):
        wanted.add(UPDATE)
    missing = [name for name in table.lacks if name in wanted]
    if missing:
        names = ", ".join(missing)
        grant = f"grant {names} on {table.name}, or use an account that has it"
        yield error(collection.path, f"the account may not {names} there", grant)


def _cuts(collection: Collection, acting: Acting) -> bool:
    """Return whether an erasure may have to change rows that stay."""
    if collection.path not in acting.erased or collection.erasure is Erasure.KEEP:
        return False
    inward = [link for link in collection.links if link.role not in OUTWARD]
    shared = len(inward) > 1 or any(link.role is not Role.OWNER for link in inward)
    return not acting.deletes(collection) or shared


def _by_itself(collection: Collection, table: TableFound) -> Iterator[Finding]:
    for name in table.rewrites:
        yield error(
            collection.path,
            f"the rule {name} makes the store do something else than it is told",
            "drop the rule, or leave this collection to staff",
        )
    for name in table.triggers:
        yield planned(collection.path, TRIGGER, trigger=name)


def _inside(compared: Compared, collection: Collection, table: TableFound) -> Iterator[Finding]:
    """Name the links that run over a value inside a column where the store can not follow it."""
    pointed = (
        name
        for other in compared.datamap.collections
        for link in other.links
        if link.to == collection.path
        for name in link.to_columns
    )
    own = (
        name
        for link in collection.links
        for name in link.columns
        if not _followed(collection, link, table)
    )
    for name in dict.fromkeys((*own, *collection.identifies.values(), *pointed)):
        if name not in table.columns and has_column(table, name):
            yield error(
                f"{collection.path}.{name}",
                "a link cannot run over a value inside a column here",
                "keep the value in a column of its own (a generated one will do) and link that",
            )


def _followed(collection: Collection, link: Link, table: TableFound) -> bool:
    """Return whether the store finds rows by a value inside a column, as *link* asks."""
    alone = len(link.columns) == 1 and link.to != collection.path
    inward = link.role in INWARD or (link.role is Role.NONE and link.depth is Depth.SHALLOW)
    return alone and inward and column_of(link.columns[0]) in table.documents


def _pointing(
    compared: Compared,
    table: TableFound,
    columns: tuple[str, ...],
    to: Collection,
    acting: Acting,
) -> Iterator[Finding]:
    """Say what a foreign key at rows that go will do to them, or to the rows that hold it."""
    child = compared.mapped.get(table.name)
    place = f"{compared.store.name}.{table.name}.{','.join(columns)}"
    declared = child is not None and linked(child, columns, to)
    by_itself = table.on_delete.get(columns, "")
    if not declared and by_itself:
        what = (
            f"a foreign key to {to.name} without a link, and {by_itself} changes its rows unasked"
        )
        yield error(place, what, remedy(KEY_WITHOUT_LINK, {"to": to.name}))
    elif not declared:
        yield planned(place, KEY_WITHOUT_LINK, strict=True, to=to.name)
    elif child is not None and child.path not in acting.erased:
        yield from _staying(place, to, by_itself)
    if columns in table.unindexed:
        yield planned(place, KEY_WITHOUT_INDEX, to=to.name, columns=", ".join(columns))


def _staying(place: str, to: Collection, by_itself: str) -> Iterator[Finding]:
    """Say what the end of *to* does to rows that stay: an erasure of a part leaves some."""
    if by_itself == "CASCADE":
        what = f"a foreign key to {to.name} would delete rows that stay"
        yield error(place, what, remedy(KEY_OF_ROWS_THAT_STAY, {"to": to.name}))
    elif not by_itself:
        yield planned(place, KEY_OF_ROWS_THAT_STAY, strict=True, to=to.name)


def linked(child: Collection, columns: tuple[str, ...], to: Collection) -> bool:
    """Return whether the map speaks of a foreign key, from either end."""
    here = any(k.to == to.path and set(k.columns) == set(columns) for k in child.links)
    back = any(k.to == child.path and set(k.to_columns) == set(columns) for k in to.links)
    return here or back


def holds(collection: Collection) -> bool:
    """Return whether any row of *collection* may have to stay where it is."""
    rule = collection.restriction
    away = rule is not None and rule.away
    return collection.erasure is Erasure.KEEP or (collection.retention is not None and not away)
