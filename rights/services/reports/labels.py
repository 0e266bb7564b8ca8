"""
The words of a report in one language: what its tables, columns, rows and notes are called.

Kinds, laws and reasons are called what they are called everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Final

from rights.domain.regime import Regime
from rights.services import reasons
from rights.services.catalogue import categories
from rights.services.catalogue import words as kinds_words
from rights.services.reports import groups
from rights.services.reports.audit_items import items
from rights.services.reports.report import Cell, Report, Row, Table
from rights.services.security_incidents import facts
from rights.services.words import Words, catalogue

_FOLDER: Final = Path(__file__).parents[2] / "catalogue" / "reports"
_OWN: Final[Mapping[str, str]] = {
    "channel": "channels",
    "age": "ages",
    "regime": "regimes",
    "asker": "askers",
    "right": "rights",
    "figure": "figures",
    "exception": "exceptions",
    "state": "states",
    "by": "tables",
    "chain_holds": "answers",
    "complete": "answers",
    "to": "receivers",
    "endangers": "answers",
    "minors": "answers",
    "drill": "answers",
    "late": "answers",
}
"""Kind of code to where its words are."""
_THINGS: Final = frozenset(
    {
        "head",
        "receipt",
        "checkpoint",
        "store_country",
        "store_region",
        "recipient_country",
        "purpose",
        "method",
        "closed_at",
        "due_at",
        "answered_at",
        "late",
    }
)
"""Columns that hold no number: what lacks is not there, and was not worked out from anything."""


@cache
def words_of(language: str) -> Words:
    """Return all that reports say in one language."""
    return Words(language, catalogue(_FOLDER, language))


class Labels:
    """
    One language.

    Args:
        regimes: The laws, for their titles.
    """

    def __init__(self, language: str, regimes: Mapping[str, Regime]) -> None:
        self.words = words_of(language)
        self.language = language
        self._regimes = regimes
        self._kinds = kinds_words()["kinds"]

    def title(self, report: Report) -> str:
        """Return what the report is called."""
        return self.words.say("titles", report.name)

    def days(self, report: Report) -> str:
        """Return what it is about."""
        at = report.period
        return self.words.say("days", first=at.first, last=at.last, zone=at.zone.key)

    def moment(self, at: datetime, zone: tzinfo) -> str:
        """Return a moment."""
        return self.words.moment(at, zone)

    def columns(self, table: Table) -> list[str]:
        """Return what stands above a table."""
        keys = [self.words.say("keys", name) for name in table.keys]
        return keys + [self.words.say("columns", name) for name in table.columns]

    def row(self, table: Table, row: Row) -> list[str]:
        """Return what one row is called, part by part."""
        known = dict(zip(table.keys, row.key, strict=True))
        return [self.code(name, value, known) for name, value in known.items()]

    def code(self, name: str, value: str, beside: Mapping[str, str]) -> str:
        """
        Return the words for a code.

        Args:
            name: What it is a code of.
            beside: The other codes of its row: an option is one of its kind.
        """
        special = self._special(name, value, beside)
        return special or self.words.find(_OWN.get(name, name), value) or value

    def _special(self, name: str, value: str, beside: Mapping[str, str]) -> str:
        """Return what is called the same elsewhere, or is put together."""
        language, kinds = self.language, self._kinds
        found: Mapping[str, Callable[[], str]] = {
            "kind": lambda: kinds[value]["title"][language],
            "option": lambda: kinds[beside["kind"]]["options"][value][language],
            "regime": lambda: self._law(value),
            "group": lambda: self._group(beside["by"], value),
            "reason": lambda: self._reason(value),
            "item": lambda: f"{value} {items()[value].titles[language]}",
            "categories": lambda: self._categories(value),
            "laws": lambda: self.words.listed([self._law(one) or one for one in value.split()]),
            "incident_kind": lambda: facts.titles("kinds")[value][language],
            "severity": lambda: facts.titles("severities")[value][language],
            "clock": lambda: facts.clock(value)["title"][language],
        }
        return str(found[name]()) if name in found else ""

    def cell(self, row: Row, column: str) -> str:
        """Return what one cell shows; what is left out shows that it is."""
        if column in row.hidden:
            return self.words.say("hidden")
        value: Cell = row.values[column]
        if value is None:
            return self.words.say("empty" if column in _THINGS else "undefined")
        if isinstance(value, str):
            beside = {name: str(said) for name, said in row.values.items()}
            return self.code(column, value, beside)
        return str(value)

    def notes(self, report: Report) -> list[str]:
        """Return what has to be known to read it."""
        found = [self.words.say("flags", flag) for flag in report.flags]
        cells = [(row, name) for t in report.tables for row in t.rows for name in t.columns]
        if any(name in row.hidden for row, name in cells):
            found.append(self.words.say("hidden_note"))
        if any(row.values.get(name, 0) is None for row, name in cells if name not in _THINGS):
            found.append(self.words.say("undefined_note"))
        return found

    def missing(self, report: Report) -> list[tuple[str, str]]:
        """Return what cannot be counted, and why."""
        return [
            (self.words.say("figures", one.figure), self.words.say("whys", one.why))
            for one in report.missing
        ]

    def _group(self, by: str, value: str) -> str:
        keys = groups.KEYS[by]
        known = dict(zip(keys, value.split("/") if keys else (), strict=True))
        return " / ".join(self.code(name, part, known) for name, part in known.items())

    def _law(self, code: str) -> str:
        known = self._regimes.get(code)
        return known.titles[self.language] if known else ""

    def _categories(self, value: str) -> str:
        known, short = categories(), "en" if self.language == "en" else "zh"
        if not value:
            return self.words.say("empty")
        return self.words.listed([known.get(one, {}).get(short, one) for one in value.split()])

    def _reason(self, code: str) -> str:
        known = reasons.catalogue().get(code)
        if known is None:
            return code or self.words.say("no_reason")
        return known.texts["en" if self.language == "en" else "zh"]
