"""
What a step may cost: seconds, and bytes of the store's log, by the kind of statement and rows.

Pure: facts come from ``costs.yaml``. An estimate always comes with what it may be at least and
at most, since what a row costs depends on the machine, on its load, and on what was written
since the last checkpoint; nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import expm1, log1p
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from connectors.sdk import Foreseen
from rights import yaml_file
from rights.domain.errors import ConfigError

_FILE: Final = Path(__file__).with_name("costs.yaml")

_NONE: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Span:
    """An estimate, and between what the truth is expected."""

    estimate: float = 0.0
    at_least: float = 0.0
    at_most: float = 0.0

    def __add__(self, other: Span) -> Span:
        return Span(
            self.estimate + other.estimate,
            self.at_least + other.at_least,
            self.at_most + other.at_most,
        )

    def to_json(self, digits: int = 0) -> dict[str, float]:
        """Return JSON-native numbers, rounded: more digits would be a lie."""
        made = {n: round(getattr(self, n), digits) for n in ("estimate", "at_least", "at_most")}
        return made if digits else {n: int(value) for n, value in made.items()}


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of one collection by the statement that they take."""

    deleted: int = 0
    updated: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """
    What is known of one kind of store.

    Args:
        within: The factor by which the seconds may be wrong, either way.
        log: None where the store's log is not estimated.
        page: Bytes of a page that goes into the log whole; 0 where none does.
    """

    within: float
    start_ms: float
    row_us: Mapping[str, float]
    index_us: Mapping[str, float] = field(default_factory=lambda: _NONE)
    log: Mapping[str, float] | None = None
    page: int = 0

    def seconds(self, changes: Changes, seen: Foreseen) -> Span:
        """Return how long the statements of one collection may take."""
        micros = (
            changes.deleted * (self.row_us["delete"] + self._index("delete", seen))
            + changes.updated * (self.row_us["update"] + self._index("update", seen))
            + changes.read * self.row_us["read"]
        )
        likely = self.start_ms / 1_000 + micros / 1_000_000
        return Span(likely, likely / self.within, likely * self.within)

    def logged(self, changes: Changes, seen: Foreseen) -> Span | None:
        """
        Return how many bytes the store writes into its log; None where that is not known.

        The least is what the rows say; the most, that every page they touch was written for the
        first time since a checkpoint, and is put into the log whole. What is expected lies in
        the middle: pages that are mostly empty are put in without the empty part.
        """
        if self.log is None:
            return None
        rows = changes.deleted * self.log["delete"] + changes.updated * (
            self.log["update"] + seen.row_bytes + seen.indexes * self.log["index"]
        )
        pages = self._pages(changes, seen) * self.page
        return Span(rows + pages / 2, rows / _LEAST, (rows + pages) * _MOST)

    def _index(self, statement: str, seen: Foreseen) -> float:
        return self.index_us.get(statement, 0.0) * seen.indexes

    def _pages(self, changes: Changes, seen: Foreseen) -> float:
        """Return how many pages may be written whole; an update touches others besides."""
        deleted = touched(changes.deleted, seen.pages)
        heap = touched(changes.updated, seen.pages)
        return deleted + heap + heap * seen.indexes / _ENTRIES


_LEAST: Final = 1.5
_MOST: Final = 1.5
"""What the log of the same rows differs by, from one version and schema to another."""

_ENTRIES: Final = 4
"""Index entries are about so many times smaller than rows; new pages are not written whole."""


def touched(rows: int, pages: int) -> float:
    """
    Return how many pages hold at least one of *rows* that lie anywhere in a table.

    Args:
        pages: Of the table; 0 where that is not known: then every row has a page of its own.
    """
    if rows <= 0 or pages == 1:
        return min(rows, pages) if pages else 0.0
    if pages <= 0:
        return float(rows)
    return -pages * expm1(rows * log1p(-1 / pages))


@cache
def known() -> Mapping[str, Costs]:
    """
    Return what is known of each kind of store.

    Raises:
        ConfigError: the file does not say what it must.
    """
    raw: dict[str, dict[str, Any]] = yaml_file.read(_FILE)
    try:
        return MappingProxyType({engine: Costs(**facts) for engine, facts in raw.items()})
    except TypeError as error:
        raise ConfigError(f"costs.yaml: {error}") from None
