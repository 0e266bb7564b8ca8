"""
Whether figures for the public of other days that overlap some were made before.

A year less three of its quarters is the fourth, small numbers with it. Every report that is made is
an entry with its days, so the trail knows, also after the report itself is gone.

Source: NDSR 44.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, text
from sqlmodel import col

from rights.domain.period import Period
from rights.store.models import Entry
from rights.store.models.audit import OF_A_DAY

FLAG: Final = "other_days_public"
EVENT: Final = "report_made"


def overlapping(connection: Connection, period: Period) -> bool:
    """Return whether a public report was made of other days, some of which are in *period*."""
    first, last = period.first.isoformat(), period.last.isoformat()
    said = col(Entry.data)
    since, until = said["from"].as_string(), said["to"].as_string()
    query = select(col(Entry.id)).where(
        text(OF_A_DAY),
        col(Entry.event) == EVENT,
        said["public"].as_boolean(),
        (since <= last) & (until >= first),
        (since != first) | (until != last),
    )
    return connection.execute(query.limit(1)).first() is not None
