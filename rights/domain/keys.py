"""
Keys of rows and values of identifiers, of one person or of ten thousand.

A :class:`KeySet` maps *anchors* to keys. An anchor is ``identifier:<type>`` (values by which
a person is recognised), ``<store>.<collection>`` (primary keys of frozen rows) or
``<store>.<collection>:<columns>`` (other columns of those rows that links point at). Each
key has a standing: whose the row behind it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rights.domain.datamap import Role, Scalar

Key = tuple[Scalar, ...]
"""One key: the values of its columns, in order."""


def held(anchor: str) -> str:
    """
    Return the anchor of those keys of *anchor* whose rows a retention rule holds.

    What may only go together with such a row is found by them.
    """
    return f"{HELD}{anchor}"


def others(anchor: str) -> str:
    """
    Return the anchor of those keys of *anchor* whose rows somebody else owns as well.

    Who that is stands in rows of another collection (``owns``), so the row itself cannot tell.
    """
    return f"{OTHERS}{anchor}"


def gone(anchor: str) -> str:
    """
    Return the anchor of those keys of *anchor* whose rows an erasure of a part takes.

    The person stays in use, so their account leads to newer rows too: what went is known again by
    its own key alone.
    """
    return f"{GONE}{anchor}"


def chosen(anchor: str) -> str:
    """
    Return the anchor of those keys of *anchor* whose rows the person named, or that hang on them.

    A request about named rows reaches them by these alone. Whose they are is told by all of them.
    """
    kept = HELD if anchor.startswith(HELD) else ""
    return f"{kept}{CHOSEN}{anchor.removeprefix(kept)}"


HELD = "held:"
OTHERS = "others:"
GONE = "gone:"
CHOSEN = "chosen:"


class Standing(StrEnum):
    """
    Whose a row is, seen from the people a key set is about.

    * ``sole``: theirs alone. Erasure deletes it.
    * ``shared``: theirs and somebody else's. Erasure cuts their columns only.
    * ``seen``: somebody else's, visible to them. Erasure cuts their columns only.
    """

    SOLE = "sole"
    SHARED = "shared"
    SEEN = "seen"


_STRENGTH = {Standing.SOLE: 2, Standing.SHARED: 1, Standing.SEEN: 0}


def weaker(one: Standing, other: Standing) -> Standing:
    """Return the weaker of two standings: along a path, the weakest link decides."""
    return one if _STRENGTH[one] <= _STRENGTH[other] else other


def stronger(one: Standing, other: Standing) -> Standing:
    """Return the stronger of two standings: over several paths, the strongest decides."""
    return one if _STRENGTH[one] >= _STRENGTH[other] else other


def standing_by(role: Role, parent: Standing) -> Standing | None:
    """Return the standing that a link of *role* to a row of *parent* standing gives."""
    if role is Role.OWNER:
        return parent
    if role is Role.ACCESSOR:
        return Standing.SEEN
    return None


_NONE: Mapping[Any, Any] = MappingProxyType({})

_MANY = 1_000
"""Keys from which a copy is worth avoiding; so many were frozen, and are each there once."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """
    Keys by anchor and standing. The repr shows counts only: keys are personal data.

    Args:
        anchors: anchor -> standing -> keys, duplicates removed, order kept.
    """

    anchors: Mapping[str, Mapping[Standing, tuple[Key, ...]]] = field(
        default_factory=lambda: _NONE, repr=False
    )

    def keys(self, anchor: str, *standings: Standing) -> tuple[Key, ...]:
        """Return the keys of *anchor* with any of *standings* (all when none is named)."""
        by_standing: Mapping[Standing, tuple[Key, ...]] = self.anchors.get(anchor, _NONE)
        found = [by_standing[s] for s in standings or Standing if by_standing.get(s)]
        if len(found) == 1:
            return found[0]  # often very many: not copied
        return tuple(key for keys in found for key in keys)

    def merged(self, other: KeySet) -> KeySet:
        """Return the union; a key with two standings keeps the stronger."""
        out: dict[str, Mapping[Standing, tuple[Key, ...]]] = {}
        for anchor in dict.fromkeys((*self.anchors, *other.anchors)):
            alone = self._alone(anchor, other) or other._alone(anchor, self)
            if alone:
                out[anchor] = alone
                continue
            best: dict[Key, Standing] = {}
            for standing, key in (*self._pairs(anchor), *other._pairs(anchor)):
                best[key] = stronger(standing, best.get(key, standing))
            out[anchor] = _grouped(best)
        return KeySet(out)

    def _alone(self, anchor: str, other: KeySet) -> Mapping[Standing, tuple[Key, ...]] | None:
        """Return the keys of *anchor* that are all of one standing, where *other* has none."""
        mine, theirs = self.anchors.get(anchor, _NONE), other.anchors.get(anchor, _NONE)
        full = [keys for keys in mine.values() if keys]
        settled = len(full) == 1 and len(full[0]) > _MANY and not any(theirs.values())
        return {s: keys for s, keys in mine.items() if keys} if settled else None

    def only(self, *anchors: str) -> KeySet:
        """Return the part that concerns *anchors*."""
        return KeySet({a: self.anchors[a] for a in anchors if a in self.anchors})

    def _pairs(self, anchor: str) -> Iterator[tuple[Standing, Key]]:
        by_standing: Mapping[Standing, tuple[Key, ...]] = self.anchors.get(anchor, _NONE)
        for standing, keys in by_standing.items():
            for key in keys:
                yield standing, key

    def __len__(self) -> int:
        return sum(len(k) for by in self.anchors.values() for k in by.values())

    def __bool__(self) -> bool:
        return any(keys for by in self.anchors.values() for keys in by.values())

    def to_json(self) -> dict[str, dict[str, list[list[Scalar]]]]:
        """Return JSON-native lists, for sealing into the register."""
        return {
            anchor: {str(s): [list(k) for k in keys] for s, keys in by.items()}
            for anchor, by in self.anchors.items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, list[list[Scalar]]]]) -> KeySet:
        """Read what :meth:`to_json` wrote."""
        return cls(
            {
                anchor: {Standing(s): tuple(tuple(k) for k in keys) for s, keys in by.items()}
                for anchor, by in data.items()
            }
        )


def of_identifiers(identifiers: Mapping[str, str | tuple[str, ...]]) -> KeySet:
    """Return the key set of a person known by *identifiers* (type to value or values)."""
    out: dict[str, dict[Standing, tuple[Key, ...]]] = {}
    for name, value in identifiers.items():
        values = (value,) if isinstance(value, str) else value
        out[f"identifier:{name}"] = {Standing.SOLE: tuple((v,) for v in values)}
    return KeySet(out)


def _grouped(best: Mapping[Key, Standing]) -> dict[Standing, tuple[Key, ...]]:
    out: dict[Standing, list[Key]] = {}
    for key, standing in best.items():
        out.setdefault(standing, []).append(key)
    return {s: tuple(keys) for s, keys in out.items()}
