"""
Several people's keys as one set, and whose each row of that set was.

A statement over the keys of a hundred people costs little more than one over those of one. It
comes to the same as one after the other only where no key belongs to two of them: what two
people share is for requests of their own, one after the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from connectors.parts.standing import Hit, Same, Standings, takes
from connectors.parts.types import Reach, Target
from rights.domain.datamap import Role
from rights.domain.keys import Key, KeySet, Standing

_IDENTIFIER = "identifier:"


def apart(members: Sequence[KeySet]) -> list[int]:
    """Return the numbers of those *members* that share no key with one before them."""
    known: dict[str, set[Hashable]] = {}
    out = []
    for number, keys in enumerate(members):
        told = {a: {_told(a, key) for key in keys.keys(a)} for a in keys.anchors}
        if all(known.get(a, set()).isdisjoint(mine) for a, mine in told.items()):
            out.append(number)
            for anchor, mine in told.items():
                known.setdefault(anchor, set()).update(mine)
    return out


def joined(members: Sequence[KeySet]) -> KeySet | None:
    """Return the keys of all *members* as one set; None where two of them share a key."""
    if len(apart(members)) < len(members):
        return None
    out: dict[str, dict[Standing, list[Key]]] = {}
    for keys in members:
        for anchor, by in keys.anchors.items():
            for standing, mine in by.items():
                out.setdefault(anchor, {}).setdefault(standing, []).extend(mine)
    return KeySet({a: {s: tuple(k) for s, k in by.items()} for a, by in out.items()})


def _told(anchor: str, key: Key) -> Hashable:
    """Return what two keys are compared by; identifiers are equal rather too often than never."""
    if anchor.startswith(_IDENTIFIER):
        return tuple(str(part).casefold() for part in key)
    return key


class Whose:
    """
    Tells whose a row of a joined set was.

    Args:
        target: What is acted on, with the joined keys.
        members: The keys of each, in order.
        key: The columns that name a row.
        same: How values of the collection's columns are compared.
    """

    def __init__(
        self, target: Target, members: Sequence[KeySet], key: tuple[str, ...], same: Same
    ) -> None:
        self._standings = Standings(target, key, same)
        self._members = members
        self._known: dict[Reach, Mapping[Hashable, int]] = {}

    def number(self, row: Mapping[str, Any]) -> int | None:
        """Return the number of the member *row* counts for; None where no key leads to it."""
        hits = self._standings.hits(row)
        for hit in hits if len(hits) < 2 else sorted(hits, key=_weight):  # noqa: PLR2004 - nothing to sort
            number = self._by(hit.reach).get(self._standings.value(row, hit.reach))
            if number is not None:
                return number
        return None

    def _by(self, reach: Reach) -> Mapping[Hashable, int]:
        known = self._known.get(reach)
        if known is None:
            known = self._known[reach] = {
                self._standings.value(dict(zip(reach.columns, key, strict=False)), reach): number
                for number, keys in enumerate(self._members)
                for key in keys.keys(reach.anchor)
            }
        return known


def _weight(hit: Hit) -> int:
    """Return 0 for the ways by which a row is somebody's own, which count before the others."""
    owns = takes(hit.reach) or hit.reach.role is Role.OWNER
    return 0 if owns and hit.parent is Standing.SOLE else 1
