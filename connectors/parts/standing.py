"""
Whose a row is, decided in Python, row by row.

Stores without a query language of their own use it to act. Those that have one act by
queries, and use it to check what the queries did: the two are written apart on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

from connectors.parts.native import canonical
from connectors.parts.types import Reach, Target
from rights.domain.datamap import Collection, Depth, Link, OnErasure, Role
from rights.domain.keys import KeySet, Standing, held, stronger, weaker

FOLDED = frozenset({"email", "lower"})
"""Values of ``Reach.normalise`` that compare without case."""

Same = Callable[[str, object], Hashable]
"""(column, value) -> what is equal exactly when the values are; None for "no value"."""

_Keys = Mapping[tuple[Hashable, ...], Standing]


class Hit(NamedTuple):
    """One way by which a row is reached, and whose the row at its other end is."""

    reach: Reach
    parent: Standing


def ways(target: Target, key: tuple[str, ...]) -> tuple[Reach, ...]:
    """
    Return the predicate, and for rows that *are* a person the frozen row keys as well.

    A person may change their e-mail address between the freeze and the effect; the row frozen
    under its old address is theirs all the same.
    """
    own = target.collection.path
    if not key or not target.collection.identifies or not target.keys.keys(own):
        return target.predicate
    return (*target.predicate, Reach(key, own, Role.OWNER))


def owner_links(collection: Collection) -> tuple[Link, ...]:
    """Return the links each of which names an owner of the row."""
    return tuple(link for link in collection.links if link.role is Role.OWNER)


def grade(reach: Reach, parent: Standing) -> Standing | None:
    """
    Return the standing that reaching a row this way gives, None when it says nothing.

    That a row is owned through another (``owns``) never makes it solely owned here: its other
    owners are rows of a collection this call does not see.
    """
    role = reach.role
    if reach.link and reach.link.role in {Role.OWNS, Role.ACCESSES}:
        role = reach.link.role
    if role is Role.OWNER:
        return parent
    if role is Role.OWNS:
        return weaker(parent, Standing.SHARED)
    return None if role is Role.NONE else Standing.SEEN


def takes(reach: Reach) -> bool:
    """
    Return whether a row reached this way goes with its parent, whoever else owns it.

    True for ``on_erasure: delete`` and for the subtree of a ``depth: deep`` link.
    """
    link = reach.link
    if link is None:
        return False
    deep = link.role is Role.NONE and link.depth is Depth.DEEP
    return deep or link.on_erasure is OnErasure.DELETE


class Standings:
    """
    The standing of rows, given as mappings from column to value.

    Args:
        key: The columns that name a row.
        same: How values are compared; by their canonical text unless a store knows better.
    """

    def __init__(self, target: Target, key: tuple[str, ...], same: Same | None = None) -> None:
        self.key = key
        self._same: Same = same or (lambda _, value: canonical(value))
        self._ways = [
            (reach, self._indexed(reach.columns, reach.anchor, target.keys, reach.normalise))
            for reach in ways(target, key)
        ]
        folds = {reach.link: reach.normalise for reach in target.predicate if reach.link}
        self._owners = [
            (link, self._indexed(link.columns, link.anchor, target.keys, folds.get(link, "")))
            for link in owner_links(target.collection)
        ]
        self._folds = folds
        self._above = [
            (link, self._indexed(link.columns, held(link.anchor), target.keys, ""))
            for link in target.collection.follows
        ]

    def held_above(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* may only go together with a row that a rule holds."""
        return any(self._value(row, link.columns, "") in keys for link, keys in self._above)

    def hits(self, row: Mapping[str, Any]) -> tuple[Hit, ...]:
        """Return every way by which *row* is reached."""
        out = []
        for reach, known in self._ways:
            value = self._value(row, reach.columns, reach.normalise)
            if value in known and (reach.link is None or self._applies(reach.link, row)):
                out.append(Hit(reach, known[value]))
        return tuple(out)

    def of(self, row: Mapping[str, Any]) -> Standing | None:
        """Return whose *row* is for an erasure, or None when it is not reached."""
        hits = self.hits(row)
        if any(takes(hit.reach) and hit.parent is Standing.SOLE for hit in hits):
            return Standing.SOLE
        best: Standing | None = None
        for given in (grade(*hit) for hit in hits):
            best = stronger(best, given) if best and given else best or given
        if best is Standing.SOLE and not self._by_all(row):
            return Standing.SHARED
        return best

    def own(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* is wholly the persons' own: what may be corrected or closed."""
        owned = (grade(*hit) is Standing.SOLE for hit in self.hits(row))
        return any(owned) and self._by_all(row)

    def _by_all(self, row: Mapping[str, Any]) -> bool:
        """Return whether no owner link of *row* points outside the solely owned keys."""
        for link, known in self._owners:
            value = self._value(row, link.columns, self._folds.get(link, ""))
            unset = None in value or (link.identifier and "" in value)
            if unset or not self._applies(link, row):
                continue
            if known.get(value) is not Standing.SOLE:
                return False
        return True

    def _applies(self, link: Link, row: Mapping[str, Any]) -> bool:
        if not link.type_column:
            return True
        wanted = self._same(link.type_column, link.type_value)
        return self._same(link.type_column, row.get(link.type_column)) == wanted

    def _value(
        self, row: Mapping[str, Any], columns: tuple[str, ...], normalise: str
    ) -> tuple[Hashable, ...]:
        return tuple(_folded(self._same(c, row.get(c)), normalise) for c in columns)

    def _indexed(
        self, columns: tuple[str, ...], anchor: str, keys: KeySet, normalise: str
    ) -> _Keys:
        out: dict[tuple[Hashable, ...], Standing] = {}
        for standing in reversed(Standing):  # the strongest is written last
            for key in keys.keys(anchor, standing):
                value = self._value(dict(zip(columns, key, strict=False)), columns, normalise)
                if None not in value:
                    out[value] = standing
        return out


def _folded(value: Hashable, normalise: str) -> Hashable:
    return value.lower() if normalise in FOLDED and isinstance(value, str) else value
