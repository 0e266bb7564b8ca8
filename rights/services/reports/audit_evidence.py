"""
Evidence for a compliance audit, item by item: figures, a sample with its hashes, what went wrong.

Source: audit measures (2025) 3-6; NDSR 27; PIPL 54; Minors Regulation 37.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from rights.domain.period import Period
from rights.services.context import Context
from rights.services.reports import besides, evidence, figures, flow, groups, times
from rights.services.reports.audit_items import Item, chosen
from rights.services.reports.evidence import Broken
from rights.services.reports.groups import Group, Into, Key, Sort
from rights.services.reports.register import Window, window
from rights.services.reports.report import Missing, Report, Row, Table
from rights.services.reports.times import Times
from rights.services.ticking import Book

NAME: Final = "audit"
REFERENCES: Final = " "
"""Between references in one cell."""

TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "items": (("item",), ("requirements",)),
        "metrics": (("item", "by", "group"), figures.COLUMNS),
        "beside": (("item", "figure"), ("number",)),
        "sample": (("item", "request"), evidence.COLUMNS),
        "checkpoints": (("checkpoint",), ("at", "root", "key_id", "signature")),
        "exceptions": (("item", "exception"), ("number", "references")),
    }
)
"""Its tables, each with what the parts of a row's key are, and its columns."""


def build(
    connection: Connection,
    context: Context,
    period: Period,
    flags: tuple[str, ...],
    *,
    items: Sequence[str] = (),
) -> Report:
    """
    Return the evidence on some items of the audit guide; on all for none.

    Raises:
        Invalid: there is no such item.
    """
    at, book, looked = window(period), context.regimes, chosen(items)
    known = groups.every(book)
    other, into = _beside(connection, at), Into(lambda sort: _counted(sort, looked, known))
    besides_ = [
        Row((item.number, name), {"number": other[name]}) for item in looked for name in item.beside
    ]
    drawn = [row for item in looked for row in _sample(connection, at, period, item)]
    metrics = _metrics(connection, at, known, looked, into, book)
    broken = _exceptions(connection, at, looked, into, book)
    missing = (Missing(what, why) for item in looked for what, why in item.without.items())
    under = evidence.checkpoints(connection, at, (row.values["checkpoint"] for row in drawn))
    rows = {
        "items": (Row((i.number,), {"requirements": " ".join(i.requirements)}) for i in looked),
        "metrics": metrics,
        "beside": besides_,
        "sample": drawn,
        "checkpoints": (Row((number,), cells) for number, cells in under),
        "exceptions": broken,
    }
    tables = tuple(Table(name, *TABLES[name], tuple(found)) for name, found in rows.items())
    return Report(NAME, period, tables, tuple(dict.fromkeys(missing)), flags)


def _beside(connection: Connection, at: Window) -> Mapping[str, int]:
    return {
        **besides.counted(connection, at),
        **besides.consents(connection, at),
        **besides.minors_content(connection, at),
    }


def _counted(
    sort: Sort, looked: Sequence[Item], known: Mapping[str, tuple[Key, ...]]
) -> Iterator[Group]:
    """Yield in which rows of which items a sort of requests is counted."""
    for item in looked:
        if item.holds(sort):
            for by, key in groups.of(sort, known):
                if by in (groups.TOTAL, item.by):
                    yield by, (item.number, *key)


def _metrics(
    connection: Connection,
    at: Window,
    known: Mapping[str, tuple[Key, ...]],
    looked: Sequence[Item],
    into: Into,
    book: Book,
) -> Iterator[Row]:
    counts = flow.of_requests(connection, at, into, book)
    answers = times.of_answers(connection, at, into)
    for item in looked:
        for by in filter(None, (groups.TOTAL, item.by)):
            for key in known[by]:
                group = by, (item.number, *key)
                found = counts.get(group, Counter()), answers.get(group, Times())
                yield figures.row_of((item.number, by, "/".join(key)), *found)


def _sample(connection: Connection, at: Window, period: Period, item: Item) -> Iterator[Row]:
    drawn = evidence.sample(connection, at, period, item.number, item.requests(at))
    for request_id, cells in drawn:
        yield Row((item.number, request_id), cells)


def _exceptions(
    connection: Connection, at: Window, looked: Sequence[Item], into: Into, book: Book
) -> Iterator[Row]:
    found = dict(evidence.exceptions(connection, at, into, book))
    for item in looked:
        for code, by in found.items():
            one = by.get((groups.TOTAL, (item.number,)), Broken())
            named = REFERENCES.join(one.references)
            yield Row((item.number, code), {"number": one.number, "references": named})
