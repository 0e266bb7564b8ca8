"""What a check found: how bad, where, what, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rights.services import plan_warnings


class Level(StrEnum):
    """Whether a finding stops anything."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing about a data map and its live stores.

    Args:
        place: ``store``, ``store.collection`` or ``store.collection.column``.
        message: What is the case. No values of rows or settings.
        strict: Counts as an error where a map must be complete (``--ci``).
        code: Of a warning that stands in plans: its words are in the catalogue.
        names: Of the schema, which those words name.
    """

    level: Level
    place: str
    message: str
    remedy: str
    strict: bool = False
    code: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message} → {self.remedy}"

    def warned(self) -> Mapping[str, str]:
        """Return what a plan keeps of a warning that has a code: facts, in no language."""
        assert self.code, "what stands in a plan has words in every language"
        return {"code": self.code, "place": self.place, **self.names}


def error(place: str, message: str, remedy: str) -> Finding:
    """Return a finding that must be mended."""
    return Finding(Level.ERROR, place, message, remedy)


def warning(place: str, message: str, remedy: str, *, strict: bool = False) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(Level.WARNING, place, message, remedy, strict)


def planned(place: str, code: str, *, strict: bool = False, **names: str) -> Finding:
    """Return a warning that stands in plans, too. Raises KeyError: the catalogue has no *code*."""
    message, remedy = plan_warnings.what(code, names), plan_warnings.remedy(code, names)
    return Finding(Level.WARNING, place, message, remedy, strict, code, names)
