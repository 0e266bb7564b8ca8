"""Where the next page of a list goes on: by the moment and the id of its last line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_

YEARS: Final = range(2000, 2200)
"""Years that a line can be of: what is further off is no date that databases agree on."""


_ID: Final = re.compile(r"[0-9a-z_-]{0,80}")
"""What an id of a line looks like, a step's too; none: before every line of that moment."""

_PARTS: Final = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Place:
    """
    A line of a list, as its address says it; no personal data.

    Args:
        at: What the list is sorted by.
        id: What tells lines of the same moment apart.
    """

    at: datetime
    id: str

    def __str__(self) -> str:
        """Return what stands in an address."""
        return f"{self.at.isoformat()}|{self.id}"


def read(said: str) -> Place | None:
    """Return the place that an address says; None, which is the beginning, if it says none."""
    when, _, number = said.partition("|")
    at = moment(when)
    return Place(at, number) if at and _ID.fullmatch(number) else None


def moment(said: str) -> datetime | None:
    """Return a moment in UTC; None for what is none, has no zone, or is of no year of ours."""
    try:
        at = datetime.fromisoformat(said)
        if at.tzinfo is None:
            return None
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year in YEARS else None


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A line of a list that has parts, one behind the other.

    Args:
        part: Which of them, the first being 0.
        place: Where in it.
    """

    part: int
    place: Place

    def __str__(self) -> str:
        """Return what stands in an address."""
        return f"{self.part}|{self.place}"


def spot(said: str) -> Spot | None:
    """Return the place in a list of parts; None, which is the beginning, if it says none."""
    part, _, rest = said.partition("|")
    place = read(rest)
    return Spot(int(part), place) if place and part in _PARTS else None


def behind(part: Any, at: Any, number: Any, after: Spot | None) -> list[ColumnElement[bool]]:
    """Return what a line fulfils that comes after a place, part by part, the earliest first."""
    if after is None:
        return []
    return [or_(part > after.part, and_(part == after.part, *later(at, number, after.place)))]


def later(at: Any, number: Any, after: Place | None) -> list[ColumnElement[bool]]:
    """
    Return what a line fulfils that comes after a place, where the earliest is first.

    Args:
        at, number: The columns by which the list is sorted.
    """
    if after is None:
        return []
    # Said twice, the moment lets an index of it begin at the place.
    return [and_(at >= after.at, or_(at > after.at, number > after.id))]


def earlier(at: Any, number: Any, after: Place | None) -> list[ColumnElement[bool]]:
    """Return what a line fulfils that comes after a place, where the newest is first."""
    if after is None:
        return []
    return [and_(at <= after.at, or_(at < after.at, number < after.id))]
