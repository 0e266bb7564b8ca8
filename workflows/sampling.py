"""
A few rows of what a plan is about, masked: so that staff see whether it is what they expect.

Only fields that a package would disclose are read, by the same statements and with the same masks
on other people's columns; of their values no more is kept than :mod:`workflows.masking` leaves.

Source: PIPL 51 (data minimised, also towards staff).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final, cast

from connectors.sdk import Collection, Document, Item, Record, Target, Verb, Work
from rights.domain.actions import EFFECTS
from workflows.floor import Floor
from workflows.masking import masked
from workflows.plan import Plan
from workflows.view import View

ROWS: Final = 3
COLLECTIONS: Final = 50
FIELDS: Final = 40

Sample = dict[str, list[dict[str, Any]]]


def sample_of(floor: Floor, plan: Plan, view: View) -> Sample:
    """Return up to ``ROWS`` masked rows of each collection that *plan* changes."""
    paths = dict.fromkeys(
        p for s in plan if s.action in EFFECTS and not s.refused for p in s.collections
    )
    found = (path for path in paths if plan.counts.get(path, {}).get("rows"))
    return {path: _rows(floor, path, view) for path in itertools.islice(found, COLLECTIONS)}


def _rows(floor: Floor, path: str, view: View) -> list[dict[str, Any]]:
    collection = floor.context.datamap.collection(path)
    connector: Any = floor.connector(collection.store)
    if Verb.COLLECT not in connector.manifest.verbs or not collection.disclosed:
        return []
    now = floor.now()
    work = Work(f"sample-{path}", 0, 0, now + timedelta(minutes=5), now=now)
    target = Target(collection, view.keys, view.predicates[path])
    with closing(cast("Any", _items(connector.collect(target, work)))) as items:
        return [_shown(item, collection) for item in itertools.islice(items, ROWS)]


def _items(items: Iterator[Item]) -> Iterator[Item]:
    """Yield them; closing this closes what holds the store's cursor."""
    yield from items


def _shown(item: Item, collection: Collection) -> dict[str, Any]:
    if isinstance(item, Document):
        file = {"kind": "file", "media_type": item.media_type, "length": item.size}
        return {"content": file, **masked_row(item.record, collection)}
    return masked_row(item, collection)


def masked_row(row: Record, collection: Collection | None) -> dict[str, Any]:
    """
    Return a row without what its values say, of so many fields as have room.

    Args:
        collection: None where the data map does not know it: each field is taken for sensitive.
    """
    names = itertools.islice(row, FIELDS)
    field = collection.field if collection else _unknown
    return {name: masked(row[name], field(name)) for name in names}


def _unknown(name: str) -> None:
    del name
