"""Which column names look personal, and which tables look like people: a guess, never a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file

_FILE: Final = Path(__file__).with_name("personal_names.yaml")
_CAPITALS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """
    What a column name suggests.

    Args:
        secret: The kind of secret, or empty.
        contact: ``email`` or ``phone`` where it is one, else empty.
    """

    category: str
    secret: str = ""
    contact: str = ""


def guess(column: str) -> Guess | None:
    """Return what *column* probably holds about a person, or None."""
    name = f"_{split(column)}_"
    for entry in _facts()["categories"]:
        if any(f"_{word}_" in name for word in entry["words"]):
            kinds: Mapping[str, list[str]] = entry.get("kinds", {})
            contact = (k for k, words in kinds.items() if any(f"_{w}_" in name for w in words))
            return Guess(entry["category"], entry.get("secret", ""), next(contact, ""))
    return None


def looks_like_people(table: str) -> bool:
    """Tell whether the last word of a table's name is one for people."""
    return split(table).rpartition("_")[2] in _facts()["people"]


def split(name: str) -> str:
    """Return *name* in lower case, its words joined by underscores."""
    return _BETWEEN.sub("_", _CAPITALS.sub("_", name).lower()).strip("_")


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = yaml_file.read(_FILE)
    return facts
