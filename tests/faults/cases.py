"""One request of every kind, as a person of the laboratory would ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.faults.company import CANARY, Person

CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "access": {"kind": "access", "option": "records"},
    "summary": {"kind": "access", "option": "summary"},
    "copy": {"kind": "copy", "option": "all"},
    "correction": {"kind": "correction", "option": "correct"},
    "deletion": {"kind": "deletion", "option": "delete"},
    "anonymisation": {"kind": "deletion", "option": "anonymise"},
    "restriction": {"kind": "restriction", "option": "restrict"},
    "withdrawal": {
        "kind": "consent_withdrawal",
        "option": "all",
        "parameters": {"purposes": ["marketing"]},
    },
    "cancellation": {"kind": "account_cancellation", "option": "all"},
    "portability": {"kind": "portability", "option": "pull"},
    "opt_out": {"kind": "recommendation_opt_out", "option": "personalised_off"},
    "tags": {"kind": "recommendation_opt_out", "option": "tags_delete"},
    "explanation": {"kind": "explanation", "option": "rules"},
}

WITH_FILES: Final = frozenset(
    {"access", "copy", "summary", "portability", "deletion", "anonymisation", "cancellation"}
)
"""Cases that go to the object store."""

WITH_RECORDS: Final = frozenset({"access", "copy", "portability"})
"""Cases that end with a package of everything."""


def asked(name: str, person: Person) -> dict[str, Any]:
    """Return what *person* asks for."""
    out = dict(CASES[name])
    if name == "correction":
        change = {"field": "shop.users.nickname", "value": f"{CANARY} corrected {person.id}"}
        out["values"] = {"changes": [{**change, "old": person.nickname}]}
    if name == "tags":
        out["values"] = {"tags": [f"t{person.id}-0"]}
    return out
