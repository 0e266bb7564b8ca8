"""
A text as a picture that a telephone's camera reads: the dots of a QR code, to be drawn as SVG.

Drawn within the page that says the same in letters, by the server: no address of its own that could
be kept, and no script.

Source: ISO/IEC 18004.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import segno

QUIET: Final = 4
"""Blank dots around it, without which no camera finds it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """
    A square of dots.

    Args:
        size: Dots of one side, with what is blank around them.
        path: Every dark dot as a path of SVG, one unit a dot.
    """

    size: int
    path: str = field(repr=False)


def of(text: str) -> Scan | None:
    """Return *text* as dots, not all of which have to be readable; None where it is too long."""
    try:
        rows = segno.make(text, error="m", micro=False, boost_error=False).matrix
    except segno.DataOverflowError:
        return None
    runs = (
        f"M{QUIET + start} {QUIET + y}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    )
    return Scan(len(rows) + 2 * QUIET, "".join(runs))


def _runs(row: bytes | bytearray) -> list[tuple[int, int]]:
    """Return where dark dots begin in a row, and how many follow on each other."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found
