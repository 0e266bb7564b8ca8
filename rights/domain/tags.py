"""
Tags that a person may choose: the company's list of them, and what a chosen one looks like.

Source: NDSR 42; Algorithmic Recommendation Provisions 17 (select or delete tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from rights.domain.mapwords import Scalar

SWITCH: Final = "tags"
"""The switch that names where tags live, and under which a person's choice of them is read."""

CHOSEN: Final = "chosen"
"""The sealed value of the tags that somebody chooses; and what such a choice is read as."""

REMOVED: Final = "removed"
"""The sealed value of the tags that somebody has removed while they choose."""

MOST: Final = 200
"""Tags that one collection may offer: a list that a person can still look through."""

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TagChoice:
    """
    One tag of the list.

    Args:
        tag: What the tag's column holds, and what a job knows it by.
        title: In both languages, for people.
        set: More columns of its row, a name for instance.
    """

    tag: str
    title: Mapping[str, str]
    set: Mapping[str, Scalar] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Tags:
    """
    What people may choose in one collection, and how that is written.

    Args:
        chosen: Columns by which a row says that the person chose it.
        since: The column that says since when; empty where there is none.
    """

    choices: tuple[TagChoice, ...]
    chosen: Mapping[str, Scalar]
    since: str = ""

    def choice(self, tag: str) -> TagChoice | None:
        """Return the choice of that name, or None where it is not offered."""
        return next((one for one in self.choices if one.tag == tag), None)

    def marks(self, tag: str) -> Mapping[str, Scalar]:
        """Return what the row of a chosen tag holds beside its key and since when."""
        one = self.choice(tag)
        return {**(one.set if one else _EMPTY), **self.chosen}
