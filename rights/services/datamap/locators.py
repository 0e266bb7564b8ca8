"""
What may be found by a locator: the address, or the name, under which something public stands.

Staff may err about whose a page is. So a locator leads to what was taken from public sources, and
from there to nothing else: it shows or erases no more than everybody could read.

Source: NDSR 24; PIPL 27, 44.
"""

from __future__ import annotations

from collections.abc import Iterator

from rights.domain import graph
from rights.domain.datamap import Collection, DataMap, Source
from rights.services.datamap.problems import Path, Problem

_REMEDY = "say source: public of each field, or find these rows in another way"


def broken(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """Yield what a locator would reach in or through one collection that is not public."""
    locators = {name for name, one in datamap.identifiers.items() if one.kind == "locator"}
    for index, link in enumerate(collection.links):
        if link.identifier in locators:
            here = (*path, "links", index, "identifier")
            yield Problem(here, "is a locator", "list it under identifies of what it finds")
    if not locators & collection.identifies.keys():
        return
    here = (*path, "identifies")
    for one in (collection, *below(collection, datamap)):
        if others := sorted(one.identifies.keys() - locators):
            what = f"leads by a locator to {one.path}, and so to {', '.join(others)}"
            yield Problem(here, what, "split the collection, or leave the locator out")
        if any(link.role in graph.OUTWARD for link in one.links):
            what = f"leads by a locator to {one.path}, which gives other rows away"
            yield Problem(here, what, "leave the locator out, or the links that give rows away")
        if private := [field.name for field in one.fields if field.source is not Source.PUBLIC]:
            what = f"leads by a locator to {one.path}.{private[0]}, which is not public"
            yield Problem(here, what, _REMEDY)


def below(collection: Collection, datamap: DataMap) -> Iterator[Collection]:
    """Yield the collections whose rows hang on those of *collection*, each once."""
    seen, todo = {collection.path}, [collection.path]
    while todo:
        above = todo.pop()
        for one in datamap.collections:
            if one.path not in seen and any(link.to == above for link in one.links):
                seen.add(one.path)
                todo.append(one.path)
                yield one
