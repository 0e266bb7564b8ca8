"""The table of the contract tests: notes of two people, for connectors that hold rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.sdk import (
    Change,
    Collection,
    KeySet,
    Link,
    MapField,
    Reach,
    Restriction,
    Role,
    Standing,
    Switch,
    Target,
)

CANARY = "canary-7f3a@example.test"
UNMAPPED = "nobody declared this"

OWNER = Link(columns=("owner_email",), role=Role.OWNER, identifier="email")
NOTES = Collection(
    store="store",
    name="notes",
    fields=(
        MapField("id", "technical", disclose=True),
        MapField("owner_email", "contact", disclose=True),
        MapField("title", "content", disclose=True),
        MapField("hidden_score", "profile"),
    ),
    links=(OWNER,),
    key=("id",),
    restriction=Restriction("flag", "frozen", value=True),
    close={"active": False},
)
TARGET = Target(
    collection=NOTES,
    keys=KeySet({"identifier:email": {Standing.SOLE: ((CANARY,),)}}),
    predicate=(Reach(("owner_email",), "identifier:email", Role.OWNER, OWNER),),
)
CHANGE = Change("title", "corrected", old="draft")
ADDING = Target(
    collection=replace(NOTES, links=()),
    keys=KeySet({NOTES.path: {Standing.SOLE: ((1,), (77,))}}),
    predicate=(Reach(("id",), NOTES.path, Role.OWNER),),
    adding=True,
)
"""One of the person's notes that is there, and one that is not."""

NEW = (
    Change("owner_email", CANARY),
    Change("title", "chosen"),
    Change("frozen", value=False),
    Change("active", value=True),
    Change("personalised", value=True),
)
SWITCH = Switch("personalised", "store.notes", "personalised", on=True, off=False)


def note(number: int, email: str, title: str = "draft") -> dict[str, Any]:
    return {
        "id": number,
        "owner_email": email,
        "title": title,
        "hidden_score": 0.5,
        "unmapped": UNMAPPED,
        "frozen": False,
        "active": True,
        "personalised": True,
    }


MINE = (note(1, CANARY), note(3, CANARY))
OTHERS = (note(2, "somebody@example.test"), note(4, f"x{CANARY}", "theirs"))
