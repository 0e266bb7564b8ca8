"""What has changed in the live stores since the data map was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Collection, DataMap, Store
from workflows.tables import Compared, column_of, columns_named, has_column


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One table or column that only one side knows.

    Args:
        sign: ``+`` is in the store and not in the map, ``-`` the other way round.
        what: ``table`` or ``column``.
    """

    sign: str
    what: str
    place: str

    def __str__(self) -> str:
        return f"{self.sign} {self.what} {self.place}"


def diff(datamap: DataMap, store: Store, inventory: Inventory) -> tuple[Difference, ...]:
    """Return what *inventory* has and the map has not, and the reverse; ignored tables excused."""
    return tuple(_differences(datamap, Compared.of(datamap, store, inventory)))


def _differences(datamap: DataMap, compared: Compared) -> Iterator[Difference]:
    for table in compared.unmapped:
        yield Difference("+", "table", f"{compared.store.name}.{table.name}")
    for name, collection in compared.mapped.items():
        if name not in compared.tables:
            yield Difference("-", "table", collection.path)
    for collection, table in compared.pairs:
        if table.columns:
            yield from _columns(datamap, collection, table)


def _columns(datamap: DataMap, collection: Collection, table: TableFound) -> Iterator[Difference]:
    named = columns_named(datamap, collection)
    known = {column_of(n) for n in named} | set(named) | set(table.key)
    for column in table.columns:
        if column not in known:
            yield Difference("+", "column", f"{collection.path}.{column}")
    for column in named:
        if not has_column(table, column):
            yield Difference("-", "column", f"{collection.path}.{column}")
