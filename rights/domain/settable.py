"""
What staff may change of the settings while everything runs, within which bounds.

A bound is what the law, or what was promised, leaves room for; beyond it nothing is set, by
nobody. One end of most of them protects people better: a step away from it takes two.

Source: NDSR 9; PIPL 51 (operating rules, access by least privilege).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rights.domain.colours import READABLE, contrast
from rights.domain.errors import FieldError, Invalid

COUNT: Final = "count"
CHOICE: Final = "choice"
COLOUR: Final = "colour"
TYPES: Final = (COUNT, CHOICE, COLOUR)

MORE: Final = "more"
LESS: Final = "less"
PROTECTS: Final = (MORE, LESS, "")
"""Which way protects people better; empty: neither does."""

Value = int | str
_DIGITS: Final = 5
_PAPER: Final = "#ffffff"
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Settable:
    """
    One setting that may be changed while everything runs.

    Args:
        name: As ``rights.settings`` has it.
        group: Under which heading it stands.
        type: One of :data:`TYPES`.
        unit: Of a count; empty for none.
        least, most: Bounds of a count.
        allowed: The values of a choice; words stand in order, from the least to the most.
        protects: One of :data:`PROTECTS`.
        requirement: What the bounds rest on.
        source: The article behind it.
        title, about: In words, by language.
    """

    name: str
    group: str
    type: str
    requirement: str
    source: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    unit: str = ""
    least: int = 0
    most: int = 0
    allowed: tuple[Value, ...] = ()
    protects: str = ""

    @property
    def bounds(self) -> tuple[str, ...]:
        """What it can be, in signs that every language has."""
        if self.type == COUNT:
            return (f"{self.least}–{self.most}",)
        return tuple(str(one) for one in self.allowed) or ("#rrggbb",)

    def read(self, said: str) -> Value:
        """
        Return what somebody typed as a value of this setting.

        Raises:
            Invalid: it is none, or beyond the bounds; names the requirement.
        """
        text = said.strip()
        numbers = self.type == COUNT or isinstance(next(iter(self.allowed), ""), int)
        if numbers:
            plain = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
            return self.check(int(text) if plain else text)
        return self.check(text.lower() if self.type == COLOUR else text)

    def check(self, value: object) -> Value:
        """Return a value that this setting can have. Raises Invalid, like :meth:`read`."""
        if isinstance(value, int | str) and self._fits(value):
            return value
        law = f"{self.requirement}, {self.source}"
        message = f"is beyond what may be set [{law}]"
        raise Invalid(
            f"{self.name} {message}: {', '.join(self.bounds)}",
            [FieldError("value", message, self.bounds)],
            code="setting_beyond",
        )

    def _fits(self, value: Value) -> bool:
        if isinstance(value, bool):
            return False
        if self.type == COUNT:
            return isinstance(value, int) and self.least <= value <= self.most
        if self.type == CHOICE:
            return value in self.allowed
        readable = isinstance(value, str) and _COLOUR.fullmatch(value) is not None
        return readable and contrast(str(value), _PAPER) >= READABLE

    def weakens(self, before: Value, after: Value) -> bool:
        """Return whether *after* protects people less than *before*."""
        if not self.protects:
            return False
        first, then = self._rank(before), self._rank(after)
        return then < first if self.protects == MORE else then > first

    def _rank(self, value: Value) -> int:
        """Return how much a value is: a number, or the place of a word among those allowed."""
        if isinstance(value, int):
            return value
        return self.allowed.index(value) if value in self.allowed else 0
