"""
The data map beside the live schema of one store: tables, columns, keys and foreign keys.

Everything is pure: an inventory in, findings out. What the map says and the store does not have
is an error; what the store has and the map does not say is an error for tables and a warning
for columns and foreign keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Collection, DataMap, Store
from rights.domain.graph import INWARD
from workflows.findings import Finding, error, warning
from workflows.personal import guess

_TIMES: Final = ("time", "date", "int", "num", "real", "double", "float", "text", "char")
"""What the name of a type has in it whose values may be times."""

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


About = Callable[[Collection], bool]


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield everything that the comparison shows."""
    yield from _no_tables(compared)
    yield from _unmapped(compared)
    yield from _no_columns(compared)
    for collection, table in compared.pairs:
        if table.columns:
            yield from _personal(compared.datamap, collection, table)
            yield from _keys(collection, table)
            yield from _changes(collection, table)
    yield from _ignored(compared)


def absent(compared: Compared, about: About) -> Iterator[Finding]:
    """Yield what the map says of the collections in question and the store does not have."""
    yield from _no_tables(compared, about)
    yield from _no_columns(compared, about)


def _no_tables(compared: Compared, about: About = lambda _: True) -> Iterator[Finding]:
    for name, collection in compared.mapped.items():
        if name not in compared.tables and about(collection):
            what = f"the store has no table {name}"
            yield error(collection.path, what, "correct the name, or remove the collection")


def _no_columns(compared: Compared, about: About = lambda _: True) -> Iterator[Finding]:
    for collection, table in compared.pairs:
        if table.columns and about(collection):
            yield from _columns(compared.datamap, collection, table)


def _columns(datamap: DataMap, collection: Collection, table: TableFound) -> Iterator[Finding]:
    in_keys = placeholders(collection)
    for name, by in named(datamap, collection).items():
        if name not in in_keys and not has_column(table, name):
            yield error(
                f"{collection.path}.{name}",
                f"the table has no column {name}, which is named by {by}",
                "correct the name, or remove it from the map",
            )


def _unmapped(compared: Compared) -> Iterator[Finding]:
    for table in compared.unmapped:
        personal = [c for c in table.columns if guess(c)]
        hint = f" ({', '.join(personal)} look personal)" if personal else ""
        yield error(
            f"{compared.store.name}.{table.name}",
            f"the table is neither mapped nor ignored{hint}",
            "add it to collections, or to ignored with a reason",
        )


def _personal(datamap: DataMap, collection: Collection, table: TableFound) -> Iterator[Finding]:
    known = {column_of(name) for name in named(datamap, collection)} | set(table.key)
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


def _changes(collection: Collection, table: TableFound) -> Iterator[Finding]:
    """Say where it could not be known when a contact was changed, though the map says how."""
    for described in collection.fields:
        name = described.contact_changed_at
        kind = table.columns.get(name, "") if name else ""
        if kind and not any(word in kind.lower() for word in _TIMES):
            yield error(
                f"{collection.path}.{name}",
                f"says when {described.name} was changed, and is no time ({kind})",
                "name a column with a date or time, or seconds since 1970",
            )
        if name and described.name not in collection.identifies.values():
            yield warning(
                f"{collection.path}.{described.name}",
                "says when it was changed, but identifies nobody, so it is not looked at",
                "name the column under identifies, or remove contact",
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
    return tuple(named(datamap, collection))


def named(datamap: DataMap, collection: Collection) -> dict[str, str]:
    """Return the same with what it is that speaks of each first."""
    naming = (*_by_rows(collection), *_by_others(datamap, collection), *_by_rules(collection))
    pairs = ((name, by) for names, by in naming for name in names if name)
    out: dict[str, str] = {}
    for name, by in pairs:
        out.setdefault(name, by)
    return out


_Naming = Iterator[tuple[Iterable[str | None], str]]


def _by_rows(collection: Collection) -> _Naming:
    yield collection.key, "key"
    for identifier, column in collection.identifies.items():
        yield (column,), f"identifies {identifier}"
    for described in collection.fields:
        yield (described.name, described.contact_changed_at), f"the field {described.name}"
    for link in collection.links:
        to = link.to or link.identifier
        yield (*link.columns, link.type_column, *link.anonymise), f"the link to {to}"


def _by_others(datamap: DataMap, collection: Collection) -> _Naming:
    for other in datamap.collections:
        for link in other.links:
            if link.to == collection.path:
                yield link.to_columns, f"the link of {other.path}"
    for switch in datamap.switches:
        if switch.collection == collection.path:
            yield (switch.column,), f"the switch {switch.name}"


def _by_rules(collection: Collection) -> _Naming:
    if rule := collection.retention:
        yield (rule.from_,), "retention.from"
        yield rule.keep_fields, "retention.keep_fields"
    if restriction := collection.restriction:
        yield (restriction.column,), "restriction"
    yield collection.close, "close"


def has_column(table: TableFound, name: str) -> bool:
    """Tell whether *table* has the column *name*, or the one a JSON path begins with."""
    return name in table.columns or column_of(name) in table.columns


def column_of(path: str) -> str:
    """Return the column a JSON path begins with: ``payload`` of ``payload.items[].id``."""
    return path.partition(".")[0].removesuffix("[]")
