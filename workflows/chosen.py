"""
A request about rows that the person named: those and what hangs on them, and nothing else.

The person's own rows are found as ever. Of them, the keys of those that were named stand under an
anchor of their own (``chosen:``), and every way to a row begins there, so that without a key
nothing is reached. Whose a row is, is still told by all the person's keys: what somebody else
owns too is not theirs to delete. A name of somebody else's row is the name of none of theirs.

Source: PIPL 45, 47; Interim Measures for Anthropomorphic AI Interaction Services 16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sdk import Collection, Key, KeySet, Standing
from rights.domain.conversation import Named, name_of, named
from rights.domain.errors import Refused
from rights.domain.keys import chosen
from workflows.floor import Floor
from workflows.freezing import IDENTIFIER, frozen
from workflows.holds import Rulings
from workflows.narrowing import sessions_of
from workflows.plan import Step
from workflows.routes import Routes


def keys_of_named(
    floor: Floor, routes: Routes, keys: KeySet, values: Mapping[str, Any], ruled: Rulings
) -> KeySet:
    """
    Return *keys* with those of the named rows and of what hangs on them.

    Raises:
        Refused: a connector cannot freeze. ConnectorError: a store could not be asked.
    """
    for one in named(values):
        keys = keys.merged(_named(floor, routes, keys, one, ruled))
    paths = [p for group in routes.groups for p in group if p in routes.narrowed]
    while True:
        before = len(keys)
        for path in paths:
            collection = ruled.of(routes.datamap.collection(path))
            ways, columns = routes.narrowed[path], routes.columns[path]
            found = frozen(floor, collection, keys, ways, columns)
            keys = keys.merged(_renamed(found))
        if len(keys) == before:
            return keys


def _named(floor: Floor, routes: Routes, keys: KeySet, one: Named, ruled: Rulings) -> KeySet:
    """Return the keys of the person's own rows that were named, conversations among them."""
    datamap = routes.datamap
    collection = datamap.collection(one.collection)
    said = collection.conversation
    if said is None:
        return KeySet()
    width = len(collection.key)
    columns = tuple(dict.fromkeys((*collection.key, said.session)))
    place = columns.index(said.session)
    mine = _own(floor, routes, keys, ruled.of(collection), columns)
    rows = [k[:width] for k in mine if one.takes(str(k[place]), name_of(k[:width]))]
    found = {chosen(collection.path): {Standing.SOLE: tuple(rows)}}
    if one.whole and (sessions := sessions_of(datamap, collection)):
        theirs = _own(floor, routes, keys, ruled.of(sessions), sessions.key)
        kept = tuple(k for k in theirs if one.session in ("", name_of(k)))
        found[chosen(sessions.path)] = {Standing.SOLE: kept}
    return KeySet(found)


def _own(
    floor: Floor, routes: Routes, keys: KeySet, collection: Collection, columns: tuple[str, ...]
) -> tuple[Key, ...]:
    """Return these columns of the rows that are the person's alone."""
    ways = routes.predicates[collection.path]
    found = frozen(floor, collection, keys, ways, (columns,))
    return found.keys(f"{collection.path}:{','.join(columns)}", Standing.SOLE)


def _renamed(found: KeySet) -> KeySet:
    plain = (a for a in found.anchors if not a.startswith(IDENTIFIER))
    return KeySet({chosen(anchor): found.anchors[anchor] for anchor in plain})


def without_circles(steps: Iterable[Step]) -> None:
    """
    Make sure that no pointer has to be emptied before the named rows can go.

    Raises:
        Refused: one has to, and all of the person's rows would be reached by it.
    """
    if any(step.unhook for step in steps):
        raise Refused(
            "the rows of this dialogue point at each other in a circle, so a part of them cannot"
            " be deleted alone: a member of staff must do it"
        )
