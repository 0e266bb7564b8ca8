"""
How rows are reached: the data map's graph, in the words connectors understand.

The orders and the frozen columns come from :mod:`rights.domain.graph`; here links become
:class:`~connectors.sdk.Reach`. Everything is pure: same map, same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.sdk import Reach
from rights.domain.datamap import Collection, DataMap, Depth, Erasure, OnErasure, Role
from rights.domain.graph import (
    INWARD,
    OUTWARD,
    edges,
    erase_order,
    freeze_columns,
    freeze_groups,
    freeze_order,
    frozen,
    given_anchor,
    given_to,
    identity_collections,
    owning,
    parents,
    usable_identifiers,
)
from rights.domain.keys import others

__all__ = [
    "OUTWARD",
    "co_owned",
    "edges",
    "erase_order",
    "freeze_columns",
    "freeze_groups",
    "freeze_order",
    "frozen",
    "identity_collections",
    "left_alone",
    "parents",
    "predicate_for",
    "recursive",
    "usable_identifiers",
]


def predicate_for(
    datamap: DataMap, collection: Collection, *, erasing: bool = False
) -> tuple[Reach, ...]:
    """
    Return every way by which rows of *collection* are reached from frozen keys.

    Identifier columns come first, then the collection's own links, then the rows elsewhere
    that give access to it. Recycled identifiers are left out: such a value alone may be
    another person's by now, and together with another one it adds nothing.

    Args:
        erasing: Also the ``none`` links, in their own role: what points at an erased row is
            cut (``shallow``) or goes with it (``deep``), though it discloses nothing. The
            same value must be used for freezing and for acting.
    """
    return (
        *_identifying(datamap, collection),
        *_linked(datamap, collection, erasing=erasing),
        *_given(datamap, collection),
    )


def recursive(datamap: DataMap, collection: Collection, *, erasing: bool = False) -> bool:
    """
    Tell whether rows of *collection* lead to more rows of it.

    Freezing is then repeated with what it found until nothing new is found.
    """
    return any(
        reach.anchor.partition(":")[0] == collection.path and _finds(reach)
        for reach in predicate_for(datamap, collection, erasing=erasing)
    )


def _finds(reach: Reach) -> bool:
    shallow = reach.link is not None and reach.link.depth is Depth.SHALLOW
    return reach.role is not Role.NONE or not shallow


def _identifying(datamap: DataMap, collection: Collection) -> Iterator[Reach]:
    usable = usable_identifiers(datamap)
    for name, column in collection.identifies.items():
        if name in usable:
            identifier = datamap.identifiers[name]
            yield Reach(
                (column,),
                f"identifier:{name}",
                Role.OWNER,
                None,
                identifier.normalise,
                person=identifier.kind == "account",
            )


def _linked(datamap: DataMap, collection: Collection, *, erasing: bool) -> Iterator[Reach]:
    usable = usable_identifiers(datamap)
    roles = INWARD | {Role.NONE} if erasing else INWARD
    for link in collection.links:
        if link.role in roles and (link.to or link.identifier in usable):
            normalise = _normalise(datamap, link.identifier) if link.identifier else ""
            reach = Reach(link.columns, link.anchor, link.role, link, normalise)
            stays = link.role is Role.NONE and _stays(datamap.collection(link.to))
            yield left_alone(reach) if stays else reach


def left_alone(reach: Reach) -> Reach:
    """
    Return *reach* for rows whose target is emptied but stays: they may go on pointing at it.

    A reply to a comment that says nothing any more is still a reply to it. What the map says is
    cut (``on_erasure``) is cut all the same.
    """
    link = reach.link
    if link is None or link.role is not Role.NONE or link.depth is Depth.DEEP or link.anonymise:
        return reach
    return replace(reach, link=replace(link, on_erasure=OnErasure.KEEP))


def _stays(collection: Collection) -> bool:
    """Return whether no erasure removes a row of *collection*."""
    if collection.erasure is not Erasure.DELETE:
        return True
    links = collection.links
    goes = any(k.on_erasure is OnErasure.DELETE or k.depth is Depth.DEEP for k in links)
    owners = [k for k in links if k.role is Role.OWNER]
    kept = bool(owners) and all(k.on_erasure is OnErasure.KEEP for k in owners)
    return kept and not goes and not collection.identifies


def _given(datamap: DataMap, collection: Collection) -> Iterator[Reach]:
    """Yield the ways by which rows of other collections give access to rows of this one."""
    for edge in edges(datamap):
        if edge.target == collection.path and edge.link.role in OUTWARD:
            role = Role.OWNER if edge.link.role is Role.OWNS else Role.ACCESSOR
            yield Reach(given_to(edge, collection), given_anchor(edge), role, edge.link)
    named = dict.fromkeys(given_to(e, collection) for e in owning(datamap, collection.path))
    for columns in named:  # says nothing by itself: it keeps a row from being theirs alone
        yield Reach(columns, co_owned(collection, columns), Role.NONE)


def co_owned(collection: Collection, columns: tuple[str, ...]) -> str:
    """Return the anchor of those rows that somebody else owns too, through rows elsewhere."""
    return others(f"{collection.path}:{','.join(columns)}")


def _normalise(datamap: DataMap, identifier: str) -> str:
    return datamap.identifiers[identifier].normalise
