"""Gathering the keys of reached rows, by standing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.parts.native import native
from connectors.parts.retention import cutoff
from connectors.parts.retention import held as is_held
from connectors.parts.standing import takes
from connectors.parts.types import Reach
from rights.domain.datamap import Collection, Erasure, OnErasure, Role
from rights.domain.errors import Misconfigured
from rights.domain.keys import Key, KeySet, Standing, held


class Frozen:
    """
    What ``freeze`` answers, filled row by row.

    Args:
        key: The columns that name a row.
        columns: As ``freeze`` was asked: ``()`` for the key, others by name.
        holds: Which rows a rule holds, where rows of other collections are held with them.
    """

    def __init__(
        self,
        collection: Collection,
        key: tuple[str, ...],
        columns: tuple[tuple[str, ...], ...],
        holds: Holds | None = None,
    ) -> None:
        path = collection.path
        if () in columns and not key:
            raise Misconfigured(
                f"{path}: it has no primary key, and other collections link to it: name the"
                " columns that identify a row under 'key' in the data map"
            )
        self._wanted = {
            (f"{path}:{','.join(names)}" if names else path): names or key for names in columns
        }
        self._identifiers = {
            f"identifier:{name}": (column,) for name, column in collection.identifies.items()
        }
        self._holds = holds
        self._held: dict[str, dict[Key, None]] = {}
        self._found: dict[str, dict[Key, Standing]] = {
            anchor: {} for anchor in (*self._wanted, *self._identifiers)
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that :meth:`add` reads, once."""
        held_by = self._holds.columns if self._holds else ()
        groups = (*self._wanted.values(), *self._identifiers.values(), held_by)
        return tuple(dict.fromkeys(name for names in groups for name in names))

    def add(self, row: Mapping[str, Any], standing: Standing) -> None:
        """
        Take one reached row.

        Identifiers are taken from solely owned rows only: the e-mail address of somebody whose
        row a person merely sees must never become theirs.
        """
        kept = self._holds is not None and self._holds.keeps(row)
        for anchor, names in self._wanted.items():
            self._put(anchor, names, row, standing)
            if kept:
                key = tuple(native(row.get(name)) for name in names)
                if None not in key:
                    self._held.setdefault(held(anchor), {})[key] = None
        if standing is Standing.SOLE:
            for anchor, names in self._identifiers.items():
                self._put(anchor, names, row, standing)

    def _put(
        self, anchor: str, names: tuple[str, ...], row: Mapping[str, Any], standing: Standing
    ) -> None:
        key = tuple(native(row.get(name)) for name in names)
        if None in key:
            return
        known = self._found[anchor].setdefault(key, standing)
        if known is not standing:  # two rows share the value, and not one owner
            self._found[anchor][key] = Standing.SHARED

    def keys(self) -> KeySet:
        """Return everything that was added."""
        out: dict[str, dict[Standing, tuple[Key, ...]]] = {}
        for anchor, found in self._found.items():
            by: dict[Standing, list[Key]] = {}
            for key, standing in found.items():
                by.setdefault(standing, []).append(key)
            out[anchor] = {standing: tuple(keys) for standing, keys in by.items()}
        out |= {anchor: {Standing.SOLE: tuple(keys)} for anchor, keys in self._held.items()}
        return KeySet(out)


class Holds:
    """
    Which rows of a collection a rule holds.

    Args:
        keys: Frozen keys of the collections above, those of held rows among them.
        now: The moment the rule is judged at.
    """

    def __init__(self, collection: Collection, keys: KeySet, now: datetime) -> None:
        rule = collection.retention
        self._always = collection.erasure is Erasure.KEEP
        self._from = rule.from_ if rule else ""
        self._after = cutoff(collection, now)
        self._above = [
            (link.columns, frozenset(keys.keys(held(link.anchor)))) for link in collection.follows
        ]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that :meth:`keeps` reads."""
        dated = (self._from,) if self._after else ()
        return (*dated, *(name for names, _ in self._above for name in names))

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* is held."""
        if self._always:
            return True
        if self._after and is_held(row.get(self._from), self._after):
            return True
        return any(
            tuple(native(row.get(name)) for name in names) in above for names, above in self._above
        )


Once = Callable[[KeySet, tuple[tuple[str, ...], ...], tuple[Reach, ...]], KeySet]
"""(keys, columns, ways in) -> the keys of rows reached from *keys*, without looking further."""


def settled(
    collection: Collection,
    predicate: tuple[Reach, ...],
    parents: KeySet,
    columns: tuple[tuple[str, ...], ...],
    once: Once,
) -> KeySet:
    """
    Freeze until nothing more is found: rows may hang on rows of their own collection.

    What is reached is found first. Rows may own each other, and then each waits for the other to
    be the person's alone; so all that is owned in part is taken for theirs, and what somebody
    else owns too is taken away again until nothing changes.
    """
    own = tuple(r.anchor for r in predicate if r.anchor.partition(":")[0] == collection.path)
    asked = tuple(dict.fromkeys((*columns, *(_columns_of(anchor) for anchor in own))))
    found = once(parents, asked, predicate)
    while own:
        wider = once(parents.merged(found.only(*own)), asked, predicate)
        if wider == found:
            if not any(found.keys(anchor, Standing.SHARED) for anchor in own):
                break
            wider = _parted(parents, found, own, asked, predicate, once)
            if _alone(wider, own) == _alone(found, own):
                break
        found = wider
    extra = {anchor for anchor in own if _columns_of(anchor) not in columns}
    return found.only(*(anchor for anchor in found.anchors if anchor not in extra))


def _parted(
    parents: KeySet,
    found: KeySet,
    own: tuple[str, ...],
    asked: tuple[tuple[str, ...], ...],
    predicate: tuple[Reach, ...],
    once: Once,
) -> KeySet:
    """
    Return *found* with what is the person's alone after all, because rows own each other.

    A row is never taken along by one that is only supposed to be theirs.
    """
    above = parents.only(*(a for a in parents.anchors if a not in own))
    sure = KeySet({a: {Standing.SOLE: found.keys(a, Standing.SOLE)} for a in own})
    gentle = gently(predicate, own)
    supposed = KeySet({anchor: _owned(parents.merged(found), anchor) for anchor in own})
    while True:
        told = once(above.merged(supposed), asked, gentle).merged(sure)
        if _alone(told, own) == _alone(supposed, own):
            return found.merged(told)
        supposed = told.only(*own)


def gently(predicate: tuple[Reach, ...], anchors: Iterable[str]) -> tuple[Reach, ...]:
    """Return *predicate* without what takes rows along from keys of *anchors*."""
    of = frozenset(anchors)
    out = []
    for reach in predicate:
        if reach.anchor not in of or not takes(reach) or reach.link is None:
            out.append(reach)
        elif reach.role is not Role.NONE:
            out.append(replace(reach, link=replace(reach.link, on_erasure=OnErasure.DECORRELATE)))
    return tuple(out)


def _alone(found: KeySet, own: tuple[str, ...]) -> dict[str, frozenset[Key]]:
    return {anchor: frozenset(found.keys(anchor, Standing.SOLE)) for anchor in own}


def _owned(found: KeySet, anchor: str) -> dict[Standing, tuple[Key, ...]]:
    """Return the keys of *anchor*, those owned in part taken for the person's alone."""
    mine = dict.fromkeys(found.keys(anchor, Standing.SOLE, Standing.SHARED))
    return {Standing.SOLE: tuple(mine), Standing.SEEN: found.keys(anchor, Standing.SEEN)}


def _columns_of(anchor: str) -> tuple[str, ...]:
    names = anchor.partition(":")[2]
    return tuple(names.split(",")) if names else ()
