"""
What changed in a store's live schema from one look of the workers to the next.

Names of tables and columns, and their types: nothing of anybody. What was kept is compared under
the lock of its row, so that two workers who look at once write a change down once.

Source: NDSR 21; GDPR 30 (a record that is true).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.store.models import StoreChange, StoreSchema

KEPT: Final = 500
"""Changes of one store that are kept, the newest; what is older is forgotten."""

_TYPE: Final = 80
_PLACE: Final = 400

Tables = Mapping[str, Mapping[str, str]]
"""Table to column to type; a table of which no column is known has none."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: ``+`` added, ``-`` removed, ``~`` of another type."""

    sign: str
    what: str
    place: str
    was: str = ""
    is_now: str = ""


def remember(session: Session, store: str, tables: Tables, *, now: datetime) -> int:
    """Write down what changed since the last look, and keep how it is now; return how much."""
    row = session.get(StoreSchema, store, with_for_update=True)
    if row is None:
        session.add(StoreSchema(store=store, tables=_plain(tables), since=now))
        return 0
    known = {name: tables[name] or row.tables.get(name, {}) for name in tables}
    found = [*changes(store, row.tables, known)]
    if found:
        row.tables, row.since = _plain(known), now
        session.add_all(
            StoreChange(
                store=store,
                sign=one.sign,
                what=one.what,
                place=one.place[:_PLACE],
                was=one.was[:_TYPE],
                is_now=one.is_now[:_TYPE],
                seen_at=now,
            )
            for one in found[:KEPT]
        )
        session.flush()
        _forget(session, store)
    return len(found)


def changes(store: str, before: Tables, now: Tables) -> Iterator[Change]:
    """Yield what is not as it was, table by table."""
    for name in sorted({*before, *now}):
        place = f"{store}.{name}"
        if name not in before:
            yield Change("+", "table", place)
        elif name not in now:
            yield Change("-", "table", place)
        elif before[name]:  # of which none was known, none is new
            yield from _columns(place, before[name], now[name])


def _columns(place: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*before, *now}):
        was, is_now = before.get(name), now.get(name)
        if was is None:
            yield Change("+", "column", f"{place}.{name}", is_now=is_now or "")
        elif is_now is None:
            yield Change("-", "column", f"{place}.{name}", was=was)
        elif was != is_now:
            yield Change("~", "column", f"{place}.{name}", was, is_now)


def _plain(tables: Tables) -> dict[str, dict[str, str]]:
    return {name: dict(columns) for name, columns in tables.items()}


def _forget(session: Session, store: str) -> None:
    newest = (
        select(StoreChange.id)
        .where(StoreChange.store == store)
        .order_by(col(StoreChange.seen_at).desc(), col(StoreChange.id))
        .limit(KEPT)
    )
    old = delete(StoreChange).where(
        col(StoreChange.store) == store, col(StoreChange.id).not_in(newest)
    )
    session.execute(old)
