"""
What a product backend uses what it learns for.

Who decides what people pay, or whether they may have a service at all, is told nothing of what
they switched off, took back or asked for. What each use means in words is in
``rights/catalogue/uses.yaml``.

Source: NDSR 46(3); PIPL 16, 24(1); Algorithmic Recommendation Provisions 21.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Use(StrEnum):
    """One thing a backend does with what it knows of people."""

    SERVICE = "service"
    RECOMMENDATION = "recommendation"
    MARKETING = "marketing"
    PRICING = "pricing"
    ELIGIBILITY = "eligibility"


USUAL: Final = (Use.SERVICE,)
"""What a backend is for when nothing is said."""

DECIDING: Final = frozenset({Use.PRICING, Use.ELIGIBILITY})
"""The uses that settle on what terms, or whether, somebody is served."""


def decides(uses: Iterable[str]) -> bool:
    """Return whether one of *uses* keeps a backend from learning who used a right."""
    return not DECIDING.isdisjoint(uses)
