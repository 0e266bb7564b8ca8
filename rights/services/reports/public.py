"""
The figures as everybody may read them: small numbers are left out, and what would give them away.

Left out altogether is what other numbers could be worked out from: what was open before and after
(the balance would tell the one number that lacks, in one report or from one to the next), how many
answers were late, how many waited to be sent (with those that were sent it would tell how requests
ended), and denials by group and reason at once. What is left adds up within a column only, and
there nothing can be worked out: :mod:`rights.services.reports.ties`.

Source: NDSR 44.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rights.domain.suppression import small
from rights.services.reports import flow, groups, ties
from rights.services.reports.groups import Group
from rights.services.reports.report import Cell, Report, Row, Table

COUNTS: Final = ("received", "accepted", *flow.ENDS, "sent", "overdue")
DAYS: Final = ("median_days", "p95_days", "max_days")
SHARE: Final = "on_time_at_least_percent"
INSIDE: Final = frozenset(
    {"complaints_on_time", "appeals_open_after", "complaints_open_after", "incidents_open_after"}
)
"""Figures beside requests that could be taken from others: what is late, or open, is the rest."""

_SHARE_OF: Final = 100
"""A share of fewer answers than that would tell how many were late."""
_STEP: Final = 5


def public(report: Report) -> Report:
    """Return a report of figures without what nobody but staff may read."""
    kept = [table for table in report.tables if table.name != "reasons_by"]
    gone = {name: ties.left_out(kept, name) for name in COUNTS}
    return replace(report, tables=tuple(_fit(table, gone) for table in kept), public=True)


Gone = Mapping[str, frozenset[Group]]
"""By column, the rows whose number is left out."""


def _fit(table: Table, gone: Gone) -> Table:
    if table.name in groups.KEYS:
        return _tied(table, COUNTS, gone)
    if table.name == "reasons":
        return _tied(table, ("denied",), gone)
    return _alone(table)


def _tied(table: Table, counts: tuple[str, ...], gone: Gone) -> Table:
    """Leave out what is tied to other numbers, column by column."""
    rows = (
        _row(row, counts, frozenset(name for name in counts if (table.name, row.key) in gone[name]))
        for row in table.rows
    )
    more = (SHARE, *DAYS) if "sent" in counts else ()
    return Table(table.name, table.keys, (*counts, *more), tuple(rows))


def _alone(table: Table) -> Table:
    """Leave out small numbers that are no part of a sum."""
    rows = tuple(
        replace(row, hidden=frozenset(n for n in row.values if small(_number(row, n))))
        for row in table.rows
        if not INSIDE & set(row.key)
    )
    return replace(table, rows=tuple(_without(row) for row in rows))


def _row(row: Row, counts: tuple[str, ...], gone: frozenset[str]) -> Row:
    values: dict[str, Cell] = {name: row.values[name] for name in counts}
    if "sent" in counts:
        sent = frozenset((SHARE, *DAYS)) if "sent" in gone else frozenset()
        values |= {SHARE: _share(row.values), **{name: row.values[name] for name in DAYS}}
        gone |= sent or (frozenset({SHARE}) if values[SHARE] is None else frozenset())
    return _without(Row(row.key, values, gone))


def _share(values: Mapping[str, Cell]) -> Cell:
    """Return how many of a hundred answers were in time at least, in steps; None of too few."""
    sent, on_time = values["sent"], values["on_time"]
    if not isinstance(sent, int) or not isinstance(on_time, int) or sent < _SHARE_OF:
        return None
    return min(100 * on_time // sent // _STEP * _STEP, 100 - _STEP)


def _without(row: Row) -> Row:
    return replace(row, values={n: v for n, v in row.values.items() if n not in row.hidden})


def _number(row: Row, name: str) -> int:
    found = row.values[name]
    return found if isinstance(found, int) else 0
