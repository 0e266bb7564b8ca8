"""
What a value looks like without what it says: for people who look at a plan before it runs.

A first character and a length are shown of long texts only, and only where the data map does
not call the field sensitive: of ``female`` or ``AB-`` even the length would be the value.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from connectors.sdk import MapField
from rights.domain.foreign_values import Sort
from workflows.packages.detecting import Own, find, whole

SHORTEST: Final = 12
"""Characters from which on a text's length and beginning are shown."""

_STARTS: Final = frozenset({"text", Sort.EMAIL})
_ID: Final = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_NOBODY: Final = Own()


def masked(value: Any, field: MapField | None) -> dict[str, Any]:
    """
    Return the kind of *value* and, of long texts, how it begins and how long it is.

    Args:
        field: As the data map declares it; None is taken for sensitive.
    """
    out: dict[str, Any] = {"kind": kind_of(value)}
    closed = field is None or field.sensitive or field.secret is not None
    if closed or not isinstance(value, str) or len(value) < SHORTEST:
        return out
    if out["kind"] in _STARTS:
        out |= {"starts": value[0], "length": len(value)}
    return out


def kind_of(value: Any) -> str:
    """Return what sort of value it is; the value cannot be told from it."""
    if value is None or value == "":
        return "empty"
    for family, name in _FAMILIES:
        if isinstance(value, family):
            return name
    return _of_text(value) if isinstance(value, str) else "other"


_FAMILIES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (list, "list"),
    (dict, "object"),
)


def _of_text(text: str) -> str:
    hits = find(text, _NOBODY)
    if whole(text, hits):
        return str(hits[0].sort)
    if text.strip().isdigit():
        return "digits"
    if _ID.fullmatch(text):
        return "identifier"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "text"
    return "time"
