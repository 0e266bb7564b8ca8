"""
What staff are told of a step that they do by hand: where, to how many rows, how, and whom to ask.

The instruction is the data map's; that a plan counted no rows is not that there are none.

Source: NDSR 21; PIPL 51(1) (written ways of working).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rights.domain.actions import IN_A_STORE
from rights.domain.datamap import Collection, DataMap, Store


@dataclass(frozen=True, slots=True)
class Place:
    """
    One collection that a step is about.

    Args:
        title: In both languages; empty where the map has none, or no such collection any more.
        counts: Rows by whose they are, as the plan counted them; empty where it could not.
        how: The instruction in both languages; empty where the map has none.
    """

    path: str
    title: Mapping[str, str]
    counts: Mapping[str, int]
    how: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-native."""
        told = {"title": dict(self.title), "rows": dict(self.counts), "how": dict(self.how)}
        return {"collection": self.path, **told}


@dataclass(frozen=True, slots=True)
class Work:
    """
    What one step asks of staff.

    Args:
        owner: The team that is asked; empty where the map names none.
        how: The store's own instruction, for what names no collection.
    """

    action: str
    store: str
    title: Mapping[str, str]
    owner: str
    how: Mapping[str, str]
    places: tuple[Place, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-native."""
        places = [one.to_json() for one in self.places]
        return {"owner": self.owner, "how": dict(self.how), "collections": places}


def work(
    datamap: DataMap, action: str, store: str, planned: Mapping[str, Mapping[str, int]]
) -> Work | None:
    """
    Return what a step asks of staff; None where it is about no store of the map.

    Args:
        planned: The paths it is about, and the rows the plan counted there.
    """
    found = next((one for one in datamap if one.name == store), None)
    if found is None or action not in {*IN_A_STORE}:
        return None
    known = {one.path: one for one in found.collections}
    places = tuple(
        _place(found, known.get(path), path, action, counts) for path, counts in planned.items()
    )
    how = found.by_hand.get(action, {})
    return Work(action, store, found.title, found.owner, how, places)


def _place(
    store: Store, found: Collection | None, path: str, action: str, counts: Mapping[str, int]
) -> Place:
    own = found.by_hand.get(action) if found else None
    title = found.title if found else {}
    return Place(path, title, counts, own or store.by_hand.get(action, {}))
