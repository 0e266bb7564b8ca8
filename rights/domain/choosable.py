"""Which tags of a data map a person may choose, and where each of them is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rights.domain.datamap import Collection, DataMap, Link, Role, Tags
from rights.domain.errors import FieldError
from rights.domain.tags import CHOSEN, REMOVED, SWITCH


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where chosen tags are written.

    Args:
        column: The one that holds the tag; the rest of the key is the person's.
        link: Along which a row belongs to the person: its columns are that rest.
    """

    collection: Collection
    tags: Tags
    column: str
    link: Link


def places(datamap: DataMap) -> tuple[Place, ...]:
    """Return every place where people may choose tags, in the map's order."""
    return tuple(_places(datamap))


def _places(datamap: DataMap) -> Iterator[Place]:
    columns = {s.collection: s.column for s in datamap.switches if s.name == SWITCH}
    for collection in datamap.collections:
        column = columns.get(collection.path, "")
        link = naming(collection, column)
        if collection.tags and link:
            yield Place(collection, collection.tags, column, link)


def naming(collection: Collection, column: str) -> Link | None:
    """Return the link whose columns, with the tag's, are the key of a row: whose tag, and which."""
    found = (
        link
        for link in collection.links
        if link.role is Role.OWNER
        and not link.type_column
        and len(collection.key) == len(link.columns) + 1
        and {*link.columns, column} == set(collection.key)
    )
    return next(found, None)


def offered(datamap: DataMap) -> Mapping[str, Mapping[str, str]]:
    """Return each tag that may be chosen and its titles, in the map's order; once each."""
    found: dict[str, Mapping[str, str]] = {}
    for place in places(datamap):
        for one in place.tags.choices:
            found.setdefault(one.tag, one.title)
    return found


def mistakes(datamap: DataMap, given: Mapping[str, Iterable[str]]) -> Iterator[FieldError]:
    """Yield what is wrong with a choice of tags; unknown ones to be removed are told later."""
    chosen, removed = list(given.get(CHOSEN, ())), set(given.get(REMOVED, ()))
    allowed = tuple(offered(datamap))
    for number, tag in enumerate(chosen):
        if tag not in allowed:
            yield FieldError(f"values.{CHOSEN}.{number}", "is not a tag to choose here", allowed)
        elif tag in removed:
            yield FieldError(f"values.{CHOSEN}.{number}", "is to be removed as well")
