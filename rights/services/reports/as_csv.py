"""
A report as one CSV file: a line for each number, whose first column names its table.

Tables of a report have different columns; written one number a line, every line has the same five
(RFC 4180), a spreadsheet can filter them, and a program need not know the tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from rights.services.reports.labels import Labels
from rights.services.reports.report import Made, Row, Table

BOM: Final = b"\xef\xbb\xbf"
"""Without it a Chinese spreadsheet reads UTF-8 as GBK."""

RISKY: Final = frozenset("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")
"""What makes a spreadsheet run or swallow a cell, full-width forms and our own mark included."""

HEAD: Final = ("table", "row", "figure", "value", "words")
HIDDEN: Final = "*"
_PARTS: Final = " / "

Line = tuple[str, str, str, str, str]


def to_csv(made: Made, labels: Labels) -> Iterator[bytes]:
    """Yield the file, a line at a time: UTF-8 with a byte order mark."""
    yield BOM + written(HEAD)
    for line in _lines(made, labels):
        yield written(line)


def _lines(made: Made, labels: Labels) -> Iterator[Line]:
    yield from _about(made, labels)
    for table in made.report.tables:
        if not table.rows:  # looked at, and nothing found: not the same as not looked at
            yield table.name, "", "", "", labels.words.say("empty")
        for row in table.rows:
            yield from _row(table, row, labels)
    for one, (figure, why) in zip(made.report.missing, labels.missing(made.report), strict=True):
        yield "missing", one.figure, one.why, "", f"{figure}{_PARTS}{why}"


def _about(made: Made, labels: Labels) -> Iterator[Line]:
    report = made.report
    said = {
        "report": (report.name, labels.title(report)),
        "period": (f"{report.period.first}/{report.period.last}", labels.days(report)),
        "provisional": (str(report.provisional).lower(), ""),
        "public": (str(report.public).lower(), ""),
        **{flag: ("true", labels.words.say("flags", flag)) for flag in report.flags},
        "sha256": (report.sha256(), labels.words.say("sha256")),
        "made_at": (made.at.isoformat(), labels.words.say("made_at")),
        **{
            name: (value, labels.words.say(name))
            for name, value in _signature(made).items()
            if value
        },
    }
    for name, (value, words) in said.items():
        yield "about", "", name, value, words


def _signature(made: Made) -> dict[str, str]:
    return {
        "key_id": made.key_id,
        "signature": made.signature,
        "public_key": made.public_key,
    }


def _row(table: Table, row: Row, labels: Labels) -> Iterator[Line]:
    titles = dict(zip(table.columns, labels.columns(table)[len(table.keys) :], strict=True))
    where = [labels.words.say("tables", table.name), *labels.row(table, row)]
    for name in table.columns:
        if name not in row.values and name not in row.hidden:
            continue
        value = HIDDEN if name in row.hidden else row.values[name]
        shown = "" if value is None else str(value)
        yield table.name, "/".join(row.key), name, shown, _PARTS.join([*where, titles[name]])


def written(cells: Iterable[str]) -> bytes:
    """Return one line; no cell of it runs as a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([_safe(cell) for cell in cells])
    return out.getvalue().encode()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell and cell[0] in RISKY else cell
