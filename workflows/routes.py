"""
Everything about a data map that does not depend on the person, worked out once per process.

Two sets of routes: erasing also takes what hangs on the person's rows by ``deep`` links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.sdk import Manifest, Reach
from rights.domain.datamap import Collection, DataMap
from rights.domain.graph import parents
from workflows import graph, narrowing
from workflows.plan import Asked, Step, plan_for


@dataclass(frozen=True, slots=True)
class Routes:
    """
    How rows of one map are reached.

    Args:
        predicates: Path to every way its rows are reached.
        columns: Path to what must be frozen of it; only of collections that others hang on.
        groups: Those paths, parents first; what leads to each other in a circle is one group.
        recursive: Paths whose rows lead to more rows of the same collection.
        above: Path to every collection that must be known to reach it, itself included.
        narrowed: Predicates for requests about named rows: see :mod:`workflows.chosen`.
    """

    datamap: DataMap = field(repr=False)
    predicates: Mapping[str, tuple[Reach, ...]] = field(repr=False)
    columns: Mapping[str, tuple[tuple[str, ...], ...]] = field(repr=False)
    groups: tuple[tuple[str, ...], ...]
    recursive: frozenset[str]
    above: Mapping[str, frozenset[str]] = field(repr=False)
    identity: tuple[Collection, ...] = field(repr=False)
    narrowed: Mapping[str, tuple[Reach, ...]] = field(repr=False)
    _plans: dict[Asked, tuple[Step, ...]] = field(default_factory=dict, repr=False)

    def steps(self, asked: Asked, manifests: Mapping[str, Manifest]) -> tuple[Step, ...]:
        """Return the plan's steps; they depend on what was asked, never on who asked."""
        if asked not in self._plans:
            if len(self._plans) > _KEPT:
                self._plans.clear()
            self._plans[asked] = plan_for(asked, self.datamap, manifests)
        return self._plans[asked]

    def needed(self, paths: Iterable[str]) -> frozenset[str]:
        """Return every collection whose keys reach any of *paths*, identity ones included."""
        wanted = frozenset().union(*(self.above[p] for p in paths))
        return wanted | self._identities(wanted)

    def _identities(self, wanted: frozenset[str]) -> frozenset[str]:
        """Collections that may lead to an identifier that *wanted* is reached by."""
        needs = {r.anchor for path in wanted for r in self.predicates[path]}
        giving = [
            c for c in self.identity if any(f"identifier:{name}" in needs for name in c.identifies)
        ]
        return frozenset(c.path for c in giving)


_KEPT = 500


def routes(datamap: DataMap, *, erasing: bool) -> Routes:
    """Work the routes of *datamap* out."""
    columns = {
        c.path: found for c in datamap.collections if (found := graph.freeze_columns(datamap, c))
    }
    ways = {c.path: graph.predicate_for(datamap, c, erasing=erasing) for c in datamap.collections}
    return Routes(
        datamap,
        ways,
        columns,
        tuple(kept for group in graph.freeze_groups(datamap) if (kept := _kept(group, columns))),
        frozenset(
            c.path for c in datamap.collections if graph.recursive(datamap, c, erasing=erasing)
        ),
        _above(datamap),
        graph.identity_collections(datamap),
        narrowing.narrowed(datamap, ways),
    )


def _kept(group: tuple[str, ...], columns: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(path for path in group if path in columns)


def _above(datamap: DataMap) -> dict[str, frozenset[str]]:
    direct = parents(datamap)
    out: dict[str, frozenset[str]] = {}
    for group in graph.freeze_groups(datamap):
        members = frozenset(group)
        needs = frozenset(p for path in group for p in direct[path]) - members
        whole = members.union(*(out[p] for p in needs))
        out |= dict.fromkeys(group, whole)
    return out
