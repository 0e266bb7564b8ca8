"""
The list of incidents as a file: ids, codes, moments and counts of clocks, and nobody's data.

How many were touched, and by what, is told of one incident at a time, to whoever may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, case, func
from sqlalchemy import select as sql_select
from sqlmodel import col

from rights.services.reports.as_csv import BOM, written
from rights.services.security_incidents import shown
from rights.services.security_incidents.facts import CLOSING
from rights.store import moments
from rights.store.db import streamed
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
_PART: Final = 500


def too_many(seen: Connection) -> bool:
    """Return whether there are more than a file may hold: none is cut off without a word."""
    some = sql_select(col(SecurityIncident.id)).limit(MOST + 1).subquery()
    return int(seen.execute(sql_select(func.count()).select_from(some)).scalar_one()) > MOST


def lines(seen: Connection, now: datetime) -> Iterator[dict[str, Any]]:
    """
    Yield each incident as a line, open ones first.

    Read part by part: memory does not grow with the list. Whoever asks made sure, in the same
    picture of the register, that there are not :func:`too_many`.
    """
    row = SecurityIncident
    columns = (col(getattr(row, name)) for name in ("id", *COLUMNS[1:10]))
    query = sql_select(*columns).order_by(*shown.ORDER).limit(MOST)
    with streamed(seen, query, batch=_PART) as rows:  # let go of where a reader goes away
        for part in rows.partitions():
            counted = _clocks(seen, [found[0] for found in part], now)
            yield from (_line(found, counted.get(found[0], _NONE)) for found in part)


def _line(found: Sequence[Any], clocks: Sequence[int]) -> dict[str, Any]:
    said = (*found[:7], *map(_moment, found[7:]), *clocks)
    return dict(zip(COLUMNS, said, strict=True))


def _moment(at: Any) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _clocks(seen: Connection, ids: Sequence[str], now: datetime) -> dict[str, Sequence[int]]:
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
    of = col(clock.incident_id).in_(ids)
    return {found[0]: tuple(found[1:]) for found in seen.execute(query.where(of))}


def to_csv(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the lines as CSV: UTF-8 with a byte order mark, no cell runs as a formula."""
    yield BOM + written(COLUMNS)
    for row in rows:
        yield written(_cell(row[name]) for name in COLUMNS)


def to_json(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the lines as one JSON document."""
    between = b'{"incidents":['
    for row in rows:
        yield between + orjson.dumps({name: row[name] for name in COLUMNS})
        between = b","
    yield b"]}" if between == b"," else between + b"]}"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
