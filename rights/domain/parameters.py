"""
What a person may, and must, say beside a kind and its option.

Parameters name things of the data map (categories, purposes, products, decisions) and may
stand in the register in clear; values are about the person and are sealed.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final

from rights.domain.anonymising import AGREED
from rights.domain.conversation import CONVERSATIONS
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.products import PRODUCTS
from rights.domain.tags import CHOSEN, REMOVED

PREVAILS: Final = "prevails"
PREVAILS_CHOICES: Final = ("correction", "deletion", "both")
"""
What a person says who asked to correct and to delete the same data: keep it corrected, delete it
uncorrected, or correct it first, which counts for what has to be kept.
"""

UNTIL: Final = "until"
"""The day on which a restriction ends by itself, ISO 8601; of one that is lifted, that day."""

NAMED_BY: Final = "named_by"
"""Of a restriction that ends on a day: who named it, ``subject``, ``staff`` or ``backend``."""

WAIT_DAYS: Final = "wait_days"
"""How many days a person chose to wait before their account is cancelled; absent: at once."""

MEANWHILE: Final = "meanwhile"
"""Of a restriction that stands while the cancellation waits that it ``follows``; nobody asks."""

SIMPLIFIED: Final = "simplified"
"""Of a summary that goes before the complete answer which it ``follows``; nobody asks."""

SWITCHES: Final = "switches"
"""What a person turned off and turns on again, by the names of the data map."""

SUBJECT: Final = "subject"
"""What is missing where nobody is named yet; any identifier of the data map will do."""

NAMELESS: Final = frozenset(
    {
        Kind.ACCESS,
        Kind.COPY,
        Kind.CORRECTION,
        Kind.DELETION,
        Kind.RESTRICTION,
        Kind.EXPLANATION,
    }
)
"""What can be asked for before anybody is named. Source: NDSR 23, 24; PIPL 44."""

PARAMETERS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.ACCESS: ("categories",),
        Kind.COPY: ("categories",),
        Kind.CORRECTION: (),
        Kind.DELETION: ("ground", PREVAILS, AGREED),
        Kind.RESTRICTION: ("purposes", "categories", UNTIL, "ground"),
        Kind.CONSENT_WITHDRAWAL: ("purposes",),
        Kind.ACCOUNT_CANCELLATION: (PRODUCTS, PREVAILS, WAIT_DAYS),
        Kind.PORTABILITY: ("categories",),
        Kind.RECOMMENDATION_OPT_OUT: (SWITCHES,),
        Kind.EXPLANATION: ("decision", "topic"),
    }
)
"""Names of what may stand beside each kind, in clear."""

ONLY: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.RESTRICTION, Option.OBJECT_MARKETING): (),
        (Kind.RESTRICTION, Option.OBJECT_PUBLIC_INFO): (),
        (Kind.RESTRICTION, Option.LIFT): ("purposes",),
        **{
            (Kind.RECOMMENDATION_OPT_OUT, option): ()
            for option in OPTIONS[Kind.RECOMMENDATION_OPT_OUT]
            if option is not Option.SWITCH_ON
        },
    }
)
"""Where an option takes less than its kind: what it could not honour is refused by name."""

VALUES: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.CORRECTION, Option.CORRECT): ("changes", "text"),
        (Kind.CORRECTION, Option.SUPPLEMENT): ("changes", "text"),
        (Kind.COPY, Option.ALL): (CONVERSATIONS,),
        (Kind.DELETION, Option.DELETE): (CONVERSATIONS,),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE): ("tags",),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): (CHOSEN, REMOVED),
    }
)
"""Names of sealed values each option takes."""

NEEDED: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.CORRECTION, Option.CORRECT): ("changes",),
        (Kind.CORRECTION, Option.SUPPLEMENT): ("changes",),
        (Kind.CONSENT_WITHDRAWAL, Option.ALL): ("purposes",),
        (Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON): (SWITCHES,),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): (CHOSEN,),
    }
)
"""What work cannot start without. A request that lacks it is taken and waits: needs_info."""

INSTEAD: Final[Mapping[str, str]] = MappingProxyType({CHOSEN: REMOVED})
"""What does in place of something that is needed."""

NOT_OFFERED: Final = frozenset(
    {
        (Kind.PORTABILITY, Option.PUSH),
    }
)
"""Options that do not work yet. What is not offered is refused by name, never half done."""


def offered(kind: Kind) -> tuple[Option, ...]:
    """Return the options of *kind* that work."""
    return tuple(o for o in OPTIONS[kind] if (kind, o) not in NOT_OFFERED)


def taken(kind: Kind, option: Option) -> tuple[str, ...]:
    """Return the names of what may stand beside an option, in clear."""
    return ONLY.get((kind, option), PARAMETERS[kind])


def lacks(name: str, given: Container[str]) -> bool:
    """Return whether neither what is needed was given nor what does in its place."""
    return name not in given and INSTEAD.get(name, name) not in given


def needed(kind: Kind, option: Option) -> tuple[str, ...]:
    """Return the names without which work on this request cannot start."""
    return NEEDED.get((kind, option), ())
