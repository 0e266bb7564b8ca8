"""
What an organisation says of itself: how many people, which trades, what was decided about it.

Whether it is a large platform is decided by people. Two of the three things that make one can be
counted; the third, what its processing means to the state, the economy and people, cannot.

Source: NDSR 28, 30, 44, 62(8); PIPL 52, 58; audit measures (2025) 4, 12; 11 CCR 7102.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain.errors import FieldError, Invalid

FIGURES: Final = ("persons", "sensitive_persons", "registered", "mau", "californians")
"""Numbers of people: in all, with sensitive data, with an account, active in a month, of
California."""

FLAGS: Final = (
    "is_ciio",
    "cii_adjacent",
    "is_platform",
    "ecommerce",
    "genai",
    "anthropomorphic",
    "credit",
    "minors_service",
    "important_data",
)
"""What it is or does. ``cii_adjacent``: it holds itself to the duties of a CII operator without
being one."""

LARGE: Final = "is_large_platform"
MOST: Final = 100_000_000_000
"""People that a figure can be of: more is a slip of the pen."""

_REGISTERED: Final = 50_000_000
_ACTIVE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Whether it is a large platform, as people decided.

    Args:
        by: The position or body that decided; no name is needed.
    """

    large: bool
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Pace:
    """
    When a duty that comes again is seen to here: as often as the law asks, or more often.

    Args:
        by: Month and day of a yearly one, in place of the law's last day.
        months: Between two, in place of the law's longest time.
        last: When it was done before this register knew of it.
    """

    by: tuple[int, int] | None = None
    months: int | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """
    What an organisation says of itself.

    Args:
        since: From which day it holds; nothing falls due because of it before.
        figures: Every one of :data:`FIGURES`.
        flags: Those of :data:`FLAGS` that are true.
        decision: Empty as long as nobody has decided.
        paces: By duty.
    """

    since: date
    figures: Mapping[str, int]
    flags: frozenset[str] = frozenset()
    decision: Decision | None = None
    paces: Mapping[str, Pace] = field(default_factory=lambda: MappingProxyType({}))

    def holds(self, name: str) -> bool:
        """Return whether a flag, or the decision about large platforms, says yes."""
        if name == LARGE:
            return self.decision is not None and self.decision.large
        return name in self.flags

    @property
    def undecided(self) -> bool:
        """Whether its numbers reach those of a large platform, and nobody has decided yet."""
        many = self.figures["registered"] >= _REGISTERED or self.figures["mau"] >= _ACTIVE
        return many and self.decision is None


def with_figures(profile: Profile, given: Mapping[str, Any]) -> Profile:
    """
    Return a profile with other numbers: what would be owed then.

    Raises:
        Invalid: one is no whole number of people; each is named.
    """
    wrong = [
        FieldError(name, f"is a whole number from 0 to {MOST}", rule="between", bound=f"0–{MOST}")
        for name, value in given.items()
        if name in FIGURES and not is_figure(value)
    ]
    wrong += [FieldError(n, "is no figure", FIGURES) for n in given if n not in FIGURES]
    if wrong:
        raise Invalid("a figure is wrong", wrong)
    return replace(profile, figures=MappingProxyType({**profile.figures, **given}))


def is_figure(value: object) -> bool:
    """Return whether something is a number of people: whole, not negative, no truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST
