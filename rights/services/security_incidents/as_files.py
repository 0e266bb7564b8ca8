"""
The list of incidents as a file: ids, codes, moments and counts of clocks, and nobody's data.

How many were touched, and by what, is told of one incident at a time, to whoever may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.services.reports.as_csv import BOM, written
from rights.services.security_incidents import shown
from rights.services.security_incidents.facts import CLOSING
from rights.store.models import IncidentClock

MOST: Final = 10_000
"""So many incidents are written at most; whoever has more is told."""

COLUMNS: Final = (
    *("incident", "kind", "severity", "endangers", "minors", "drill", "regimes"),
    *("discovered_at", "opened_at", "closed_at"),
    *("clocks", "clocks_reported", "clocks_not_reportable", "clocks_late"),
)
"""A clock is late that was answered after its time, or was not by now; moments are in UTC."""


def lines(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Return each incident as a line, open ones first; one more than :data:`MOST` at most."""
    rows = shown.listed(session, limit=MOST + 1)
    counted = _clocks(session, now)
    return [
        {
            **{name: getattr(row, name) for name in COLUMNS[1:7]},
            "incident": row.id,
            **{name: _moment(getattr(row, name)) for name in COLUMNS[7:10]},
            **{name: counted[row.id, name] for name in COLUMNS[10:]},
        }
        for row in rows
    ]


def _moment(at: Any) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _clocks(session: Session, now: datetime) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    clock = IncidentClock
    columns = (col(clock.incident_id), col(clock.due_at), col(clock.answered_at), clock.reference)
    query = select(*columns).where(col(clock.name) != CLOSING)  # the answer of one without a clock
    for incident, due, answered, reference in session.exec(query):
        found[incident, "clocks"] += 1
        found[incident, "clocks_late"] += int((answered or now) > due)
        if answered is not None:
            kind = "clocks_reported" if reference else "clocks_not_reportable"
            found[incident, kind] += 1
    return found


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
