"""Which fields a person may have corrected, whatever the data map says of them."""

from __future__ import annotations

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
