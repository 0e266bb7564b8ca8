"""
What is asked of the service, as JSON documents.

Values that name people go in the body and nowhere else. The service is never told our rules:
it finds rows by the values of their columns, and changes exactly the rows it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connectors.parts.fates import erasable
from connectors.parts.standing import FOLDED, grade, owner_links, ways
from connectors.sdk import (
    Change,
    Collection,
    Key,
    Misconfigured,
    Reach,
    Role,
    Scalar,
    Standing,
    Target,
)

_ELSEWHERE: Final = frozenset({Role.OWNS, Role.ACCESSES})
"""Roles of links that rows of another collection declare: their type stands there."""

Document = dict[str, Any]
Row = Mapping[str, Any]


def key_of(collection: Collection) -> tuple[str, ...]:
    """Return the columns that name a row. Raises Misconfigured when the data map has none."""
    if not collection.key:
        raise Misconfigured(
            f"{collection.path}: name the columns that identify a row under 'key' in the data map"
        )
    return collection.key


def match(target: Target, *standings: Standing) -> list[Document]:
    """
    Return ``match``: a row is meant when any entry fits it. Empty means no row at all.

    Args:
        standings: Only ways that give one of these; all when none is named.
    """
    entries = (_entry(reach, target, standings) for reach in ways(target, target.collection.key))
    return [entry for entry in entries if entry["keys"]]


def columns_that_tell(target: Target) -> tuple[str, ...]:
    """Return the columns a row must show for us to see whose it is, its key first."""
    found = list(key_of(target.collection))
    for reach in target.predicate:
        found += reach.columns
        if reach.link and reach.link.type_column and reach.link.role not in _ELSEWHERE:
            found.append(reach.link.type_column)
    for link in owner_links(target.collection):
        found += [*link.columns, *([link.type_column] if link.type_column else [])]
    return tuple(dict.fromkeys(found))


def columns_that_decide(target: Target) -> tuple[str, ...]:
    """Return, besides, the columns that an erasure empties, sets or is decided by."""
    collection = target.collection
    found = [*columns_that_tell(target), *erasable(collection, key_of(collection))]
    for link in collection.links:
        found += link.anonymise
    if collection.retention and collection.retention.from_:
        found.append(collection.retention.from_)
    if collection.restriction:
        found.append(collection.restriction.column)
    return tuple(dict.fromkeys(found))


def keys(collection: Collection, rows: Iterable[Row]) -> list[list[Any]]:
    """Return ``rows``: the keys of exactly the rows to change."""
    return [[row[column] for column in key_of(collection)] for row in rows]


def changes(asked: Sequence[Change]) -> list[Document]:
    """Return ``changes``; ``old`` only where the service is to compare."""
    return [
        {"column": c.column, "value": c.value, **({"old": c.old} if c.check_old else {})}
        for c in asked
    ]


def differs(row: Row, values: Mapping[str, Scalar]) -> bool:
    """Return whether *row* does not hold *values* yet."""
    return any(row.get(column) != value for column, value in values.items())


def _entry(reach: Reach, target: Target, standings: tuple[Standing, ...]) -> Document:
    parents = [p for p in Standing if not standings or grade(reach, p) in standings]
    held: tuple[Key, ...] = target.keys.keys(reach.anchor, *parents) if parents else ()
    entry: Document = {
        "columns": list(reach.columns),
        "keys": [list(key) for key in held if None not in key],
    }
    if reach.normalise in FOLDED:
        entry["fold"] = True
    if reach.link and reach.link.type_column and reach.link.role not in _ELSEWHERE:
        entry["type"] = {"column": reach.link.type_column, "value": reach.link.type_value}
    return entry
