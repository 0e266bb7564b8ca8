"""
What keeps a row although it should go: rules, and what was decided about them.

A *hold* has a basis, the rank of that basis, and an end. Only laws and administrative
regulations hold by themselves; everything else needs somebody who answers for it.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

BY_ITSELF: Final = frozenset({"law", "administrative_regulation"})
"""Ranks that need nobody's approval (R-24-6)."""

APPROVABLE: Final = frozenset({"departmental_rule", "standard", "contract", "agreement"})
"""
Ranks that hold once staff with scope legal approved the rule, in China.

A ``policy`` is not among them: nothing is kept under a company's own policy (R-NEG-2).
"""

AGREED: Final = frozenset({"contract", "agreement"})
"""
Those of them that rest on what was agreed with the person, and on no rule that delegates it.

Only the E-Commerce Law names an agreement, and only where an account is cancelled (24(2)).
"""

PLACED: Final = frozenset({"litigation", "authority_order"})
"""Ranks of a legal hold, which is placed on a person or a collection."""

CODES: Final[Mapping[str, str]] = {
    "litigation": "litigation_hold",
    "authority_order": "authority_order",
}
"""Rank of a legal hold to its code in the hold catalogue."""

ESCROW: Final = "escrow"
AWAY: Final = frozenset({"seal", ESCROW})
"""Strategies by which a held row leaves the place that products read."""

RANKS: Final = BY_ITSELF | APPROVABLE | PLACED | {"policy"}
"""Every rank a basis can have."""


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How long a row must stay.

    Args:
        period: ``3y``, ``6m``, ``30d``.
        from_: The column the period is counted from.
        rank: ``law`` and ``administrative_regulation`` hold by themselves; others need approval.
        keep_fields: The fields the basis needs; empty means all.
        with_: ``<store>.<collection>``: a row is held as long as the row of that collection it
            is linked to; period, basis and rank are that collection's, ``from_`` is empty.
        hold: The entry of the hold catalogue it was taken from; empty when written out.
    """

    period: str
    from_: str
    basis: str
    rank: str
    keep_fields: tuple[str, ...] = ()
    with_: str = ""
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """
    What is decided about a collection's holds for one request; no map can say it.

    Args:
        approved: Staff approved the retention rule, whose rank does not hold by itself.
        placed: A legal hold keeps every row that is reached, whatever the map says.
        at: The moment retention is judged at: one for the whole request, so that what was
            planned, done and read back agree.
        holder: The request for which rows are sealed away; empty where nothing is.
        sealed: Act on the rows that are put away for ``holder``, not on the live ones.
        key: What seals rows that go into escrow for ``holder``; empty where none do.
    """

    approved: bool = False
    placed: bool = False
    at: datetime | None = field(default=None, compare=False)
    holder: str = field(default="", compare=False)
    sealed: bool = False
    key: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Restriction:
    """
    How a row is restricted.

    ``flag`` sets ``column`` to ``value``; ``seal`` moves the row to a table of ours; ``escrow``
    puts it, encrypted and under lock, into a bucket.

    Args:
        lifted: The one value of a row that is used again; empty where the map does not say.
    """

    strategy: str
    column: str = ""
    value: str | int | float | bool | None = True
    lifted: tuple[str | int | float | bool | None, ...] = ()

    @property
    def away(self) -> bool:
        """Whether a held row leaves the collection."""
        return self.strategy in AWAY

    @property
    def escrow(self) -> bool:
        """Whether a held row goes into a bucket."""
        return self.strategy == ESCROW
