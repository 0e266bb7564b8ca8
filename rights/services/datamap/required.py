"""
What every entry must say for itself.

An entry that leaves out its classification, its role, its legal basis or its retention cannot
be answered for, so the service refuses the whole map; a trial by hand is only warned. A collection
may take basis and retention over from its store's ``defaults``; a field from its collection, or
from a purpose it serves.

Source: NDSR 21, 33; PIPL 13, 19, 51(2); GDPR 30.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rights.services.datamap import words
from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import members, stores

_COLLECTIONS: Final = (
    "map what is in it, list under ignored what is about nobody, or take the store out"
)
_CLASS: Final = f"add classification: {' | '.join(words.CLASSIFICATIONS)}"
_ROLE: Final = f"add role: {' | '.join(words.STORE_ROLES)}"
_RETENTION: Final = (
    "add retention: none (deleted at once), or period, from, basis and rank; "
    "or set it for the store under defaults"
)
_BASIS: Final = "add basis: … there, for the collection, or for the store under defaults"


def missing(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for everything an entry owes and does not say."""
    if data.get("stores") == []:
        yield Problem(("stores",), "names no store", "add at least one")
    based = frozenset(
        str(p.get("name")) for _, p in members(data, "purposes") if p.get("basis") is not None
    )
    for path, store in stores(data):
        if not store.get("collections") and not store.get("ignored"):
            yield Problem(path, "has no collections", _COLLECTIONS)
        if "classification" not in store:
            yield Problem(path, "has no classification", _CLASS, duty=True)
        if "role" not in store:
            yield Problem(path, "has no role", _ROLE, duty=True)
        defaults = store.get("defaults")
        rules = defaults if isinstance(defaults, Mapping) else {}
        for index, collection in members(store, "collections"):
            yield from _collection((*path, "collections", index), collection, rules, based)


def _collection(
    path: Path, raw: Mapping[str, Any], rules: Mapping[str, Any], based: frozenset[str]
) -> Iterator[Problem]:
    if "retention" not in raw and "retention" not in rules:
        yield Problem(path, "has no retention", _RETENTION, duty=True)
    if _has_basis((raw, rules), based):
        return
    fields = list(members(raw, "fields"))
    bare = [(i, f) for i, f in fields if not _has_basis((f, raw, rules), based)]
    if not fields:
        yield Problem(path, "has no legal basis", _BASIS, duty=True)
    for index, _ in bare:
        yield Problem((*path, "fields", index), "has no legal basis", _BASIS, duty=True)


def _has_basis(layers: tuple[Mapping[str, Any], ...], based: frozenset[str]) -> bool:
    if any("basis" in layer for layer in layers):
        return True
    # The nearest layer that names purposes decides; a purpose brings its own basis along.
    named = next((layer["purposes"] for layer in layers if "purposes" in layer), ())
    return isinstance(named, list) and any(str(p) in based for p in named)
