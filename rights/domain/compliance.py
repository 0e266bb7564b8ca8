"""
Which duties an organisation has, from what it says of itself.

The duties are facts (``rights/catalogue/duties.yaml``); here is only how they are compared. A
threshold is reached (``least``) or passed (``above``): the law says one of a protection officer
and the other of an audit.

Source: NDSR 28, 44; audit measures (2025) 4, 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from rights.domain.organisation import Profile

CII: Final = "is_ciio"
ADJACENT: Final = "cii_adjacent"


class Rhythm(StrEnum):
    """When a duty asks for something."""

    STANDING = "standing"
    ON_EVENT = "on_event"
    YEARLY = "yearly"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Clause:
    """
    One thing that has to be so.

    Args:
        name: A figure, or what is true or not.
        least, above, most: Bounds of a figure: from here on, beyond this, up to here.
    """

    name: str
    least: int | None = None
    above: int | None = None
    most: int | None = None

    @property
    def bounds(self) -> Mapping[str, int]:
        """The bounds there are."""
        named = {"least": self.least, "above": self.above, "most": self.most}
        return {name: value for name, value in named.items() if value is not None}

    def holds(self, profile: Profile, *, by_choice: bool = False) -> bool:
        """
        Return whether it is so.

        Args:
            by_choice: Whoever holds themselves to a CII operator's duties counts as one.
        """
        if not self.bounds:
            chosen = by_choice and self.name == CII and profile.holds(ADJACENT)
            return chosen or profile.holds(self.name)
        count = profile.figures[self.name]
        return not (
            (self.least is not None and count < self.least)
            or (self.above is not None and count <= self.above)
            or (self.most is not None and count > self.most)
        )


@dataclass(frozen=True, slots=True)
class Cadence:
    """
    How often a duty comes again.

    Args:
        by: Of a yearly one: month and day of the last day.
        months: Of the others: the longest time between two.
    """

    rhythm: Rhythm
    by: tuple[int, int] = (12, 31)
    months: int = 0

    @property
    def recurs(self) -> bool:
        """Whether it has days in the calendar."""
        return self.rhythm in (Rhythm.YEARLY, Rhythm.MONTHS)


@dataclass(frozen=True, slots=True)
class Duty:
    """
    One duty.

    Args:
        when: Any of these suffices; of each, all clauses hold.
        citation, title, about: By language.
        owner: The role or scope of staff that sees to it.
        helps: What of this product helps: a command or a page; empty for nothing.
        starts: From when the law asks for it.
        confidence: ``A`` read in the law, ``B`` in a source about it.
    """

    code: str
    when: tuple[tuple[Clause, ...], ...]
    citation: Mapping[str, str]
    title: Mapping[str, str]
    about: Mapping[str, str]
    owner: str
    cadence: Cadence
    helps: str
    starts: date
    confidence: str


@dataclass(frozen=True, slots=True)
class Owed:
    """
    A duty that an organisation has, and what it has it for.

    Args:
        by_choice: The law does not ask for it; the organisation holds itself to it.
    """

    duty: Duty
    because: tuple[Clause, ...]
    by_choice: bool = False


def owed(profile: Profile, duties: Iterable[Duty]) -> tuple[Owed, ...]:
    """Return what an organisation owes, in the order of the catalogue."""
    found = (_owed(profile, duty) for duty in duties)
    return tuple(one for one in found if one is not None)


def _said(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Return what the organisation says of itself, where that stands for being an operator."""
    return tuple(Clause(ADJACENT) if clause.name == CII else clause for clause in clauses)


def _owed(profile: Profile, duty: Duty) -> Owed | None:
    for by_choice in (False, True):
        for clauses in duty.when:
            if all(clause.holds(profile, by_choice=by_choice) for clause in clauses):
                return Owed(duty, _said(clauses) if by_choice else clauses, by_choice)
    return None
