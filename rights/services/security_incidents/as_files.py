"""
The list of incidents as a file: ids, codes, moments and counts of clocks, and nobody's data.

How many were touched, and by what, is told of one incident at a time, to whoever may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import case, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.services.reports.as_csv import BOM, written
from rights.services.security_incidents import shown
from rights.services.security_incidents.facts import CLOSING
from rights.store import moments
from rights.store.models import IncidentClock, SecurityIncident

MOST: Final = 10_000
"""So many incidents are written at most; whoever has more is told."""

COLUMNS: Final = (
    *("incident", "kind", "severity", "endangers", "minors", "drill", "regimes"),
    *("discovered_at", "opened_at", "closed_at"),
    *("clocks", "clocks_reported", "clocks_not_reportable", "clocks_late"),
)
"""A clock is late that was answered after its time, or was not by now; moments are in UTC."""

_NONE: Final = (0, 0, 0, 0)


def lines(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Return each incident as a line, open ones first; one more than :data:`MOST` at most."""
    row = SecurityIncident
    columns = (col(getattr(row, name)) for name in ("id", *COLUMNS[1:10]))
    query = sql_select(*columns).order_by(*shown.ORDER).limit(MOST + 1)
    counted = _clocks(session, now)
    return [_line(found, counted.get(found[0], _NONE)) for found in session.execute(query)]


def _line(found: Sequence[Any], clocks: Sequence[int]) -> dict[str, Any]:
    said = (*found[:7], *map(_moment, found[7:]), *clocks)
    return dict(zip(COLUMNS, said, strict=True))


def _moment(at: Any) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _clocks(session: Session, now: datetime) -> dict[str, Sequence[int]]:
    """Return by incident what the last columns say of its clocks, counted by the register."""
    clock = IncidentClock
    answered = col(clock.answered_at).is_not(None)
    over = func.coalesce(col(clock.answered_at), moments.at(now))
    counts = (
        func.count(),
        func.count(case((answered & (col(clock.reference) != ""), 1))),
        func.count(case((answered & (col(clock.reference) == ""), 1))),
        func.count(case((over > col(clock.due_at), 1))),
    )
    query = sql_select(col(clock.incident_id), *counts).group_by(col(clock.incident_id))
    query = query.where(col(clock.name) != CLOSING)  # the answer of one without a clock
    return {found[0]: found[1:] for found in session.execute(query)}


def to_csv(rows: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the lines as CSV: UTF-8 with a byte order mark, no cell runs as a formula."""
    yield BOM + written(COLUMNS)
    for row in rows:
        yield written(_cell(row[name]) for name in COLUMNS)


def to_json(rows: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the lines as one JSON document."""
    yield orjson.dumps({"incidents": [{name: row[name] for name in COLUMNS} for row in rows]})


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
