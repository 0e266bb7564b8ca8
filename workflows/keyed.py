"""
What a data map leaves to the store's own schema: keys, and columns it names but does not describe.

A link that gives a row to its owner, and one that compares a row's own key, need to know that key
before anything is planned. A trial by hand reads it from the live schema; the service asks for it
in the map, since a worker must start while a store is down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.sdk import Inventory
from rights.domain.datamap import Collection, DataMap, Store
from rights.domain.errors import ConfigError
from rights.domain.graph import OUTWARD, letting_go

Look = Callable[[Store], Inventory | None]
"""Returns the live schema of a store; None where it cannot be told. Raises ConnectorError."""


def with_keys(datamap: DataMap, look: Look) -> DataMap:
    """
    Return *datamap* with the key of every collection that names none and may need one.

    Args:
        look: Asked only about stores of which something has to be known.

    Raises:
        ConfigError: a mask or a cut names a column that the live table does not have: somebody's
            data would be left uncovered.
        ConnectorError: a store could not be asked.
    """
    needing = {
        path.partition(".")[0]
        for collection in datamap.collections
        for link in collection.links
        if link.to_columns or link.role in OUTWARD or _undescribed(collection)
        for path in (collection.path, link.to)
    }
    stores = (_keyed(s, look) if s.name in needing else s for s in datamap.stores)
    return letting_go(replace(datamap, stores=tuple(stores)))


def _keyed(store: Store, look: Look) -> Store:
    if all(c.key and not _undescribed(c) for c in store.collections):
        return store
    found = look(store)
    if found is None:
        return store
    _compare(store, found)
    keys: Mapping[str, tuple[str, ...]] = {t.name: t.key for t in found.tables}
    collections = (c if c.key else replace(c, key=keys.get(c.name, ())) for c in store.collections)
    return replace(store, collections=tuple(collections))


def _undescribed(collection: Collection) -> dict[str, str]:
    """Return the columns that masks and cuts name, and no field describes; and by what."""
    rule = collection.retention
    named = dict.fromkeys(rule.keep_fields if rule else (), "retention.keep_fields")
    for link in collection.links:
        by = f"the link to {link.to or link.identifier}"
        named |= dict.fromkeys((*link.mask, *link.anonymise), by)
    described = {f.name for f in collection.fields}
    return {name: by for name, by in named.items() if name not in described}


def _compare(store: Store, found: Inventory) -> None:
    live = {t.name: t.columns for t in found.tables}
    wrong = tuple(
        f"{collection.path}.{name}: the table has no column {name}, which is named by {by}"
        for collection in store.collections
        if collection.name in live
        for name, by in sorted(_undescribed(collection).items())
        if name not in live[collection.name] and name.partition(".")[0] not in live[collection.name]
    )
    if wrong:
        raise ConfigError("the data map names columns that are not there:", wrong)
