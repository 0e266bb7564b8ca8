"""What the chains of days say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from rights.store.db import reading
from rights.store.models import Entry


def day_entries(engine: Engine, *events: str) -> list[tuple[str, dict[str, Any]]]:
    """Return event and data of every entry of a day with one of these names, oldest first."""
    mine = select(Entry).where(col(Entry.event).in_(events), col(Entry.chain).startswith("day:"))
    with reading(engine) as session:
        return [(one.event, dict(one.data)) for one in session.exec(mine.order_by(col(Entry.id)))]
