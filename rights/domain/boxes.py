"""Rectangles of a picture, in pixels as it is seen, that nobody is to read any more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rights.domain.errors import FieldError, Invalid

MOST: Final = 100
"""How many rectangles one picture takes."""
_SHAPE: Final = re.compile(r"(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Box:
    """
    One rectangle.

    Args:
        x, y: Its upper left corner, from the upper left corner of the picture.
        width, height: At least one pixel.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the first column that it leaves alone."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the first row that it leaves alone."""
        return self.y + self.height


def read(given: Sequence[str]) -> list[Box]:
    """Return the rectangles of ``x,y,width,height``. Raises Invalid: none, too many, no such."""
    found = [_SHAPE.fullmatch(one) for one in given]
    boxes = [Box(*map(int, one.groups())) for one in found if one]
    if not boxes or len(boxes) != len(given) or len(boxes) > MOST:
        raise _wrong(f"is x,y,width,height in whole pixels; 1 to {MOST} of them")
    if any(not box.width or not box.height for box in boxes):
        raise _wrong("has a width and a height of at least one pixel")
    return boxes


def check(boxes: Sequence[Box], width: int, height: int) -> None:
    """Make sure that every rectangle lies within a picture. Raises Invalid, naming its size."""
    if any(box.right > width or box.bottom > height for box in boxes):
        raise _wrong(f"lies within the picture, which is {width} wide and {height} high")


def _wrong(message: str) -> Invalid:
    return Invalid(f"a box {message}", [FieldError("box", message)])
