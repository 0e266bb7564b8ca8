"""
What a person may, and must, say beside a kind and its option.

Parameters name things of the data map (categories, purposes, products, decisions) and may
stand in the register in clear; values are about the person and are sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rights.domain.anonymising import AGREED
from rights.domain.kinds import OPTIONS, Kind, Option

PREVAILS: Final = "prevails"
PREVAILS_CHOICES: Final = ("correction", "deletion", "both")
"""
What a person says who asked to correct and to delete the same data: keep it corrected, delete it
uncorrected, or correct it first, which counts for what has to be kept.
"""

PARAMETERS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.ACCESS: ("categories",),
        Kind.COPY: ("categories",),
        Kind.CORRECTION: (),
        Kind.DELETION: ("ground", PREVAILS, AGREED),
        Kind.RESTRICTION: ("purposes",),
        Kind.CONSENT_WITHDRAWAL: ("purposes",),
        Kind.ACCOUNT_CANCELLATION: (PREVAILS,),
        Kind.PORTABILITY: ("categories",),
        Kind.RECOMMENDATION_OPT_OUT: (),
        Kind.EXPLANATION: ("decision", "topic"),
    }
)
"""Names of what may stand beside each kind, in clear."""

VALUES: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.CORRECTION, Option.CORRECT): ("changes", "text"),
        (Kind.CORRECTION, Option.SUPPLEMENT): ("changes", "text"),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE): ("tags",),
    }
)
"""Names of sealed values each option takes."""

NEEDED: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.CORRECTION, Option.CORRECT): ("changes",),
        (Kind.CORRECTION, Option.SUPPLEMENT): ("changes",),
        (Kind.CONSENT_WITHDRAWAL, Option.ALL): ("purposes",),
    }
)
"""What work cannot start without. A request that lacks it is taken and waits: needs_info."""

NOT_OFFERED: Final = frozenset(
    {
        (Kind.PORTABILITY, Option.PUSH),
        (Kind.RESTRICTION, Option.OBJECT_PUBLIC_INFO),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT),
    }
)
"""Options that do not work yet. What is not offered is refused by name, never half done."""


def offered(kind: Kind) -> tuple[Option, ...]:
    """Return the options of *kind* that work."""
    return tuple(o for o in OPTIONS[kind] if (kind, o) not in NOT_OFFERED)


def needed(kind: Kind, option: Option) -> tuple[str, ...]:
    """Return the names without which work on this request cannot start."""
    return NEEDED.get((kind, option), ())
