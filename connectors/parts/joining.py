"""
Several people's keys as one set, and whose each row of that set was.

A statement over the keys of a hundred people costs little more than one over those of one. It
comes to the same as one after the other only where no key belongs to two of them: what two
people share is for requests of their own, one after the other.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
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
        self._plain: list[_Table] | None = None
        if self._standings.plain:
            self._plain = [
                _Table(reach, self._table(reach, known, staying))
                for reach, known, staying in self._standings.ways
            ]

    def number(self, row: Mapping[str, Any]) -> int | None:
        """Return the number of the member *row* counts for; None where no key leads to it."""
        if self._plain is None:
            return self._by_hits(row)
        second = None
        for table in self._plain:
            found = table.get(row, self._standings)
            if found is None:
                continue
            if not found[0]:
                return found[1]
            second = found[1] if second is None else second
        return second

    def _by_hits(self, row: Mapping[str, Any]) -> int | None:
        for hit in sorted(self._standings.hits(row), key=_weight):
            number = self._by(hit.reach).get(self._standings.value(row, hit.reach))
            if number is not None:
                return number
        return None

    def _table(
        self, reach: Reach, known: Mapping[Any, Standing], staying: Container[Hashable]
    ) -> dict[Hashable, tuple[int, int]]:
        """Return, for each value that leads to a row, how it counts and for whom."""
        return {
            value: (_weight(Hit(reach, known[value])), number)
            for value, number in self._by(reach).items()
            if value in known and value not in staying
        }

    def _by(self, reach: Reach) -> Mapping[Hashable, int]:
        known = self._known.get(reach)
        if known is None:
            known = self._known[reach] = {
                self._standings.value(dict(zip(reach.columns, key, strict=False)), reach): number
                for number, keys in enumerate(self._members)
                for key in keys.keys(reach.anchor)
            }
        return known


@dataclass(slots=True)
class _Table:
    """
    One way to rows, with what its values come to; values that were met before cost a look-up.

    Many rows of a collection hang on few parents, so most values are met again.
    """

    reach: Reach
    by_value: Mapping[Hashable, tuple[int, int]]
    met: dict[Hashable, tuple[int, int] | None] = field(default_factory=dict)

    def get(self, row: Mapping[str, Any], standings: Standings) -> tuple[int, int] | None:
        """Return how *row* counts by this way, and for whom; None when it is not reached."""
        raw = tuple([row.get(name) for name in self.reach.columns])
        try:
            return self.met[raw]
        except KeyError:
            found = self.met[raw] = self.by_value.get(standings.value(row, self.reach))
            return found
        except TypeError:  # a value that cannot be hashed is compared as it is written
            return self.by_value.get(standings.value(row, self.reach))


def _weight(hit: Hit) -> int:
    """Return 0 for the ways by which a row is somebody's own, which count before the others."""
    owns = takes(hit.reach) or hit.reach.role is Role.OWNER
    return 0 if owns and hit.parent is Standing.SOLE else 1
