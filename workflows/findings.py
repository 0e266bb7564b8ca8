"""What a check found: how bad, where, what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """

    level: Level
    place: str
    message: str
    remedy: str
    strict: bool = False

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message} → {self.remedy}"


def error(place: str, message: str, remedy: str) -> Finding:
    """Return a finding that must be mended."""
    return Finding(Level.ERROR, place, message, remedy)


def warning(place: str, message: str, remedy: str, *, strict: bool = False) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(Level.WARNING, place, message, remedy, strict)
