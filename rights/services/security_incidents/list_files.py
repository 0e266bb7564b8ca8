"""
The lists of an incident as files: what it touched, whom it hit, and the guardians of minors.

JSON Lines and CSV are written as the lines come. A PDF is for paper: the library holds every page
until the last, so it has so many lines at most, and whoever has more takes the CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from rights.domain.errors import Invalid
from rights.services.reports.as_csv import BOM, written
from rights.services.reports.labels import words_of
from rights.services.words import Words

Line = Mapping[str, Any]

TOUCHED: Final = "touched"
PEOPLE: Final = "people"
GUARDIANS: Final = "guardians"
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        TOUCHED: ("what", "id", "request", "at", "minor", "person", "event", "package"),
        PEOPLE: ("person", "request", "minor", "role", "channel"),
        GUARDIANS: ("person", "request", "type", "value"),
    }
)
"""The columns of each list; a CSV has what a line means beside them, in words."""

FORMS: Final = ("jsonl", "csv", "pdf")
MEDIA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "jsonl": "application/jsonl",
        "csv": "text/csv; charset=utf-8",
        "pdf": "application/pdf",
    }
)

MOST_IN_PDF: Final = 5_000
"""So many lines a PDF has at most: 130 pages, in 4 to 6 seconds; 100,000 took 68, and 85 MB."""

_WORDED: Final[Mapping[str, str]] = MappingProxyType(
    {"what": "things", "role": "roles", "channel": "told_by"}
)
"""Columns of codes, and where their words are."""


def to_jsonl(lines: Iterable[Line]) -> Iterator[bytes]:
    """Yield each line as JSON."""
    for line in lines:
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def to_csv(name: str, lines: Iterable[Line], language: str) -> Iterator[bytes]:
    """Yield a list as CSV: UTF-8 with a byte order mark, no cell runs as a formula."""
    words, columns = words_of(language), COLUMNS[name]
    yield BOM + written((*columns, "words"))
    for line in flat(name, lines):
        said = (_text(line[one]) for one in columns)
        yield written((*said, _meaning(line, words)))


def to_pdf(
    name: str, lines: Iterable[Line], language: str, *, font: Path, at: datetime, zone: tzinfo
) -> bytes:
    """
    Return a list as PDF.

    Raises:
        Invalid: it has more than :data:`MOST_IN_PDF` lines.
        ConfigError: the font cannot be read, or has no Chinese characters.
    """
    from rights.services.reports import lines_pdf  # noqa: PLC0415 - 10 MB that few need

    words, columns = words_of(language), COLUMNS[name]
    few = [*islice(flat(name, lines), MOST_IN_PDF + 1)]
    few_enough(len(few))
    made_at = f"{words.say('made_at')}: {words.moment(at, zone)}"
    head = [words.say("list_columns", one) for one in columns]
    rows = ([_shown(line, one, words, zone) for one in columns] for line in few)
    lined = lines_pdf.Lined(words.say("lists", name), made_at, columns, head, rows)
    return lines_pdf.to_pdf(lined, words, at, font)


def few_enough(lines: int) -> None:
    """Make sure that a PDF can have so many lines. Raises Invalid: it names the CSV instead."""
    if lines > MOST_IN_PDF:
        message = f"a PDF has {MOST_IN_PDF} lines at most, and this list has more: take it as CSV"
        raise Invalid(message, code="pdf_long")


def flat(name: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines as a table has them: of a minor one for each contact, one where none is."""
    for line in lines:
        if name != GUARDIANS:
            yield line
            continue
        for one in line["guardians"] or [{"type": "", "value": ""}]:
            yield {"person": line["person"], "request": line["request"], **one}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _meaning(line: Line, words: Words) -> str:
    """Return what the codes of a line mean."""
    said = [words.find(where, line[one]) for one, where in _WORDED.items() if one in line]
    if line.get("type") == "":
        said.append(words.say("no_guardian"))
    return " / ".join(one for one in said if one)


def _shown(line: Line, column: str, words: Words, zone: tzinfo) -> str:
    value = line[column]
    if isinstance(value, bool):
        return words.say("answers", "yes" if value else "no")
    if isinstance(value, datetime):
        return words.moment(value, zone)
    if column == "type" and not value:
        return words.say("no_guardian")
    return words.find(_WORDED.get(column, ""), value) or str(value)


Write = Callable[[Iterable[Line]], Iterator[bytes]]


def writer(
    name: str, form: str, language: str, *, font: Callable[[], Path], at: datetime, zone: tzinfo
) -> Write:
    """
    Return what writes a list in a form; what it needs is looked for before any work.

    Args:
        font: Finds the one for a PDF.

    Raises:
        ConfigError: there is no font.
    """
    if form == "csv":
        return lambda lines: to_csv(name, lines, language)
    if form == "pdf":
        file = font()
        return lambda lines: iter((to_pdf(name, lines, language, font=file, at=at, zone=zone),))
    return to_jsonl
