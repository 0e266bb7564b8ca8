"""Ways over a data map that keep the path of every part, so that mistakes have a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rights.domain.datamap import Collection, DataMap, Link
from rights.services.datamap.problems import Path


def members(raw: Any, key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield position and content of the mappings in the list *key* of *raw*, if it is one."""
    listed = raw.get(key) if isinstance(raw, Mapping) else None
    for index, member in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(member, Mapping):
            yield index, member


def stores(raw: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every store as written."""
    for index, store in members(raw, "stores"):
        yield ("stores", index), store


def collections(datamap: DataMap) -> Iterator[tuple[Path, Collection]]:
    """Yield every collection, as a type."""
    for i, store in enumerate(datamap.stores):
        for j, collection in enumerate(store.collections):
            yield ("stores", i, "collections", j), collection


def links(datamap: DataMap) -> Iterator[tuple[Path, Collection, Link]]:
    """Yield every link with its collection."""
    for path, collection in collections(datamap):
        for index, link in enumerate(collection.links):
            yield (*path, "links", index), collection, link


def columns_known(collection: Collection) -> frozenset[str]:
    """Return every column the map names for *collection* in a place of its own."""
    return frozenset(
        {
            *(f.name for f in collection.fields),
            *collection.identifies.values(),
            *collection.key,
            *collection.close,
            *(column for link in collection.links for column in link.columns),
            *(link.type_column for link in collection.links if link.type_column),
        }
    )
