"""
What the data map declared, as it was: where data lies, how it is classified, to whom it is given.

A relay writes it down when it begins to run with a map that declares something else. Without that,
a report of a year that is over would say what holds today.

Source: NDSR 33.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap, Store
from rights.domain.period import Period
from rights.store.db import transaction
from rights.store.models import DeclaredMap

Place = Mapping[str, Any]
"""One store, JSON-native."""


@dataclass(frozen=True, slots=True)
class Declared:
    """
    What a map declared.

    Args:
        hash: Of the whole map.
        since: From when it is known to have held; None: it is the one of this process.
        known: Whether it is known to have held at the end of what was asked about.
    """

    stores: Sequence[Place]
    hash: str
    since: datetime | None
    known: bool


def declared(datamap: DataMap) -> list[dict[str, Any]]:
    """Return what a map declares of each store; no contact of anybody is in it."""
    return [_store(store) for store in datamap]


def _store(store: Store) -> dict[str, Any]:
    return {
        "store": store.name,
        "country": store.location.get("country"),
        "region": store.location.get("region"),
        "classification": store.classification,
        "categories": sorted({f.category for c in store.collections for f in c.fields}),
        "recipients": [
            {
                "name": to.name,
                "country": to.country or None,
                "categories": list(to.categories),
                "purpose": to.purpose or None,
                "method": to.method or None,
            }
            for to in store.recipients
        ],
    }


def keep(session: Session, datamap: DataMap, now: datetime) -> bool:
    """Write down what a map declares, unless the newest row says the same; return whether."""
    last = session.exec(select(DeclaredMap).order_by(col(DeclaredMap.since).desc()).limit(1))
    before, stores = last.first(), declared(datamap)
    if before is not None and before.stores == stores:
        return False
    session.add(DeclaredMap(hash=datamap.hash, stores=stores, since=now))
    return True


class Keeper:
    """
    Writes down the map that a process runs with, once in its life.

    Two relays with different maps, as while a new one is brought out, would otherwise write it down
    in turns.
    """

    def __init__(self, register: Engine, datamap: DataMap, now: Callable[[], datetime]) -> None:
        self._register, self._datamap, self._now = register, datamap, now
        self._kept = False

    def run(self) -> None:
        """Write it down if that was not done yet."""
        if self._kept:
            return
        with transaction(self._register) as session:
            keep(session, self._datamap, self._now())
        self._kept = True


def at_end(session: Session, datamap: DataMap, period: Period, now: datetime) -> Declared:
    """
    Return what was declared at the end of a period: of one that is not over, what is declared now.

    Of a period that ended before anything was written down it is the first that is known.
    """
    if not period.closed(now):
        return Declared(declared(datamap), datamap.hash, None, known=True)
    since = col(DeclaredMap.since)
    held = select(DeclaredMap).where(since < period.end).order_by(since.desc()).limit(1)
    first = select(DeclaredMap).order_by(since).limit(1)
    for query, known in ((held, True), (first, False)):
        if row := session.exec(query).first():
            return Declared(row.stores, row.hash, row.since, known)
    return Declared(declared(datamap), datamap.hash, None, known=False)
