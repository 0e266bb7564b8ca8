"""What data is used for, as the data map says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rights.domain.mapwords import Scalar

MANNERS: Final = ("express", "separate", "written")
"""How consent is given. Source: PIPL 14, 29."""

SEPARATE: Final = frozenset({"separate", "written"})
"""Manners of consent that were given for one thing alone."""


@dataclass(frozen=True, slots=True)
class Contract:
    """
    What shows that a contract with a person runs: a row of theirs with one of these values.

    Args:
        collection: ``<store>.<collection>``.
    """

    collection: str
    column: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """
    What data is used for.

    Args:
        contract: How it is known that the contract behind it runs; None where nothing says so.
        approval: The legal approval by which training a model counts as necessary; empty for none.
        manner: How consent has to be given; empty where any manner will do.
    """

    name: str
    title: Mapping[str, str]
    basis: str
    necessary: bool = False
    use: str = ""
    contract: Contract | None = None
    approval: str = ""
    manner: str = ""

    @property
    def separate(self) -> bool:
        """Whether nobody's data is used for it before they agreed to this purpose by itself."""
        return self.basis == "consent" and self.manner in SEPARATE
