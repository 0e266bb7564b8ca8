"""
How rows that a person named are reached, and what hangs on them: worked out of the map alone.

Every way begins at the keys of what was named. So it leads nowhere where there are none, and to
no row of the same person that was not named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.sdk import Reach
from rights.domain.conversation import Named, named
from rights.domain.datamap import Collection, DataMap, Role
from rights.domain.errors import Refused
from rights.domain.keys import OTHERS, chosen

Predicates = Mapping[str, tuple[Reach, ...]]


def sessions_of(datamap: DataMap, collection: Collection) -> Collection | None:
    """Return the collection whose rows are the conversations themselves, where there is one."""
    said = collection.conversation
    for link in collection.links if said else ():
        plain = link.role is Role.OWNER and link.to and not link.type_column
        if said is None or not plain or link.columns != (said.session,):
            continue
        to = datamap.collection(link.to)
        by_key = bool(to.key) and link.to_columns in ((), to.key)
        return to if by_key and len(to.key) == 1 and not to.identifies else None
    return None


def about(datamap: DataMap, predicates: Predicates, values: Mapping[str, Any]) -> tuple[str, ...]:
    """
    Return the collections that a request is about: those named from, and what hangs on them.

    Raises:
        Refused: it does not say any more what was named. That is never "everything".
    """
    said, known = named(values), {c.path for c in datamap.collections if c.conversation}
    if not said or any(one.collection not in known for one in said):
        raise Refused("what was named in this request is not known any more: ask the person again")
    begun = {c.path for one in said for c in _begins(datamap, one)}
    return tuple(sorted(_hanging(datamap, predicates, begun)))


def _begins(datamap: DataMap, one: Named) -> Iterator[Collection]:
    collection = datamap.collection(one.collection)
    yield collection
    if one.whole and (sessions := sessions_of(datamap, collection)):
        yield sessions


def _hanging(datamap: DataMap, predicates: Predicates, begun: set[str]) -> set[str]:
    """
    Return *begun* with the collections whose rows are reached from theirs.

    People are not among them: who they are does not hang on what they said.
    """
    people = {c.path for c in datamap.collections if c.identifies}
    found = begun - people
    while True:
        more = {
            path
            for path, ways in predicates.items()
            if path not in people and any(_path(reach) in found for reach in ways)
        }
        if more <= found:
            return found
        found |= more


def _path(reach: Reach) -> str:
    return reach.anchor.partition(":")[0]


def narrowed(datamap: DataMap, predicates: Predicates) -> Predicates:
    """Return every way by which named rows, and what hangs on them, are reached; no other path."""
    dialogues = [c for c in datamap.collections if c.conversation]
    sessions = [s for c in dialogues if (s := sessions_of(datamap, c))]
    begun = {c.path: c for c in (*dialogues, *sessions)}
    within = _hanging(datamap, predicates, set(begun))
    out: dict[str, tuple[Reach, ...]] = {}
    for path, ways in predicates.items():
        own = [Reach(begun[path].key, chosen(path), Role.OWNER)] if path in begun else []
        hanging = [
            replace(reach, anchor=chosen(reach.anchor)) for reach in ways if _path(reach) in within
        ]
        # These say only that somebody else owns the row too.
        shared = [reach for reach in ways if reach.anchor.startswith(OTHERS)]
        if path in within:
            out[path] = (*own, *hanging, *shared)
    return out
