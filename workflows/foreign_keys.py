"""
The links of the data map beside the foreign keys of one store.

A foreign key is a suggestion, not proof: real schemas leave many out. So nothing here is an
error by itself; a map that must be complete treats an undeclared one as such.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk import TableFound
from rights.domain.datamap import Collection, Link, Role
from workflows.findings import Finding, warning
from workflows.tables import Compared


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield what links and foreign keys say of each other."""
    uses_keys = any(table.foreign_keys for table in compared.tables.values())
    for collection, table in compared.pairs:
        yield from _undeclared(compared, collection, table)
        yield from _unindexed(collection, table)
        if uses_keys:
            yield from _unbacked(compared, collection, table)
    yield from _from_ignored(compared)


def _undeclared(compared: Compared, collection: Collection, table: TableFound) -> Iterator[Finding]:
    declared = {frozenset(link.columns) for link in collection.links}
    for columns, target, target_columns in table.foreign_keys:
        to = compared.mapped.get(target)
        if to is None or frozenset(columns) in declared or _links_back(to, collection, columns):
            continue
        yield warning(
            f"{collection.path}.{','.join(columns)}",
            f"a foreign key to {target} ({', '.join(target_columns)}) has no link",
            f"add {{columns: [{', '.join(columns)}], to: {to.name}, role: …}}; role: none if it "
            "says nothing about a person",
            strict=True,
        )


def _links_back(to: Collection, collection: Collection, columns: tuple[str, ...]) -> bool:
    """Tell whether the target declares the link, from its own key to these columns."""
    return any(link.to == collection.path and link.to_columns == columns for link in to.links)


def _unindexed(collection: Collection, table: TableFound) -> Iterator[Finding]:
    used = {frozenset(link.columns) for link in collection.links}
    for columns in table.unindexed:
        if frozenset(columns) in used:
            yield warning(
                f"{collection.path}.{','.join(columns)}",
                "a link runs over columns without an index: every request reads the whole table",
                f"create an index on ({', '.join(columns)})",
            )


def _unbacked(compared: Compared, collection: Collection, table: TableFound) -> Iterator[Finding]:
    keys = {frozenset(columns) for columns, _, _ in table.foreign_keys}
    for link in collection.links:
        backed = frozenset(link.columns) in keys or _backed_there(compared, link, table.name)
        if _could_be_backed(compared, link) and not backed:
            yield warning(
                f"{collection.path}.{','.join(link.columns)}",
                f"no foreign key backs the link to {link.to}, though the store uses them",
                "make sure that the columns are meant; rows without their parent are not found",
            )


def _backed_there(compared: Compared, link: Link, table: str) -> bool:
    there = {c.path: name for name, c in compared.mapped.items()}.get(link.to, "")
    found = compared.tables.get(there)
    keys = found.foreign_keys if found else ()
    return any(columns == link.to_columns and to == table for columns, to, _ in keys)


def _could_be_backed(compared: Compared, link: Link) -> bool:
    here = link.to.partition(".")[0] == compared.store.name
    return here and not link.type_column and link.role is not Role.NONE


def _from_ignored(compared: Compared) -> Iterator[Finding]:
    for name, table in compared.tables.items():
        if name in compared.mapped or compared.excuse(name) is None:
            continue
        people = [
            t
            for _, t, _ in table.foreign_keys
            if t in compared.mapped and compared.mapped[t].identifies
        ]
        if people:
            yield warning(
                f"{compared.store.name}.{name}",
                f"is ignored, but its rows point at {people[0]}, whose rows are people",
                "map it, with role: none if it says nothing about them",
                strict=True,
            )
