"""
The data map beside the live schema of one store: tables, columns, keys and foreign keys.

Everything is pure: an inventory in, findings out. What the map says and the store does not have
is an error; what the store has and the map does not say is an error for tables and a warning
for columns and foreign keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Collection, DataMap, Store
from rights.domain.graph import INWARD
from workflows.findings import Finding, error, warning
from workflows.personal import guess

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Compared:
    """
    One store, as mapped and as found.

    Args:
        tables: Table name to what was found.
        mapped: Table name to its collection.
    """

    datamap: DataMap = field(repr=False)
    store: Store = field(repr=False)
    tables: Mapping[str, TableFound] = field(repr=False)
    mapped: Mapping[str, Collection] = field(repr=False)

    @classmethod
    def of(cls, datamap: DataMap, store: Store, inventory: Inventory) -> Compared:
        """Pair the collections of *store* with the tables of *inventory*."""
        mapped = {table_of(c): c for c in store.collections if "schema" not in c.settings}
        return cls(datamap, store, {t.name: t for t in inventory.tables}, mapped)

    def excuse(self, table: str) -> str | None:
        """Return why *table* is ignored, or None; an ignored name may have ``*`` in it."""
        found = (why for name, why in self.store.ignored.items() if fnmatchcase(table, name))
        return next(found, None)

    @property
    def pairs(self) -> Iterator[tuple[Collection, TableFound]]:
        """Every collection that has a table."""
        return ((c, self.tables[n]) for n, c in self.mapped.items() if n in self.tables)

    @property
    def unmapped(self) -> Iterator[TableFound]:
        """Every table that is neither mapped nor ignored."""
        found = (t for n, t in self.tables.items() if n not in self.mapped)
        return (t for t in found if self.excuse(t.name) is None)


def table_of(collection: Collection) -> str:
    """Return the table's name; a collection may be called otherwise than its table."""
    return str(collection.settings.get("table", collection.name))


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield everything that the comparison shows."""
    yield from _tables(compared)
    for collection, table in compared.pairs:
        if table.columns:
            yield from _columns(compared.datamap, collection, table)
            yield from _keys(collection, table)
    yield from _ignored(compared)


def _tables(compared: Compared) -> Iterator[Finding]:
    for name, collection in compared.mapped.items():
        if name not in compared.tables:
            yield error(
                collection.path,
                f"the store has no table {name}",
                "correct the name, or remove the collection",
            )
    for table in compared.unmapped:
        personal = [c for c in table.columns if guess(c)]
        hint = f" ({', '.join(personal)} look personal)" if personal else ""
        yield error(
            f"{compared.store.name}.{table.name}",
            f"the table is neither mapped nor ignored{hint}",
            "add it to collections, or to ignored with a reason",
        )


def _columns(datamap: DataMap, collection: Collection, table: TableFound) -> Iterator[Finding]:
    named = columns_named(datamap, collection)
    in_keys = placeholders(collection)
    for name in named:
        if name not in in_keys and not has_column(table, name):
            yield error(
                f"{collection.path}.{name}",
                f"the table has no column {name}",
                "correct the name, or remove it from the map",
            )
    known = {column_of(name) for name in named} | set(table.key)
    for name in table.columns:
        found = guess(name) if name not in known else None
        if found:
            yield warning(
                f"{collection.path}.{name}",
                f"the column is not mapped and its name looks personal ({found.category})",
                "add it to fields; disclose: false if nobody should get it",
                strict=True,
            )


def _keys(collection: Collection, table: TableFound) -> Iterator[Finding]:
    if not table.key and not collection.key:
        yield error(
            collection.path,
            "the table has no primary key, so no row of it can be named",
            "add key: [columns] with columns that are unique together",
        )
    yield from _nullable(collection, table)


def _nullable(collection: Collection, table: TableFound) -> Iterator[Finding]:
    ways = [link for link in collection.links if link.role in INWARD]
    if collection.identifies or len(ways) != 1:
        return
    empty = [c for c in ways[0].columns if c in table.nullable]
    if empty:
        yield warning(
            f"{collection.path}.{empty[0]}",
            "the only link to a person may be empty; such rows are found by nobody",
            "add the link that holds when this one is empty (guest rows: identifier: …)",
            strict=True,
        )


def _ignored(compared: Compared) -> Iterator[Finding]:
    for name in compared.store.ignored:
        if not any(fnmatchcase(table, name) for table in compared.tables):
            place = f"{compared.store.name}.{name}"
            yield warning(place, "is ignored, but not in the store", "remove it from ignored")
    for name, table in compared.tables.items():
        personal = [c for c in table.columns if guess(c)]
        if personal and name not in compared.mapped and compared.excuse(name) is not None:
            yield warning(
                f"{compared.store.name}.{name}",
                f"is ignored, but {', '.join(personal)} look personal",
                "map it, unless its rows are about nobody",
                strict=True,
            )


def placeholders(collection: Collection) -> frozenset[str]:
    """Return the values that a store of files keeps in its keys, where others have columns."""
    template = collection.settings.get("template")
    return frozenset(_PLACEHOLDER.findall(template)) if isinstance(template, str) else frozenset()


def columns_named(datamap: DataMap, collection: Collection) -> tuple[str, ...]:
    """Return every column of *collection* that the map speaks of, in the map's order."""
    rule, restriction = collection.retention, collection.restriction
    links = collection.links
    pointed = (
        link.to_columns
        for c in datamap.collections
        for link in c.links
        if link.to == collection.path
    )
    switches = (s.column for s in datamap.switches if s.collection == collection.path)
    named: tuple[Any, ...] = (
        *collection.key,
        *collection.identifies.values(),
        *(f.name for f in collection.fields),
        *(f.contact_changed_at for f in collection.fields),
        *(name for link in links for name in (*link.columns, link.type_column, *link.anonymise)),
        *(name for names in pointed for name in names),
        *((rule.from_, *rule.keep_fields) if rule else ()),
        *((restriction.column,) if restriction else ()),
        *collection.close,
        *switches,
    )
    return tuple(dict.fromkeys(name for name in named if name))


def has_column(table: TableFound, name: str) -> bool:
    """Tell whether *table* has the column *name*, or the one a JSON path begins with."""
    return name in table.columns or column_of(name) in table.columns


def column_of(path: str) -> str:
    """Return the column a JSON path begins with: ``payload`` of ``payload.items[].id``."""
    return path.partition(".")[0].removesuffix("[]")
