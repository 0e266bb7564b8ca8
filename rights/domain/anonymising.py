"""
When data may be anonymised in place of being deleted.

Source: NDSR 24, first sentence; PIPL 47.
"""

from __future__ import annotations

from typing import Final

from rights.domain.datamap import DataMap, Erasure

FREE: Final = frozenset({"unavoidable_collection", "unconsented_collection"})
"""
Grounds by which the law itself leaves the choice: what automated means could not but collect, and
what was collected without lawful consent. Cancelling an account, the third, is a kind of its own,
in which the data map says how each row goes.
"""

AGREED: Final = "agreed"
AGREEMENT: Final = "anonymise"
"""The parameter by which a person says that they agree, and its one value."""


def selectable(*, ground: str, agreed: bool, approved: bool) -> bool:
    """
    Return whether a deletion may be done as anonymisation.

    Args:
        ground: What the person named; empty when nothing. Who names none and chooses it agrees.
        agreed: The person said so beside the ground.
        approved: The data map says it of everything that would go, which was approved with it.
    """
    return not ground or ground in FREE or agreed or approved


def approved(datamap: DataMap) -> bool:
    """Return whether the map itself anonymises whatever it does not keep."""
    ways = {c.erasure for c in datamap.collections}
    return Erasure.DELETE not in ways and Erasure.ANONYMISE in ways
