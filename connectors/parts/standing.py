"""
Whose a row is, decided in Python, row by row.

Stores without a query language of their own use it to act. Those that have one act by
queries, and use it to check what the queries did: the two are written apart on purpose.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from connectors.parts.native import canonical
from connectors.parts.types import Reach, Target
from rights.domain.datamap import Collection, Depth, Link, OnErasure, Role
from rights.domain.keys import OTHERS, KeySet, Standing, held, stronger

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
    under its old address is theirs all the same. A way without columns means the row's own key.
    """
    own = target.collection.path
    predicate = tuple(
        replace(r, columns=key) if r.anchor == own and not r.columns else r
        for r in target.predicate
    )
    if not key or target.freezing or not target.keys.keys(own):
        return predicate
    if target.unhooked:
        link = Link(key, Role.NONE, to=own, depth=Depth.DEEP)
        return (*predicate, Reach(key, own, Role.NONE, link))
    if not target.collection.identifies:
        return predicate
    return (*predicate, Reach(key, own, Role.OWNER))


def owner_links(collection: Collection) -> tuple[Link, ...]:
    """
    Return the links each of which names an owner of the row.

    Not those that compare the row's own key with a pointer elsewhere: who else points at the row
    is not in it, and is found out when rows are frozen.
    """
    named = (link for link in collection.links if link.role is Role.OWNER)
    return tuple(k for k in named if not (k.to_columns and k.columns == collection.key))


def grade(reach: Reach, parent: Standing) -> Standing | None:
    """
    Return the standing that reaching a row this way gives, None when it says nothing.

    Who else owns it is another question: see :meth:`Standings.own`.
    """
    if reach.role is Role.OWNER:
        return parent
    return None if reach.role is Role.NONE else Standing.SEEN


def co_owned(reach: Reach) -> bool:
    """Return whether this way says only that somebody else owns the row too."""
    return reach.anchor.startswith(OTHERS)


def identity(reach: Reach, path: str) -> bool:
    """
    Return whether a row reached this way *is* one of the people.

    So is an account that was merged into theirs, which an owner link within a collection says.

    Args:
        path: Of the collection the row is in.
    """
    return reach.role is Role.OWNER and (reach.link is None or reach.link.to == path)


def people(reaches: Iterable[Reach], collection: Collection) -> list[Reach]:
    """
    Return the ways by which a row of *collection* is somebody's account.

    Not those whose column points at an account: whose an address is, its link says.
    """
    pointing = {column for link in owner_links(collection) for column in link.columns}
    return [r for r in reaches if r.person and not pointing.issuperset(r.columns)]


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
        self._path = target.collection.path
        self._same: Same = same or (lambda _, value: canonical(value))
        self._ways = [
            (reach, self._indexed(reach.columns, reach.anchor, target.keys, reach.normalise))
            for reach in ways(target, key)
        ]
        self._staying = {
            reach: self._indexed(reach.columns, held(reach.anchor), target.keys, reach.normalise)
            for reach, _ in self._ways
            if reach.role is Role.NONE
        }
        folds = {reach.link: reach.normalise for reach in target.predicate if reach.link}
        self._owners = [
            (link, self._indexed(link.columns, link.anchor, target.keys, folds.get(link, "")))
            for link in owner_links(target.collection)
        ]
        self._folds = folds
        self._people = people(target.predicate, target.collection)
        self._above = [
            (link, self._indexed(link.columns, held(link.anchor), target.keys, ""))
            for link in target.collection.follows
        ]

    @property
    def ways(self) -> Iterator[tuple[Reach, _Keys, Container[Hashable]]]:
        """Yield each way with the values that lead to a row, and those of rows that stay."""
        for reach, known in self._ways:
            yield reach, known, self._staying.get(reach, ())

    @property
    def plain(self) -> bool:
        """Whether every way is one value of a row, whatever else the row says."""
        return all(
            not is_list(reach.columns) and not (reach.link and reach.link.type_column)
            for reach, _ in self._ways
        )

    def value(self, row: Mapping[str, Any], reach: Reach) -> tuple[Hashable, ...]:
        """Return what *row* is compared by where it is reached by *reach*."""
        return self._value(row, reach.columns, reach.normalise)

    def held_above(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* may only go together with a row that a rule holds."""
        return any(self._value(row, link.columns, "") in keys for link, keys in self._above)

    def hits(self, row: Mapping[str, Any]) -> tuple[Hit, ...]:
        """Return every way by which *row* is reached."""
        out = []
        for reach, known in self._ways:
            stays = self._staying.get(reach, ())  # what is held stays, and what points at it
            found = [
                known[value]
                for value in self._values(row, reach.columns, reach.normalise)
                if value in known and value not in stays
            ]
            if found and (reach.link is None or self._applies(reach.link, row)):
                out.append(Hit(reach, functools.reduce(stronger, found)))
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
        """Return whether nobody outside the solely owned keys owns *row* as well."""
        hits = self.hits(row)
        if any(co_owned(hit.reach) for hit in hits):
            return False
        sure = (hit.reach for hit in hits if hit.parent is Standing.SOLE)
        if not any(identity(reach, self._path) for reach in sure) and self._is_another(row):
            return False
        for link, known in self._owners:
            if not self._applies(link, row):
                continue
            empty = (None, "") if link.identifier or is_list(link.columns) else (None,)
            for value in self._values(row, link.columns, self._folds.get(link, "")):
                unset = any(nothing in value for nothing in empty)
                if not unset and known.get(value) is not Standing.SOLE:
                    return False
        return True

    def _is_another(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* is a person, if it is not one of these."""
        values = (row.get(name) for reach in self._people for name in reach.columns)
        return any(value not in (None, "") for value in values)

    def _applies(self, link: Link, row: Mapping[str, Any]) -> bool:
        if not link.type_column or link.role in {Role.OWNS, Role.ACCESSES}:
            return True
        wanted = self._same(link.type_column, link.type_value)
        return self._same(link.type_column, row.get(link.type_column)) == wanted

    def _values(
        self, row: Mapping[str, Any], columns: tuple[str, ...], normalise: str
    ) -> list[tuple[Hashable, ...]]:
        """Return what *row* points at: of a list, by each of its elements."""
        if not is_list(columns):
            return [self._value(row, columns, normalise)]
        [name] = columns
        return [self._value({name: one}, columns, normalise) for one in row.get(name) or ()]

    def _value(
        self, row: Mapping[str, Any], columns: tuple[str, ...], normalise: str
    ) -> tuple[Hashable, ...]:
        if normalise in FOLDED:
            return tuple(_folded(self._same(c, row.get(c))) for c in columns)
        same = self._same
        return tuple([same(c, row.get(c)) for c in columns])

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


def is_list(columns: tuple[str, ...]) -> bool:
    """Return whether a link runs over the elements of a list (``items[].user_id``)."""
    return len(columns) == 1 and "[]" in columns[0]


def _folded(value: Hashable) -> Hashable:
    return value.lower() if isinstance(value, str) else value
