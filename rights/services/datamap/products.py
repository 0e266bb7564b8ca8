"""
Which collections are one product's, and which rows are not settled: what a data map may not say.

Source: App-Violation Identification Method 6(2); GB/T 35273-2020 8.5(c), (d).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rights.domain import graph
from rights.domain.datamap import Collection, DataMap
from rights.domain.holds import BY_ITSELF
from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import members


def twice(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each product that is listed again: one of the two would be lost."""
    seen: set[Any] = set()
    for index, product in members(data, "products"):
        name = product.get("name")
        if name in seen:
            what = "is there already under this name"
            yield Problem(("products", index), what, "keep one of them")
        seen.add(name)


def unused(datamap: DataMap) -> Iterator[Problem]:
    """Yield a problem for each product that has nothing alone: its end would do nothing."""
    used = {c.products[0] for c in datamap.collections if len(c.products) == 1}
    for index, name in enumerate(datamap.products):
        if name not in used:
            remedy = "say products: of a collection, or of a store under defaults, with it alone"
            yield Problem(("products", index), "is a product that has nothing alone", remedy)


def broken(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """Yield what is wrong with the products of one collection, and with what is not settled."""
    for index, name in enumerate(collection.products):
        if name not in datamap.products:
            allowed = ", ".join(sorted(datamap.products)) or "none are listed"
            what = f"belongs to {name}, which is no product"
            remedy = f"list it under products, or name one of: {allowed}"
            yield Problem((*path, "products", index), what, remedy)
    yield from _hanging(path, collection, datamap)
    yield from _unsettled(path, collection)


def _hanging(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """What hangs on the rows of a product goes with them: then it is that product's too."""
    known = {c.path: c for c in datamap.collections}
    mine = frozenset(collection.products)
    for index, link in enumerate(collection.links):
        above = frozenset(known[link.to].products) if link.to in known else frozenset()
        if not above or link.role not in graph.INWARD or (mine and mine <= above):
            continue
        what = f"hangs on {link.to}, which is one of {', '.join(sorted(above))} alone"
        yield Problem((*path, "links", index), what, "say products: here too, the same or fewer")


def _unsettled(path: Path, collection: Collection) -> Iterator[Problem]:
    said, rule = collection.unsettled, collection.retention
    if said is None:
        return
    if rule is None or not (rule.with_ or rule.rank in BY_ITSELF):
        what = "says what is not settled, and nothing holds such rows"
        remedy = "give the collection the retention of a law, or leave it out"
        yield Problem((*path, "unsettled"), what, remedy)
