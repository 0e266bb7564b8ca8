"""Which fields a person may have corrected, whatever the data map says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rights.domain.datamap import Collection, Correctable, Field

_FLAG = Correctable(
    mode="refused",
    because="it says whether the record is kept for the law only, or its account closed",
)


def rule_for(collection: Collection, field: Field) -> Correctable | None:
    """
    Return how *field* may be corrected; None when the map does not say.

    What takes a row out of use is no fact about a person: correcting it would put data that is
    only kept back into use.
    """
    return _FLAG if field.name in _flags(collection) else field.correct


def _flags(collection: Collection) -> set[str]:
    restricts = {collection.restriction.column} if collection.restriction else set()
    return {*restricts, *collection.close}


def added_up(said: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the changes that were asked for one after the other: of each field the last one."""
    changes = {one["field"]: one for values in said for one in values.get("changes", ())}
    return [*changes.values()]


def last_text(said: Iterable[Mapping[str, Any]]) -> str:
    """Return what was last said about it in words; empty when nothing was."""
    texts = [str(values["text"]) for values in said if values.get("text")]
    return texts[-1] if texts else ""
