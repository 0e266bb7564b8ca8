"""
Which clocks a security incident starts, and when each is over. The facts are in
``rights/catalogue/incidents.yaml``.

Source: NDSR 10; Measures on reporting network security incidents (2025) 4; PIPL 57; GDPR 33;
Minors Regulation 35.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class IncidentKind(StrEnum):
    """What happened, or may have: the first three to personal data."""

    LEAK = "leak"
    ALTERATION = "alteration"
    LOSS = "loss"
    VULNERABILITY = "vulnerability"
    NETWORK = "network"


class Severity(StrEnum):
    """How grave it is, the least first: the four grades of GB/T 20986."""

    ORDINARY = "ordinary"
    CONSIDERABLE = "considerable"
    MAJOR = "major"
    GRAVE = "grave"


class Operator(StrEnum):
    """What the company is to the law: the graver, the shorter its clock."""

    OTHER = "other"
    CENTRAL_STATE_ORGAN = "central_state_organ"
    CII = "cii"
    CII_ADJACENT = "cii_adjacent"


_GRADES: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Incident:
    """
    What decides which clocks run.

    Args:
        endangers: National security or the public interest is endangered.
        minors: Data of people under 18 are among what was hit.
        regimes: The laws of the people who may have been hit.
    """

    kind: IncidentKind
    severity: Severity
    operator: Operator
    endangers: bool
    minors: bool
    regimes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One clock, and what starts it; an empty condition is none.

    Args:
        hours: From the discovery on; 0 is "at once".
        severity: From this grade on.
    """

    name: str
    hours: int
    regimes: frozenset[str] = frozenset()
    kinds: frozenset[IncidentKind] = frozenset()
    operators: frozenset[Operator] = frozenset()
    severity: Severity = Severity.ORDINARY
    endangers: bool = False
    minors: bool = False

    def starts(self, one: Incident) -> bool:
        """Return whether an incident starts this clock."""
        return (
            _among(one.kind, self.kinds)
            and _among(one.operator, self.operators)
            and (not self.regimes or bool(self.regimes & one.regimes))
            and _GRADES.index(one.severity) >= _GRADES.index(self.severity)
            and (one.endangers or not self.endangers)
            and (one.minors or not self.minors)
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs: until when something has to be reported."""

    name: str
    due_at: datetime


def graver(than: Severity) -> tuple[Severity, ...]:
    """Return the grades above one, the least first; none above the last."""
    return _GRADES[_GRADES.index(than) + 1 :]


def _among(one: object, wanted: Collection[object]) -> bool:
    return not wanted or one in wanted


def clocks(rules: Iterable[Rule], one: Incident, discovered_at: datetime) -> list[Clock]:
    """Return the clocks of an incident, the one that is over first at the beginning."""
    found = [
        Clock(rule.name, discovered_at + timedelta(hours=rule.hours))
        for rule in rules
        if rule.starts(one)
    ]
    return sorted(found, key=lambda clock: (clock.due_at, clock.name))
