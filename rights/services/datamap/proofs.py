"""
Which fields may prove who somebody is: what a data map may not say about that.

Source: PIPL 6; GB/T 35273-2020 8.5(c), 8.7(a).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.domain import facts
from rights.domain.datamap import Collection, DataMap, Field, RelatesTo, Role, Secret
from rights.services.datamap.problems import Path, Problem

_NEVER: Final = frozenset({Secret.CREDENTIAL, Secret.BIOMETRIC})
_EXACT: Final = frozenset({"real_name", "id_number"})


def broken(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """Yield what is wrong with the marks for proof in one collection."""
    mine = collection.identifies or any(one.role is Role.OWNER for one in collection.links)
    for index, field in enumerate(collection.fields):
        if not field.proof:
            continue
        here = (*path, "fields", index, "proof")
        if not mine:
            what = f"takes {field.name} for a proof in rows that are nobody's own"
            yield Problem(here, what, "mark a field of a collection that a person owns")
        if field.name in _reached_by_codes(collection, datamap):
            what = f"asks for {field.name}, which a code proves better"
            yield Problem(here, what, "remove proof: who has the address answers a code")
        yield from _field(here, field)


def _field(here: Path, field: Field) -> Iterator[Problem]:
    if field.secret in _NEVER:
        what = f"asks people for a secret ({field.secret}), which nobody may ask for"
        yield Problem(here, what, "mark something else that the person knows")
    if field.relates_to is RelatesTo.OTHER:
        what = f"takes {field.name} for a proof, which is about somebody else"
        yield Problem(here, what, "mark a field about the person")
    if "." in field.name:
        what = f"asks for {field.name}, a value inside another, which is not compared"
        yield Problem(here, what, "mark a column of its own")
    if field.proof in _EXACT and facts.compared(field) == "last_four":
        what = f"compares {field.proof} by its last four digits"
        yield Problem(here, what, "a name and its number are matched whole: leave compare out")


def _reached_by_codes(collection: Collection, datamap: DataMap) -> frozenset[str]:
    """Return the columns that hold a contact by which the person is found."""
    contacts = {n for n, one in datamap.identifiers.items() if one.kind == "contact"}
    own = {column for name, column in collection.identifies.items() if name in contacts}
    linked = {c for one in collection.links if one.identifier in contacts for c in one.columns}
    return frozenset(own | linked)
