"""
The data map as a graph: what is frozen before what, what is erased before what.

Two orders are needed and neither is the reverse of the other. Keys flow from people outwards:
a collection is *frozen* after the ones its rows are reached from. Rows are *erased* before the
rows they point at, so that no foreign key is ever left without its target.

Both are topological sorts. Collections that lead to each other in a circle are one group, frozen
until nothing new is found; which of them is erased first depends on what the live store lets be
empty, and is decided when a plan is made (``workflows.knots``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Final, TypeVar

from rights.domain.datamap import Collection, DataMap, Depth, Erasure, Link, Role
from rights.domain.ordering import Dependencies, groups, ordered

INWARD: Final = frozenset({Role.OWNER, Role.ACCESSOR})
"""Roles by which the row that declares the link is reached from the link's target."""

OUTWARD: Final = frozenset({Role.OWNS, Role.ACCESSES})
"""Roles by which the link's target is reached from the row that declares the link."""

T = TypeVar("T")

_REMEMBERED: Final = 8
"""Maps whose graph is kept at a time; a process serves one, tests a few."""


def _once(compute: Callable[[DataMap], T]) -> Callable[[DataMap], T]:
    """Remember the answer for the last maps asked about; a map never changes."""
    answers: dict[int, tuple[DataMap, T]] = {}

    @wraps(compute)
    def remembered(datamap: DataMap) -> T:
        known = answers.get(id(datamap))
        if known is not None and known[0] is datamap:
            return known[1]
        answer = compute(datamap)
        if len(answers) >= _REMEMBERED:
            answers.clear()
        answers[id(datamap)] = (datamap, answer)
        return answer

    return remembered


@dataclass(frozen=True, slots=True)
class Edge:
    """
    One link to another row, as an arrow.

    Args:
        source: Path of the collection that declares the link.
        target: Path of the collection it points at.
        reversed: The store's own pointer runs the other way: the link compares the key of its
            row with a column of the target, as an address does with the order that names it.
    """

    source: str
    target: str
    link: Link
    reversed: bool = False

    @property
    def carries_keys(self) -> bool:
        """Whether some rows are found by this link: not so for a shallow ``none``."""
        return self.link.role is not Role.NONE or self.link.depth is Depth.DEEP

    @property
    def erased_first(self) -> str:
        """The end whose rows hold the pointer, and so must go before the other end's."""
        return self.target if self.reversed else self.source

    @property
    def frozen_first(self) -> str:
        """The end whose keys must be known before the other end can be reached."""
        return self.source if self.link.role in OUTWARD else self.target


@_once
def edges(datamap: DataMap) -> tuple[Edge, ...]:
    """Return every link between two collections that both exist, in the map's order."""
    known = {c.path: c for c in datamap.collections}
    return tuple(
        Edge(collection.path, link.to, link, _is_reversed(collection, link, known[link.to]))
        for collection in datamap.collections
        for link in collection.links
        if link.to in known
    )


def _is_reversed(collection: Collection, link: Link, target: Collection) -> bool:
    names_rows = {target.key, *((column,) for column in target.identifies.values())}
    by_own_key = bool(collection.key) and link.columns == collection.key
    return by_own_key and bool(link.to_columns) and link.to_columns not in names_rows


def letting_go(datamap: DataMap) -> DataMap:
    """Return *datamap* with the columns by which each collection points at rows that it owns."""
    goes = {c.path for c in datamap.collections if c.erasure is Erasure.DELETE}
    pointers: dict[str, dict[str, None]] = {}
    for collection in datamap.collections:
        for edge in owning(datamap, collection.path):
            if edge.target in goes:
                pointers.setdefault(edge.source, {}).update(dict.fromkeys(edge.link.columns))
    stores = (
        replace(
            store,
            collections=tuple(
                replace(c, lets_go=tuple(pointers.get(c.path, ()))) for c in store.collections
            ),
        )
        for store in datamap.stores
    )
    return replace(datamap, stores=tuple(stores))


@_once
def parents(datamap: DataMap) -> Dependencies:
    """Return, for each collection, those whose keys reach its rows (itself left out)."""
    found: dict[str, set[str]] = {c.path: set() for c in datamap.collections}
    for edge in edges(datamap):
        if edge.carries_keys:
            first = edge.frozen_first
            found[edge.target if first == edge.source else edge.source].add(first)
    return _without_loops(found)


def pointed_from(datamap: DataMap) -> Dependencies:
    """Return, for each collection, those whose rows point at its rows, whatever the role."""
    found: dict[str, set[str]] = {c.path: set() for c in datamap.collections}
    for edge in edges(datamap):
        first = edge.erased_first
        found[edge.target if first == edge.source else edge.source].add(first)
    return _without_loops(found)


@_once
def freeze_groups(datamap: DataMap) -> tuple[tuple[str, ...], ...]:
    """
    Return collection paths in the order in which their keys are frozen.

    Those that reach each other in a circle form one group and are frozen together.
    """
    return groups(parents(datamap))


def freeze_order(datamap: DataMap) -> tuple[str, ...]:
    """Return the members of :func:`freeze_groups`, one after the other."""
    return tuple(path for group in freeze_groups(datamap) for path in group)


@_once
def erase_order(datamap: DataMap) -> tuple[str, ...]:
    """
    Return collection paths in the order in which rows are erased; people as late as possible.

    Within a circle the order is the map's; :mod:`workflows.knots` finds the one that works.
    """
    people = frozenset(c.path for c in identity_collections(datamap))
    return ordered(pointed_from(datamap), last=people)


def reachable(datamap: DataMap, given: frozenset[str] = frozenset()) -> frozenset[str]:
    """
    Return the collections in which some row can be found for some person.

    An identifier that may have passed to somebody else reaches nothing by itself.

    Args:
        given: Taken as reached, whatever the map says about them.
    """
    found = {c.path for c in datamap.collections if _starts(datamap, c)} | given
    linked = [e for e in edges(datamap) if e.link.role is not Role.NONE]
    growing = True
    while growing:
        ends = {
            e.target if e.frozen_first == e.source else e.source
            for e in linked
            if e.frozen_first in found
        }
        growing = not ends <= found
        found |= ends
    return frozenset(found)


def identity_collections(datamap: DataMap) -> tuple[Collection, ...]:
    """Return the collections whose rows *are* people: where identifiers lead to others."""
    return tuple(c for c in datamap.collections if c.identifies)


@_once
def frozen(datamap: DataMap) -> frozenset[str]:
    """
    Return the collections whose keys must be sealed before anything changes.

    Those that rows elsewhere give to their owners are among them: who else owns a row cannot be
    told from the row itself.
    """
    people = {c.path for c in identity_collections(datamap)}
    given = {path for path, by in _owning(datamap).items() if by}
    return frozenset(people | {e.frozen_first for e in edges(datamap)} | _targets(datamap) | given)


def freeze_columns(datamap: DataMap, collection: Collection) -> tuple[tuple[str, ...], ...]:
    """
    Return which column tuples to freeze of *collection*; empty when nothing needs its keys.

    ``()`` stands for the key and comes first; the others are what links of any store compare
    with. Identifier values are not listed: they follow from ``collection.identifies``.
    """
    path = collection.path
    if path not in frozen(datamap):
        return ()
    arrows = edges(datamap)
    wanted = [e.link.to_columns for e in arrows if e.target == path and e.link.role not in OUTWARD]
    wanted += [given_columns(e.link) for e in arrows if e.source == path and e.link.role in OUTWARD]
    wanted += [given_to(e, collection) for e in owning(datamap, path)]
    return tuple(dict.fromkeys(((), *wanted)))


def given_columns(link: Link) -> tuple[str, ...]:
    """Return the columns of a row that gives access elsewhere: with its type, where it has one."""
    return (link.type_column, *link.columns) if link.type_column else link.columns


def given_anchor(edge: Edge) -> str:
    """Return the name under which the values are kept by which *edge* gives its target away."""
    link = edge.link
    plain = f"{edge.source}:{','.join(link.columns)}"
    return f"{plain}[{link.type_column}={link.type_value}]" if link.type_column else plain


@_once
def _owning(datamap: DataMap) -> Mapping[str, tuple[Edge, ...]]:
    found: dict[str, tuple[Edge, ...]] = {}
    for edge in edges(datamap):
        if edge.link.role is Role.OWNS:
            found[edge.target] = (*found.get(edge.target, ()), edge)
        elif edge.reversed and edge.link.role is Role.OWNER and not edge.link.type_column:
            found[edge.source] = (*found.get(edge.source, ()), _turned(edge))
    return found


def _turned(edge: Edge) -> Edge:
    """
    Return a link as the row would say it that holds the pointer.

    An address may say that it belongs to whoever points at it. Others may point at it as well,
    which its own row does not tell.
    """
    here, there = edge.link.to_columns, edge.link.columns
    link = replace(edge.link, columns=here, role=Role.OWNS, to=edge.source, to_columns=there)
    return Edge(edge.target, edge.source, link)


def owning(datamap: DataMap, path: str) -> tuple[Edge, ...]:
    """Return the links of other rows whose owners own rows of *path* too."""
    return _owning(datamap).get(path, ())


def given_to(edge: Edge, target: Collection) -> tuple[str, ...]:
    """Return the columns of the target that a link of role ``owns`` or ``accesses`` names."""
    return edge.link.to_columns or target.key


def usable_identifiers(datamap: DataMap) -> frozenset[str]:
    """Return the identifier types that reach rows by themselves: not the recycled ones."""
    return frozenset(name for name, i in datamap.identifiers.items() if not i.recycled)


def finding_identifiers(datamap: DataMap) -> frozenset[str]:
    """Return the identifier types by which rows of some collection are found."""
    asked = (_asked_by(c) for c in datamap.collections)
    return usable_identifiers(datamap) & frozenset().union(*asked)


def _starts(datamap: DataMap, collection: Collection) -> bool:
    return bool(usable_identifiers(datamap) & _asked_by(collection))


def _asked_by(collection: Collection) -> frozenset[str]:
    """Return the identifier types by whose values rows of *collection* are found."""
    guest = (link.identifier for link in collection.links if link.role in INWARD)
    return frozenset({*collection.identifies, *guest} - {""})


def _targets(datamap: DataMap) -> frozenset[str]:
    return frozenset(e.target for e in edges(datamap) if e.link.role is not Role.ACCESSES)


def _without_loops(found: Mapping[str, set[str]]) -> Dependencies:
    return {name: frozenset(needs - {name}) for name, needs in found.items()}
