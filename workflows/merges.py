"""
Accounts that were taken over by another one are the same person's.

An owner link from a collection of accounts to itself says which account took which over. The one
that took over leads to those it took, and they to all that stands under their old addresses. The
way back is not gone: whoever proves an account that is no more has not proved the one that is.

Source: PIPL 45, 47; NDSR 25(1)(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from connectors.sdk import KeySet, Reach
from rights.domain.datamap import Collection, Role
from rights.domain.keys import Key, Standing
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.routes import Routes

MAX_VALUES: Final = 50
"""Values of one identifier type; more means an identifier that many people share."""


def taken_over(floor: Floor, routes: Routes, known: KeySet) -> KeySet:
    """
    Return the accounts that those in *known* took over, and those that these took over in turn.

    It stops where there are more than one person can have; the caller refuses that.

    Raises:
        Refused: the connector of a collection that tells of it cannot freeze keys.
        ConnectorError: its store could not be asked.
    """
    taken = KeySet()
    while True:
        found = KeySet()
        for collection, link in _telling(routes):
            found = found.merged(_one_step(floor, routes, collection, link, known.merged(taken)))
        new = _unlike(found, known.merged(taken))
        taken = taken.merged(new)
        if not new or any(len(taken.keys(a)) > MAX_VALUES for a in taken.anchors):
            return taken


def one_persons(floor: Floor, routes: Routes, anchor: str, accounts: Iterable[str]) -> bool:
    """
    Tell whether one of *accounts* took over all the others.

    Args:
        anchor: The type they are of.
    """
    names = set(accounts)
    if len(names) <= 1:
        return True
    if len(names) > MAX_VALUES or not any(_telling(routes)):
        return False
    return any(names <= {head} | _under(floor, routes, anchor, head) for head in sorted(names))


def _under(floor: Floor, routes: Routes, anchor: str, head: str) -> set[str]:
    taken = taken_over(floor, routes, KeySet({anchor: {Standing.SOLE: ((head,),)}}))
    return {str(key[0]) for key in taken.keys(anchor)}


def _telling(routes: Routes) -> Iterator[tuple[Collection, Reach]]:
    """Yield the collections of accounts, with each way in which one says who took it over."""
    for collection in routes.identity:
        ways = routes.predicates[collection.path]
        itself = [
            link
            for link in collection.links
            if link.role is Role.OWNER and link.to == collection.path
        ]
        if itself and any(reach.person for reach in ways):
            yield from ((collection, reach) for reach in ways if reach.link in itself)


def _one_step(
    floor: Floor, routes: Routes, collection: Collection, way: Reach, known: KeySet
) -> KeySet:
    """Return the accounts of rows that point at the rows of *known*."""
    alone = replace(collection, links=())  # who a row is does not depend on who else owns it
    accounts = tuple(r for r in routes.predicates[collection.path] if r.person)
    if way.link is None or not any(known.keys(reach.anchor) for reach in accounts):
        return KeySet()
    rows = frozen(floor, alone, known, accounts, (way.link.to_columns,))
    if not rows.keys(way.anchor):
        return KeySet()
    under = frozen(floor, alone, rows.only(way.anchor), (way,))
    return under.only(*(reach.anchor for reach in accounts))


def _unlike(found: KeySet, known: KeySet) -> KeySet:
    """Return what of *found* is not known: typed it is a text, read from a store perhaps not."""
    out: dict[str, dict[Standing, tuple[Key, ...]]] = {}
    for anchor in found.anchors:
        have = {str(key[0]) for key in known.keys(anchor)}
        keys = tuple(k for k in found.keys(anchor) if k[0] is not None and str(k[0]) not in have)
        if keys:
            out[anchor] = {Standing.SOLE: keys}
    return KeySet(dict(out))
