"""
The data map as a graph: what is frozen before what, what is erased before what.

Two orders are needed and neither is the reverse of the other. Keys flow from people outwards:
a collection is *frozen* after the ones its rows are reached from. Rows are *erased* before the
rows they point at, so that no foreign key is ever left without its target.

Both are plain topological sorts. A collection may point at itself; longer cycles are refused.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Final, TypeVar

from rights.domain.datamap import Collection, DataMap, Depth, Link, Role
from rights.domain.errors import ConfigError

INWARD: Final = frozenset({Role.OWNER, Role.ACCESSOR})
"""Roles by which the row that declares the link is reached from the link's target."""

OUTWARD: Final = frozenset({Role.OWNS, Role.ACCESSES})
"""Roles by which the link's target is reached from the row that declares the link."""

Dependencies = Mapping[str, frozenset[str]]
"""Collection path to the paths that must come before it; itself never among them."""


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
def freeze_order(datamap: DataMap) -> tuple[str, ...]:
    """
    Return collection paths in the order in which their keys are frozen.

    Raises:
        ConfigError: collections reach each other in a circle.
    """
    return ordered(parents(datamap))


@_once
def erase_order(datamap: DataMap) -> tuple[str, ...]:
    """
    Return collection paths in the order in which rows are erased; people as late as possible.

    Raises:
        ConfigError: collections point at each other in a circle.
    """
    people = frozenset(c.path for c in identity_collections(datamap))
    return ordered(pointed_from(datamap), last=people)


def ordered(before: Dependencies, last: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """
    Sort so that everything comes after what it depends on; ties keep the given order.

    Args:
        last: Taken only when nothing else is ready.

    Raises:
        ConfigError: there is a circle; the message names its members.
    """
    rank = {name: (name in last, place) for place, name in enumerate(before)}
    waiting = {name: len(needs) for name, needs in before.items()}
    after: dict[str, list[str]] = {name: [] for name in before}
    for name, needs in before.items():
        for need in needs:
            after[need].append(name)
    ready = [(rank[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    out: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        out.append(name)
        for follower in after[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (rank[follower], follower))
    if len(out) < len(before):
        raise ConfigError(
            "collections of the data map depend on each other in a circle", describe(before)
        )
    return tuple(out)


def describe(before: Dependencies) -> tuple[str, ...]:
    """Return one sentence for each circle."""
    return tuple(" → ".join((*cycle, cycle[0])) for cycle in cycles(before))


def cycles(before: Dependencies) -> tuple[tuple[str, ...], ...]:
    """
    Return one circle for each knot of collections that depend on each other.

    Whatever is not part of a circle is peeled away first; what remains is walked until a
    name comes up again.
    """
    rest = _peeled(before)
    out: list[tuple[str, ...]] = []
    while rest:
        start = next(iter(rest))
        walk = [start]
        while (step := min(rest[walk[-1]])) not in walk:
            walk.append(step)
        circle = tuple(walk[walk.index(step) :])
        out.append(circle)
        rest = _peeled({n: needs - set(circle) for n, needs in rest.items() if n not in circle})
    return tuple(out)


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
    """Return the collections whose keys must be sealed before anything changes."""
    people = {c.path for c in identity_collections(datamap)}
    return frozenset(people | {e.frozen_first for e in edges(datamap)} | _targets(datamap))


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
    wanted += [e.link.columns for e in arrows if e.source == path and e.link.role in OUTWARD]
    return tuple(dict.fromkeys(((), *wanted)))


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
    return frozenset(e.target for e in edges(datamap) if e.link.role not in OUTWARD)


def _without_loops(found: Mapping[str, set[str]]) -> Dependencies:
    return {name: frozenset(needs - {name}) for name, needs in found.items()}


def _peeled(before: Dependencies) -> dict[str, frozenset[str]]:
    """Drop, until nothing more can be dropped, whoever nobody waits for or waits for nobody."""
    rest = dict(before)
    while True:
        needed = frozenset[str]().union(*rest.values()) if rest else frozenset()
        kept = {
            name: needs & rest.keys()
            for name, needs in rest.items()
            if needs & rest.keys() and name in needed
        }
        if len(kept) == len(rest):
            return kept
        rest = kept
