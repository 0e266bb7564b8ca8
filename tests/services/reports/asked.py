"""What staff ask for of the town, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from rights.store.models import Entry
from tests.web.house import House

QUARTER = {"first": "2026-04-01", "last": "2026-06-30"}
FORMS = ("page", "json", "csv", "pdf")
ASKED: dict[str, dict[str, str]] = {
    "figures": {"report": "figures", "year": "2026"},
    "public": {"report": "figures", "year": "2026", "quarter": "2", "public": "1"},
    "california": {"report": "california", "year": "2026"},
    "audit": {"report": "audit", "items": "17", **QUARTER},
    "incidents": {"report": "incidents", **QUARTER},
}
"""By a name: the form as it is filled in."""


def entries(house: House, *names: str) -> list[dict[str, Any]]:
    """Return what entries of some names say."""
    with house.reading() as session:
        query = select(Entry).where(col(Entry.event).in_(names)).order_by(col(Entry.id))
        return [{"event": one.event, "actor": one.actor, **one.data} for one in session.exec(query)]
