"""
The tags by which somebody is recommended things, as the store has them now: to look at.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final, cast

from connectors.sdk import Collection, Document, Item, KeySet, Target, Verb, Work
from rights.domain.datamap import Switch
from rights.store.models import Lookup
from workflows.floor import Floor
from workflows.packages.disclosure import Policy, Shaper
from workflows.recipes import TAGS_SWITCH
from workflows.resolve import resolve
from workflows.where import at

MOST: Final = 200
"""Tags of one place that a page shows; all of them can be deleted, or listed by a request."""

LONGEST: Final = 200
"""Characters of one value."""


def tags(floor: Floor, row: Lookup, identifiers: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the tags of a person by collection: ``rows``, each with its ``id`` and what it says, and
    whether there are ``more``. None where nobody could look: that is never "none".

    Raises:
        ConnectorError: a store could not be asked.
    """
    switches = [s for s in floor.context.datamap.switches if s.name == TAGS_SWITCH]
    paths = [s.collection for s in switches]
    keys, hops = resolve(floor, floor.plain, identifiers, paths)
    unsure = hops.unsure(floor.plain, keys)
    return {
        s.collection: None if s.collection in unsure else _of(floor, row, s, keys) for s in switches
    }


def _of(floor: Floor, row: Lookup, switch: Switch, keys: KeySet) -> dict[str, Any] | None:
    collection = floor.context.datamap.collection(switch.collection)
    connector: Any = floor.connector(collection.store)
    if Verb.COLLECT not in connector.manifest.verbs or not collection.disclosed:
        return None
    now = floor.now()
    work = Work(f"lookup-{row.id}", 0, 0, now + connector.manifest.timeout, now=now)
    target = Target(collection, keys, floor.plain.predicates[collection.path])
    with (
        at(collection.store),
        closing(cast("Any", _items(connector.collect(target, work)))) as items,
    ):
        found = list(itertools.islice(items, MOST + 1))
    shaper = Shaper(collection, Policy(row.level))
    shown = [_shown(one, switch.column, shaper, collection) for one in found[:MOST]]
    return {"rows": shown, "more": len(found) > MOST}


def _items(items: Iterator[Item]) -> Iterator[Item]:
    """Yield them; closing this closes what holds the store's cursor."""
    yield from items


def _shown(item: Item, column: str, shaper: Shaper, collection: Collection) -> dict[str, Any]:
    record = shaper.shape(item.record if isinstance(item, Document) else item)
    name = str(record.get(column) or "")
    named = column in collection.key and len(name) <= LONGEST
    values = {name: _text(value) for name, value in record.items()}
    return {"id": name if named else "", "values": values}


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text
