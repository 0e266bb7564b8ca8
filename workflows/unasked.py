"""
Which collections nobody could be asked about: "cannot" is never "nothing there".

Rows that are found only by a contact or a device say nothing about a person of whom no contact
or device is known; an empty answer would be a guess. It is none where a collection that knows
such values was asked and has none for this person: then there is nothing to find them by.
Accounts of another type are other people's by definition.
"""

from __future__ import annotations

from connectors.sdk import KeySet
from rights.domain.datamap import Role
from workflows.routes import Routes

_PREFIX = "identifier:"


def unasked(routes: Routes, keys: KeySet) -> tuple[str, ...]:
    """
    Return the collections in which no row could be looked for, in the map's order.

    Args:
        keys: Everything that is known of the person, frozen keys included.
    """
    asked = _asked(routes, {a for a in keys.anchors if keys.keys(a)})
    return tuple(
        collection.path
        for collection in routes.datamap.collections
        if collection.path not in asked and _by_contact(routes, collection.path)
    )


def _asked(routes: Routes, known: set[str]) -> set[str]:
    """Return the collections that could be asked, with all that asking them may have led to."""
    found: set[str] = set()
    given = {anchor for anchor in known if anchor.startswith(_PREFIX)}
    while True:
        more = {path for path in routes.predicates if _ways(routes, path) & (given | found)}
        for collection in routes.identity:
            if collection.path in more:
                given |= {_PREFIX + name for name in collection.identifies}
        if more <= found:
            return found
        found |= more


def _ways(routes: Routes, path: str) -> set[str]:
    """Return what leads to rows of *path*: identifiers, and paths of other collections."""
    telling = (r.anchor for r in routes.predicates[path] if r.role is not Role.NONE)
    return {a if a.startswith(_PREFIX) else a.partition(":")[0] for a in telling}


def _by_contact(routes: Routes, path: str) -> bool:
    """Return whether a contact or a device may lead to rows of *path*, at some distance."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        one = waiting.pop()
        if one in seen or _accounts(routes, one):
            continue
        seen.add(one)
        for way in _ways(routes, one):
            if not way.startswith(_PREFIX):
                waiting.append(way)
            elif routes.datamap.identifiers[way.removeprefix(_PREFIX)].kind != "account":
                return True
    return False


def _accounts(routes: Routes, path: str) -> bool:
    """Return whether the rows of *path* are accounts; of another type, so another's."""
    datamap = routes.datamap
    known = datamap.collection(path).identifies
    return any(datamap.identifiers[name].kind == "account" for name in known)
