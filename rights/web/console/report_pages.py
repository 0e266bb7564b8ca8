"""
A report as a page: tables with their captions, what is left out and why, pictures of the sums.

What a picture draws stands in a table beneath it: nothing is told by a bar alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from werkzeug import Response

from rights.services.reports import groups
from rights.services.reports.labels import Labels
from rights.services.reports.report import Made, Row, Table
from rights.services.words import Words
from rights.web.console import pages
from rights.web.console.pictures import Bar, Picture
from rights.web.parts import parts

DRAWN: Final[Mapping[str, tuple[str, ...]]] = {
    "kinds": ("received", "on_time_percent", "on_time_at_least_percent"),
    "channels": ("received",),
    "california": ("received",),
    "metrics": ("received",),
    "went_out": ("packages",),
    "incident_kinds": ("opened",),
}
"""Which columns of which tables are drawn, where they are there."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_PARTS: Final = " / "
_HUNDRED: Final = 100.0
_SHARES: Final = frozenset({"on_time_percent", "on_time_at_least_percent"})
_REFERENCES: Final = frozenset({"request", "references"})
"""Keys and columns that name requests, each of which has a page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """
    One cell.

    Args:
        hidden: Its number is left out.
        requests: References in it, in place of a text.
    """

    text: str
    hidden: bool = False
    requests: tuple[str, ...] = ()


def page(
    made: Made,
    *,
    action: str,
    again: Mapping[str, str] = NOTHING,
    until: str = "",
    command: str = "",
    days: Mapping[str, str] = NOTHING,
    wrong: list[str] | None = None,
    status: int = 200,
) -> Response:
    """
    Return a report as a page, with buttons that take the same as a file.

    Args:
        action: Where such a button sends to.
        again: What was asked for, by field, where the file is made anew.
        until: Until when it is kept; empty where it is not.
        command: What makes it signed; empty where nobody needs that.
        days: What is asked for to have it signed, by field.
    """
    labels = Labels(pages.said().language, parts().context.regimes)
    report = made.report
    kept = [(pages.said().say("reports", "kept_until"), until)] if until else []
    return pages.page(
        "report.html",
        status,
        title=labels.title(report),
        facts=[*_facts(made, labels), *kept],
        notes=labels.notes(report),
        pictures=[*_pictures(made, labels)],
        tables=[table(one, labels, pages.said()) for one in report.tables],
        missing=labels.missing(report),
        words=labels.words.say,
        action=action,
        again=_filled(again),
        command=command,
        days=_filled(days),
        wrong=wrong or [],
    )


def _filled(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, said) for name, said in fields.items() if said]


def _facts(made: Made, labels: Labels) -> Iterator[tuple[str, str]]:
    report, words = made.report, labels.words
    state = [words.say("provisional" if report.provisional else "final")]
    state += [words.say("public")] if report.public else []
    yield words.say("period"), labels.days(report)
    yield words.say("status"), words.listed(state)
    yield words.say("made_at"), labels.moment(made.at, report.period.zone)
    yield words.say("sha256"), report.sha256()


def table(one: Table, labels: Labels, w: Words) -> dict[str, Any]:
    """Return a table as a page shows it: its title, its head, its rows."""
    titles = labels.columns(one)
    keys = len(one.keys)
    return {
        "name": one.name,
        "title": labels.words.say("tables", one.name),
        "head": ([_PARTS.join(titles[:keys])] if keys else []) + titles[keys:],
        "rows": [
            (_key(one, row, labels), [_cell(row, name, labels, w) for name in one.columns])
            for row in one.rows
        ],
    }


def _key(table: Table, row: Row, labels: Labels) -> Cell | None:
    """Return what a row is called; what names a request leads to it."""
    said = labels.row(table, row)
    named = [value for name, value in zip(table.keys, row.key, strict=True) if _is_reference(name)]
    shown = [text for text in said if text and text not in named]
    return Cell(_PARTS.join(shown), requests=tuple(named)) if table.keys else None


def _is_reference(name: str) -> bool:
    return name in _REFERENCES


def _cell(row: Row, name: str, labels: Labels, w: Words) -> Cell:
    if name in row.hidden or name not in row.values:
        return Cell(labels.words.say("hidden"), hidden=True)
    value = row.values[name]
    if _is_reference(name):
        return Cell("", requests=tuple(str(value or "").split()))
    if isinstance(value, int):
        return Cell(w.number(value))
    return Cell(labels.cell(row, name))


# -- pictures ------------------------------------------------------------------------------------


def _pictures(made: Made, labels: Labels) -> Iterator[Picture]:
    for table in made.report.tables:
        for name in DRAWN.get(table.name, ()):
            if name in table.columns and (bars := _bars(table, name, labels)):
                said = labels.words.say
                title = f"{said('tables', table.name)} · {said('columns', name)}"
                yield Picture(f"{table.name}-{name}", title, labels.days(made.report), bars)


def _bars(table: Table, name: str, labels: Labels) -> tuple[Bar, ...]:
    """Draw what is there and shown: a row without a bar is in the table."""
    found = [
        (row, value)
        for row in table.rows
        if isinstance(value := row.values.get(name), int | float) and value and _one_sum(table, row)
    ]
    most = _HUNDRED if name in _SHARES else max((value for _, value in found), default=0)
    return tuple(
        Bar(
            _PARTS.join(part for part in labels.row(table, row) if part),
            _HUNDRED * value / most,
            labels.cell(row, name),
        )
        for row, value in found
    )


def _one_sum(table: Table, row: Row) -> bool:
    """Return whether a row is drawn: of items of the audit guide only the sums are."""
    return table.name != "metrics" or row.key[1] == groups.TOTAL
