"""
The recommender's side of the protocol of docs/reference/http-backend.md.

It finds rows by values, changes exactly the rows it is named, and finds them again. Whose a
row is, it is not asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.demo.company.recommender.store import CHOSEN, KEYS, NEW, BadRequest, Row, Store

READS: Final = ("freeze", "locate", "collect", "verify")
_ALWAYS: Final = (*READS, "erase", "restrict", "suppress", "close", "correct")
_MOST_ROWS: Final = 1000


def about(store: Store) -> Row:
    """Say what is served here."""
    return {
        "protocol": 1,
        "collections": {
            name: {"verbs": list(_ALWAYS), "key": list(key), "columns": store.columns[name]}
            for name, key in KEYS.items()
        },
    }


def read(store: Store, collection: str, asked: Mapping[str, Any]) -> Row:
    """Return one page of the rows that fit."""
    columns = store.known(collection, asked["columns"])
    limit = min(int(asked["limit"]), _MOST_ROWS)
    rows = store.find(collection, asked["match"], asked["after"], limit + 1)
    more = len(rows) > limit
    page = rows[:limit]
    following = json.dumps([page[-1][c] for c in KEYS[collection]]) if more else None
    return {"rows": [{c: row[c] for c in columns} for row in page], "next": following}


def change(
    store: Store, collection: str, verb: str, asked: Mapping[str, Any], key: str, fence: int
) -> Row:
    """
    Do what *verb* says to exactly the rows named, once.

    Raises:
        BadRequest: no such collection, verb or column, or a newer worker has been here.
    """
    act = _EFFECTS.get(verb)
    if act is None or collection not in KEYS or not key:
        raise BadRequest("unknown_verb")
    with store:
        done = store.once(key, str(asked["step"]), fence)
        if done is not None:
            return done
        reply = act(store, collection, asked)
        store.remember(key, reply)
    return reply


def _erase(store: Store, collection: str, asked: Mapping[str, Any]) -> Row:
    keys = _named(asked)
    if "columns" in asked:
        emptied = dict.fromkeys(asked["columns"])
        return {"affected": store.update(collection, keys, emptied)}
    return {"affected": store.delete(collection, keys)}


def _set(store: Store, collection: str, asked: Mapping[str, Any]) -> Row:
    affected = store.update(collection, _named(asked), asked["set"]) if asked["rows"] else 0
    for entry in asked.get("create", ()):
        if collection in NEW and tuple(entry["columns"]) == KEYS[collection]:
            affected += _made(store, collection, entry, asked["set"])
    return {"affected": affected}


def _made(
    store: Store, collection: str, entry: Mapping[str, Any], values: Mapping[str, Any]
) -> int:
    keys = (dict(zip(entry["columns"], key, strict=True)) for key in entry["keys"])
    return sum(store.create(collection, key, values) for key in keys)


def _correct(store: Store, collection: str, asked: Mapping[str, Any]) -> Row:
    if "create" in asked:
        return _add(store, collection, asked)
    values = {c["column"]: c["value"] for c in asked["changes"]}
    old = {c["column"]: c["old"] for c in asked["changes"] if "old" in c}
    affected = store.update(collection, _named(asked), values, old)
    return {"affected": affected, "conflicts": len(asked["rows"]) - affected}


def _add(store: Store, collection: str, asked: Mapping[str, Any]) -> Row:
    """Make the rows that somebody adds: tags they choose, and nothing else."""
    if collection not in CHOSEN:
        raise BadRequest("adds_nothing")
    made = (_made(store, collection, entry, asked["set"]) for entry in asked["create"])
    return {"affected": sum(made), "conflicts": 0}


def _named(asked: Mapping[str, Any]) -> list[Any]:
    return list(asked["rows"])


_EFFECTS: Final[Mapping[str, Callable[[Store, str, Mapping[str, Any]], Row]]] = {
    "erase": _erase,
    "restrict": _set,
    "suppress": _set,
    "close": _set,
    "correct": _correct,
}
