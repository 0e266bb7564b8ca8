"""
Which numbers of a report that everybody may read are left out, so that nobody shows through.

A number below :data:`LEAST` is about so few people that one who knows some of them learns of the
others. Leaving it out alone is not enough: whoever knows the sum takes the rest away from it. So
more are left out, until neither what is left out together, nor what that lacks to the most it could
be, is itself a small number. All that is left out looks the same.

Source: NDSR 44 (figures for the public); design, "sums reveal no cell".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

LEAST: Final = 10
"""The smallest number that is shown."""

_FEWEST: Final = 2

Part = TypeVar("Part", bound=Hashable)


def small(number: int) -> bool:
    """Return whether a number is about too few people to be shown; none at all counts too."""
    return number < LEAST


def hidden(parts: Mapping[Part, int]) -> frozenset[Part]:
    """
    Return which parts of a sum are left out. A sum that is small is to be left out with them.

    Args:
        parts: Numbers, not negative, that add up to a sum which is known or can be worked out.
    """
    gone = {name: number for name, number in parts.items() if small(number)}
    if not gone or small(sum(parts.values())):
        return frozenset(gone)
    shown = sorted((n for n in parts if n not in gone), key=parts.__getitem__)
    for name in shown:
        if _safe(gone):
            break
        gone[name] = parts[name]
    return frozenset(gone)


def _safe(gone: Mapping[Part, int]) -> bool:
    """Return whether the sum of what is left out says nothing definite of any of it."""
    if len(gone) < _FEWEST or small(sum(gone.values())):
        return False
    if any(not small(number) for number in gone.values()):
        return True  # one of them may be as large as the sum: nothing is near its highest
    return not small(sum(LEAST - 1 - number for number in gone.values()))
