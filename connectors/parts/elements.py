"""
Which elements of a list are a person's, where a link runs over them (``items[].user_id``).

A row that several people share is disclosed to each of them; what its list says of the others is
not. Elements that name nobody stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.parts.native import at_path, canonical
from connectors.parts.standing import FOLDED, is_list
from connectors.parts.types import Reach
from rights.domain.datamap import Role
from rights.domain.keys import KeySet

Narrow = Callable[[Any], Any]
"""document -> the same with the person's own elements only"""


def narrowing(reaches: Iterable[Reach], keys: KeySet) -> dict[str, Narrow]:
    """Return, for each column with such a list, what leaves other people's elements out."""
    lists: dict[str, dict[str, list[tuple[str, Reach]]]] = {}
    for reach in reaches:
        if is_list(reach.columns) and reach.role is not Role.NONE:
            outer, _, inner = reach.columns[0].partition("[]")
            head, _, place = outer.partition(".")
            found = lists.setdefault(head, {}).setdefault(place, [])
            found.append((inner.removeprefix("."), reach))
    return {head: _narrow(places, keys) for head, places in lists.items()}


def _narrow(places: Mapping[str, list[tuple[str, Reach]]], keys: KeySet) -> Narrow:
    known = {
        place: [(inner, frozenset(_texts(reach, keys)), _folds(reach)) for inner, reach in ways]
        for place, ways in places.items()
    }

    def narrow(document: Any) -> Any:
        for place, ways in known.items():
            document = _replaced(document, tuple(filter(None, place.split("."))), ways)
        return document

    return narrow


def _replaced(document: Any, steps: tuple[str, ...], ways: list[Any]) -> Any:
    if not steps:
        listed = isinstance(document, list | tuple)
        return [one for one in document if _own(one, ways)] if listed else document
    [first, *rest] = steps
    if not isinstance(document, Mapping) or first not in document:
        return document
    return {**document, first: _replaced(document[first], tuple(rest), ways)}


def _own(element: Any, ways: list[Any]) -> bool:
    named = []
    for inner, texts, fold in ways:
        said = canonical(at_path(element, inner) if inner else element)
        if said:
            named.append((said.lower() if fold else said) in texts)
    return not named or any(named)


def _texts(reach: Reach, keys: KeySet) -> Iterable[str]:
    texts = (canonical(key[0]) or "" for key in keys.keys(reach.anchor))
    return (text.lower() for text in texts) if _folds(reach) else texts


def _folds(reach: Reach) -> bool:
    return reach.normalise in FOLDED
