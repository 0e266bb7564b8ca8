"""Which collections of the data map a phase is about, by store, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rights.domain.datamap import Collection, DataMap, Role, Switch
from rights.domain.graph import erase_order
from workflows.recipes import TAGS_SWITCH, Scope

ByStore = dict[str, tuple[str, ...]]


def choose(
    scope: Scope,
    datamap: DataMap,
    fields: tuple[str, ...],
    switches: tuple[Switch, ...],
    decision: str,
) -> ByStore:
    """
    Return store name to collection paths, children first within a store.

    Args:
        fields: For FIELDS: the paths of the fields to correct.
        decision: For DECISIONS: one decision's name; empty means all.
    """
    plain: Final[Mapping[Scope, Callable[[], Iterable[str]]]] = {
        Scope.NONE: tuple,
        Scope.EVERY: lambda: [c.path for c in datamap.collections],
        Scope.LEAVES: lambda: [
            c.path for c in datamap.collections if c.store not in roots(datamap)
        ],
        Scope.ROOTS: lambda: [c.path for c in datamap.collections if c.store in roots(datamap)],
        Scope.DERIVED: lambda: [c.path for c in datamap.collections if derived(c)],
        Scope.ACCOUNTS: lambda: [c.path for c in datamap.collections if c.close],
        Scope.FIELDS: lambda: [f.rpartition(".")[0] for f in fields],
        Scope.RESTRICTABLE: lambda: _to_restrict(datamap),
        Scope.SWITCHES: lambda: [s.collection for s in switches],
        Scope.TAGS: lambda: [s.collection for s in datamap.switches if s.name == TAGS_SWITCH],
        Scope.DECISIONS: lambda: _decision_paths(datamap, decision),
    }
    return ordered(datamap, plain[scope]())


def roots(datamap: DataMap) -> frozenset[str]:
    """
    Return the stores that hold the account itself: erased last.

    Everything else is found from the account, so until the rest is gone it must be there to
    try again from.
    """
    accounts = {n for n, i in datamap.identifiers.items() if i.kind == "account"}
    targets = {
        link.to for c in datamap.collections for link in c.links if link.to.partition(".")[0]
    }
    holding = [c for c in datamap.collections if accounts & set(c.identifies)]
    linked = frozenset(c.store for c in holding if c.path in targets)
    return linked or frozenset(c.store for c in holding)


def derived(collection: Collection) -> bool:
    """
    Return whether rows are made from another store: a search index, a cache, a feature table.

    Whatever fills them may do so between the erasure of the source and their own.
    """
    sources = (path for f in collection.fields for path in f.derived_from)
    return any(path.partition(".")[0] != collection.store for path in sources)


def put_away(collection: Collection) -> bool:
    """Return whether rows are restricted by leaving the collection, not by a flag in it."""
    rule = collection.restriction
    return rule is not None and rule.away


def flagged(collection: Collection) -> bool:
    """Return whether rows are restricted by a flag of their own."""
    return collection.restriction is not None and not put_away(collection)


def restrictable(
    datamap: DataMap, collection: Collection, seen: frozenset[str] = frozenset()
) -> bool:
    """
    Return whether a way to restrict is declared, here or on the row that owns this one.

    Args:
        seen: Collections on the way here; owners in a circle restrict nothing by themselves.
    """
    if collection.restriction:
        return True
    here = seen | {collection.path}
    owners = [k for k in collection.links if k.role is Role.OWNER and k.to not in here]
    # A guest's row, found by an identifier, hangs on no row that could be restricted for it.
    return bool(owners) and all(
        k.to and restrictable(datamap, datamap.collection(k.to), here) for k in owners
    )


def _owned(collection: Collection) -> bool:
    """Return whether any row can be a person's own; rows merely seen are not theirs to stop."""
    given = any(link.role is Role.OWNER for link in collection.links)
    return given or bool(collection.identifies)


def _to_restrict(datamap: DataMap) -> list[str]:
    """Collections with a flag of their own, and those that nothing restricts (for staff)."""
    return [
        c.path
        for c in datamap.collections
        if c.restriction or (_owned(c) and not restrictable(datamap, c))
    ]


def holding(datamap: DataMap, categories: Iterable[str]) -> list[str]:
    """Return the collections that hold data of these categories, a person's own."""
    wanted = set(categories)
    return [c.path for c in datamap.collections if _owned(c) and wanted & _categories(c)]


def stopped_too(datamap: DataMap, path: str, categories: Iterable[str]) -> list[str]:
    """
    Return the other categories that the flag of a collection stops as well.

    It stops what is in the row, and what hangs on the row and has no flag of its own.
    """
    stopped = set(_categories(datamap.collection(path)))
    waiting = [path]
    while waiting:
        above = waiting.pop()
        for one in datamap.collections:
            hangs = any(k.role is Role.OWNER and k.to == above for k in one.links)
            if hangs and one.restriction is None and one.path != path:
                stopped |= _categories(one)
                waiting += [one.path] if one.path not in waiting else []
    return sorted(stopped - set(categories))


def used_for(datamap: DataMap, purpose: str) -> frozenset[str]:
    """Return the categories that the map says are used for a purpose."""
    fields = (f for c in datamap.collections for f in c.fields if purpose in f.purposes)
    return frozenset(f.category for f in fields)


def _categories(collection: Collection) -> frozenset[str]:
    return frozenset(f.category for f in collection.fields)


def _decision_paths(datamap: DataMap, decision: str) -> list[str]:
    chosen = [d for d in datamap.decisions if decision in ("", d.name)]
    fields = [f for d in chosen for f in (*d.inputs, d.outcome)]
    return [f.rpartition(".")[0] for f in fields]


def ordered(datamap: DataMap, paths: Iterable[str]) -> ByStore:
    """Return *paths* by store, children first."""
    wanted = set(paths)
    out: ByStore = {}
    for path in erase_order(datamap):
        if path in wanted:
            store = path.partition(".")[0]
            out[store] = (*out.get(store, ()), path)
    return out
