"""
Which tags people may choose: what a data map may not say about it.

A tick in a list is no separate consent, so nothing sensitive is ever on it.

Source: NDSR 42; Algorithmic Recommendation Provisions 17; PIPL 28, 29.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rights.domain.choosable import naming
from rights.domain.datamap import Collection, DataMap, Erasure, Tags
from rights.domain.tags import MOST, SWITCH
from rights.services.datamap.problems import Path, Problem

_SENSITIVE = "remove the choices: consent to something sensitive is asked for by itself"


def broken(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """Yield what is wrong with the tags that a collection offers."""
    said = collection.tags
    if said is None:
        return
    here = (*path, "tags")
    columns = [s.column for s in datamap.switches if (s.name, s.collection) == _switch(collection)]
    if not columns:
        remedy = f"add switches: [{{name: tags, collection: {collection.path}, column: …}}]"
        yield Problem(here, "offers tags that no switch calls tags", remedy)
    for column in columns:
        if naming(collection, column) is None:
            what = f"cannot write the tag of a person: the key is not the owner and {column}"
            remedy = "write as key the columns of one owner link, and the tag's column"
            yield Problem(here, what, remedy)
    if collection.erasure is not Erasure.DELETE:
        what = "offers tags that nobody could remove again"
        yield Problem(here, what, "leave erasure: delete for this collection")
    yield from _list(here, said)
    yield from _columns(here, collection, said, columns)
    yield from _sensitive(here, collection, [*columns, *_written(said)], datamap)


def _switch(collection: Collection) -> tuple[str, str]:
    return SWITCH, collection.path


def _list(here: Path, said: Tags) -> Iterator[Problem]:
    if not 1 <= len(said.choices) <= MOST:
        what = f"offers {len(said.choices)} tags"
        yield Problem((*here, "choices"), what, f"offer 1 to {MOST}")
    for tag, times in Counter(one.tag for one in said.choices).items():
        if tag and times > 1:
            yield Problem((*here, "choices"), f"offers {tag} {times} times", "offer it once")
    if not said.chosen:
        remedy = "name a column and what it holds: {source: chosen}"
        yield Problem((*here, "chosen"), "does not say how a chosen tag is told apart", remedy)


def _columns(
    here: Path, collection: Collection, said: Tags, columns: list[str]
) -> Iterator[Problem]:
    """Yield columns that are written and that the person would not see."""
    owners = {*collection.key, *(name for link in collection.links for name in link.columns)}
    for name in dict.fromkeys((*columns, *_written(said))):
        if name in owners and name not in columns:
            yield Problem(here, f"sets {name}, which says whose row it is", "set another column")
        elif name not in collection.disclosed:
            what = f"writes {name}, which is not a field of the collection that people may see"
            yield Problem(here, what, "list it under fields with disclose: true")


def _written(said: Tags) -> list[str]:
    named = [*said.chosen, *([said.since] if said.since else [])]
    return [*named, *(name for one in said.choices for name in one.set)]


def _sensitive(
    here: Path, collection: Collection, names: list[str], datamap: DataMap
) -> Iterator[Problem]:
    """Yield what is written and of a category that is sensitive anywhere in the map."""
    grave = {f.category for c in datamap.collections for f in c.fields if f.sensitive}
    for name in dict.fromkeys(names):
        field = collection.field(name)
        if field is not None and field.category in grave:
            what = f"offers what is sensitive: {name}, of the category {field.category}"
            yield Problem((*here, "choices"), what, _SENSITIVE)
