"""
Which numbers of a report that everybody may read are left out, so that nobody shows through.

A number below :data:`LEAST` is about so few people that one who knows some of them learns of the
others. Leaving it out alone is not enough: whoever knows the sum takes the rest away from it. So
more are left out, until neither what is left out together, nor what that lacks to the most it could
be, is itself a small number. All that is left out looks the same. Numbers of several tables that
are tied are looked at together, with every sum that follows from their sums.

Source: NDSR 44 (figures for the public); design, "sums reveal no cell".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from itertools import chain, product
from typing import Final, TypeVar

LEAST: Final = 10
"""The smallest number that is shown."""

_FEWEST: Final = 2

Part = TypeVar("Part", bound=Hashable)


def small(number: int) -> bool:
    """Return whether a number is about too few people to be shown; none at all counts too."""
    return number < LEAST


def hidden(
    parts: Mapping[Part, int],
    sums: Iterable[Mapping[Part, int]],
    untold: Collection[Part] = (),
) -> frozenset[Part]:
    """
    Return which numbers are left out. A sum that is small is to be left out with its parts.

    Args:
        parts: Numbers, not negative.
        sums: Each says of some of them with which sign they add up to what everybody may know.
        untold: Those that are nowhere shown, and only must not come out where they are small.
    """
    gone = {name for name, number in parts.items() if small(number)}
    known = tuple(_followed(sums))
    while (found := _told(parts, known, gone, frozenset(untold))) is not None:
        gone.add(found)
    return frozenset(gone)


def _told(
    parts: Mapping[Part, int],
    sums: Iterable[Mapping[Part, int]],
    gone: Collection[Part],
    untold: frozenset[Part],
) -> Part | None:
    """Return the smallest number to leave out too, as some sum tells one that is left out."""
    for said in sums:
        lacking = {name: sign for name, sign in said.items() if name in gone or name in untold}
        if not any(name in gone for name in lacking) or _says_nothing(parts, lacking):
            continue
        shown = [name for name in said if name not in lacking]
        if shown:
            return min(shown, key=parts.__getitem__)
    return None


def _says_nothing(parts: Mapping[Part, int], lacking: Mapping[Part, int]) -> bool:
    """Return whether what a sum leaves open of *lacking* says nothing definite of any of it."""
    if len({sign > 0 for sign in lacking.values()}) > 1:
        return True  # they may all be larger by as much: a difference has no highest
    return _safe({name: parts[name] for name in lacking})


def _followed(sums: Iterable[Mapping[Part, int]]) -> Iterator[Mapping[Part, int]]:
    """Yield the sums and whatever follows from those that share numbers, added and taken away."""
    for tied in _tied(sums):
        signs = sorted(product((0, 1, -1), repeat=len(tied)), key=lambda some: some.count(0))
        for some in reversed(signs):
            added: Counter[Part] = Counter()
            for sign, said in zip(some, tied, strict=True):
                for name, own in said.items():
                    added[name] += sign * own
            if found := {name: number for name, number in added.items() if number}:
                yield found


def _tied(sums: Iterable[Mapping[Part, int]]) -> list[list[Mapping[Part, int]]]:
    """Return the sums, those together that have numbers in common."""
    found: list[list[Mapping[Part, int]]] = []
    for said in sums:
        near = [group for group in found if any(said.keys() & one.keys() for one in group)]
        found = [group for group in found if group not in near]
        found.append([*chain.from_iterable(near), said])
    return found


def _safe(gone: Mapping[Part, int]) -> bool:
    """Return whether the sum of what is left out says nothing definite of any of it."""
    if len(gone) < _FEWEST or small(sum(gone.values())):
        return False
    if any(not small(number) for number in gone.values()):
        return True  # one of them may be as large as the sum: nothing is near its highest
    return not small(sum(LEAST - 1 - number for number in gone.values()))
