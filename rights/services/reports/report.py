"""
What a report is before it is written out: tables of numbers under codes, and what is missing.

Everything in it follows from the register as it was in the period, so the same report made twice is
the same to the last byte. When it was made, and by whom it is signed, stand beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from rights.domain.period import Period

FORMAT: Final = "rights-report/1"

Cell = int | float | str | None
"""A number, a code or a moment; None where there is nothing to work it out from."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of a table.

    Args:
        key: Codes: a kind and its option, a channel, a reference.
        values: By column. A column that is not there was left out: see :attr:`hidden`.
        hidden: Columns whose number is left out, so that nobody shows through.
    """

    key: tuple[str, ...]
    values: Mapping[str, Cell]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """
    Rows under the same columns.

    Args:
        keys: What the parts of a row's key are: ``kind``, ``option``, ``channel`` …
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that the register cannot give: never printed as 0. Both are codes with words."""

    figure: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """
    One report.

    Args:
        name: ``figures``, ``california``, ``audit``, ``incidents`` or ``outbound``.
        flags: Why it may still change, or is about less than the period: codes with words.
        public: Small numbers are left out.
    """

    name: str
    period: Period
    tables: tuple[Table, ...]
    missing: tuple[Missing, ...] = ()
    flags: tuple[str, ...] = ()
    public: bool = False

    @property
    def provisional(self) -> bool:
        """Whether the same report may say something else when it is made later."""
        return bool(set(self.flags) & MAY_CHANGE)

    def body(self) -> dict[str, Any]:
        """Return all that it says, JSON-native, without when it was made."""
        return {
            "format": FORMAT,
            "report": self.name,
            "period": {
                "from": self.period.first.isoformat(),
                "to": self.period.last.isoformat(),
                "zone": self.period.zone.key,
            },
            "public": self.public,
            "provisional": self.provisional,
            "flags": list(self.flags),
            "tables": {table.name: list(_rows(table)) for table in self.tables},
            "missing": [{"figure": one.figure, "why": one.why} for one in self.missing],
        }

    def text(self) -> bytes:
        """Return what it says in its one written form: what is hashed and signed."""
        return orjson.dumps(self.body(), option=orjson.OPT_SORT_KEYS)

    def sha256(self) -> str:
        """Return the hash of :meth:`text`, in hex."""
        return hashlib.sha256(self.text()).hexdigest()


MAY_CHANGE: Final = frozenset({"period_open", "letters_waiting"})
"""Flags that go away with time."""


@dataclass(frozen=True, slots=True)
class Made:
    """
    A report as it was made.

    Args:
        at: When, on the register's clock.
        key_id, signature, public_key: Of the report's hash; empty where it is not signed.
    """

    report: Report
    at: datetime
    key_id: str = ""
    signature: str = ""
    public_key: str = field(default="", repr=False)


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    for row in table.rows:
        known = {name: row.values[name] for name in table.columns if name in row.values}
        left_out = {"hidden": sorted(row.hidden)} if row.hidden else {}
        yield {**dict(zip(table.keys, row.key, strict=True)), **known, **left_out}
