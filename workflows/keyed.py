"""
What a data map leaves to the store's own schema: keys, and columns it names but does not describe.

A link that gives a row to its owner, and one that compares a row's own key, need to know that key
before anything is planned. A trial by hand reads it from the live schema; the service asks for it
in the map, since a worker must start while a store is down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.sdk import Connector, Inventory, Verb
from rights.domain.datamap import Collection, DataMap, Store
from rights.domain.errors import ConfigError
from rights.domain.graph import OUTWARD, letting_go

Open = Callable[[Store], Connector]


def with_keys(datamap: DataMap, open_store: Open) -> DataMap:
    """
    Return *datamap* with the key of every collection that names none and may need one.

    Args:
        open_store: Opens the connector of a store; it is closed again here.

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
    stores = (_keyed(s, open_store) if s.name in needing else s for s in datamap.stores)
    return letting_go(replace(datamap, stores=tuple(stores)))


def _keyed(store: Store, open_store: Open) -> Store:
    if all(c.key and not _undescribed(c) for c in store.collections):
        return store
    connector = open_store(store)
    try:
        if Verb.DISCOVER not in connector.manifest.verbs:
            return store
        found = connector.discover()  # type: ignore[attr-defined]  # the manifest promised the verb
    finally:
        connector.close_connections()
    _compare(store, found)
    keys: Mapping[str, tuple[str, ...]] = {t.name: t.key for t in found.tables}
    collections = (c if c.key else replace(c, key=keys.get(c.name, ())) for c in store.collections)
    return replace(store, collections=tuple(collections))


def _undescribed(collection: Collection) -> set[str]:
    """Return the columns that masks and cuts name, and no field describes."""
    rule = collection.retention
    named = {n for link in collection.links for n in (*link.mask, *link.anonymise)}
    return {*named, *(rule.keep_fields if rule else ())} - {f.name for f in collection.fields}


def _compare(store: Store, found: Inventory) -> None:
    live = {t.name: t.columns for t in found.tables}
    wrong = tuple(
        f"{collection.path}: {name} is not among the columns of the live table"
        for collection in store.collections
        if collection.name in live
        for name in sorted(_undescribed(collection))
        if name not in live[collection.name] and name.partition(".")[0] not in live[collection.name]
    )
    if wrong:
        raise ConfigError("the data map names columns that are not there:", wrong)
