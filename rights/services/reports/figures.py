"""
Figures on how individuals' requests were taken up and handled, for a year or a quarter.

The law asks large platforms to publish them and does not say which; these are ours. What the
register does not record is named as missing, with the reason.

Source: NDSR 44; PIPL 58(4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection

from rights.domain.period import Period
from rights.services import reasons
from rights.services.context import Context
from rights.services.reports import besides, flow, groups, times
from rights.services.reports.groups import Group, Into, Key
from rights.services.reports.register import Window, window
from rights.services.reports.report import Missing, Report, Row, Table
from rights.services.reports.times import Times

NAME: Final = "figures"

MISSING: Final = (
    Missing("recipients_confirmed", "recipients"),
    Missing("transfers_domestic", "transfers"),
    Missing("transfers_abroad", "transfers"),
    Missing("fees", "fees"),
    Missing("complaint_outcomes", "complaint_outcomes"),
)
"""What the law's authors would want counted, and nothing in the register records."""

COLUMNS: Final = (*flow.COLUMNS, *times.COLUMNS, *flow.STANDING)


def build(
    connection: Connection, context: Context, period: Period, flags: tuple[str, ...]
) -> Report:
    """Return the figures of a period, all of them, from one picture of the register."""
    book = context.regimes
    at, known = window(period), groups.every(book)
    into = Into(lambda sort: groups.of(sort, known))
    counts = flow.of_requests(connection, at, into, book)
    answers = times.of_answers(connection, at, into)
    denied = flow.of_reasons(connection, at, into)
    tables = [_breakdown(name, known[name], counts, answers) for name in known]
    tables += [_reasons(denied), _reasons_by(known, denied), *_others(connection, at)]
    return Report(NAME, period, tuple(tables), MISSING, flags)


def _breakdown(
    name: str,
    keys: tuple[Key, ...],
    counts: Mapping[Group, Counter[str]],
    answers: Mapping[Group, Times],
) -> Table:
    rows = tuple(
        row_of(key, counts.get((name, key), Counter()), answers.get((name, key), Times()))
        for key in keys
    )
    return Table(name, groups.KEYS[name], COLUMNS, rows)


def row_of(key: Key, counts: Counter[str], answers: Times) -> Row:
    """Return the line of one group: what came, what became of it, and how long it took."""
    counted = {name: counts[name] for name in (*flow.COLUMNS, *flow.STANDING)}
    return Row(key, {**counted, **answers.cells()})


def _reasons(denied: Mapping[Group, Counter[str]]) -> Table:
    found = denied.get((groups.TOTAL, ()), Counter())
    known = {reasons.told(code) for code, one in reasons.catalogue().items() if one.deny}
    rows = (Row((code,), {"denied": found[code]}) for code in sorted(known | set(found)))
    return Table("reasons", ("reason",), ("denied",), tuple(rows))


def _reasons_by(
    known: Mapping[str, tuple[Key, ...]], denied: Mapping[Group, Counter[str]]
) -> Table:
    """Only what happened: every kind with every reason would be mostly noughts."""
    return Table("reasons_by", ("by", "group", "reason"), ("denied",), tuple(_by(known, denied)))


def _by(
    known: Mapping[str, tuple[Key, ...]], denied: Mapping[Group, Counter[str]]
) -> Iterator[Row]:
    for name, keys in known.items():
        for key in keys if name != groups.TOTAL else ():
            for code, number in sorted(denied.get((name, key), Counter()).items()):
                yield Row((name, "/".join(key), code), {"denied": number})


def _others(connection: Connection, at: Window) -> Iterator[Table]:
    found = besides.counted(connection, at)
    rows = tuple(Row((name,), {"number": number}) for name, number in found.items())
    yield Table("others", ("figure",), ("number",), rows)
    own = flow.of_its_own(connection, at)
    yield Table("followed", (), tuple(own), (Row((), own),))
