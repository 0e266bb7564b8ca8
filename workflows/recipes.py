"""
What each right means in work: phases of one action over one scope of the data map.

The phases run one after another; the stores of one phase run side by side. This table is
the whole product in a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from connectors.sdk import Expect, Verb
from rights.domain.actions import Action
from rights.domain.kinds import OPTIONS, Kind, Option

VERBS: Final[Mapping[Action, Verb]] = MappingProxyType(
    {
        Action.COUNT: Verb.LOCATE,
        Action.COLLECT: Verb.COLLECT,
        Action.CORRECT: Verb.CORRECT,
        # A row that is not there is supplemented: no connector needs a verb of its own for it.
        Action.CHOOSE: Verb.CORRECT,
        Action.ERASE: Verb.ERASE,
        Action.RESTRICT: Verb.RESTRICT,
        Action.SUPPRESS: Verb.SUPPRESS,
        Action.CLOSE: Verb.CLOSE,
        # Both set the other value of what was set: no connector needs a verb of its own for it.
        Action.LIFT: Verb.RESTRICT,
        Action.RESUME: Verb.SUPPRESS,
        Action.VERIFY: Verb.VERIFY,
    }
)
"""The connector verb behind each action that touches a store."""


class Scope(StrEnum):
    """Which collections a phase is about."""

    NONE = "none"
    EVERY = "every"
    LEAVES = "leaves"
    ROOTS = "roots"
    DERIVED = "derived"
    ACCOUNTS = "accounts"
    FIELDS = "fields"
    RESTRICTABLE = "restrictable"
    LIFTED = "lifted"
    SWITCHES = "switches"
    TAGS = "tags"
    CHOICES = "choices"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Phase:
    """
    One phase of a recipe.

    Args:
        expect: For VERIFY: what the effect should have left.
    """

    action: Action
    scope: Scope = Scope.NONE
    expect: Expect | None = None


_PACKAGE = Phase(Action.PACKAGE)
_READ = (Phase(Action.COLLECT, Scope.EVERY), _PACKAGE)
_TELL = (_PACKAGE,)
_CORRECT = (
    Phase(Action.CORRECT, Scope.FIELDS),
    Phase(Action.VERIFY, Scope.FIELDS, Expect.CORRECTED),
    Phase(Action.RECOMPUTE),
)
_ERASE = (
    Phase(Action.ERASE, Scope.LEAVES),
    Phase(Action.ERASE, Scope.ROOTS),
    # What is made from other stores may have been filled again from them in the meantime.
    Phase(Action.ERASE, Scope.DERIVED),
    Phase(Action.VERIFY, Scope.EVERY, Expect.ERASED),
)
_SWITCH = (
    Phase(Action.SUPPRESS, Scope.SWITCHES),
    Phase(Action.VERIFY, Scope.SWITCHES, Expect.SUPPRESSED),
)

RECIPES: Final[Mapping[tuple[Kind, Option], tuple[Phase, ...]]] = MappingProxyType(
    {
        (Kind.ACCESS, Option.RECORDS): _READ,
        (Kind.ACCESS, Option.SUMMARY): (Phase(Action.COUNT, Scope.EVERY), _PACKAGE),
        (Kind.ACCESS, Option.RECIPIENTS): _TELL,
        (Kind.ACCESS, Option.AI_USE): _TELL,
        (Kind.COPY, Option.ALL): _READ,
        (Kind.PORTABILITY, Option.PULL): _READ,
        (Kind.CORRECTION, Option.CORRECT): _CORRECT,
        (Kind.CORRECTION, Option.SUPPLEMENT): _CORRECT,
        (Kind.DELETION, Option.DELETE): _ERASE,
        (Kind.DELETION, Option.ANONYMISE): _ERASE,
        (Kind.ACCOUNT_CANCELLATION, Option.ALL): (
            Phase(Action.CLOSE, Scope.ACCOUNTS),
            *_ERASE,
        ),
        (Kind.RESTRICTION, Option.RESTRICT): (
            Phase(Action.RESTRICT, Scope.RESTRICTABLE),
            Phase(Action.VERIFY, Scope.RESTRICTABLE, Expect.RESTRICTED),
        ),
        (Kind.RESTRICTION, Option.OBJECT_MARKETING): _SWITCH,
        # What is held already goes by a deletion of its own: see services/unasked.py.
        (Kind.RESTRICTION, Option.OBJECT_PUBLIC_INFO): _SWITCH,
        (Kind.RESTRICTION, Option.LIFT): (
            Phase(Action.LIFT, Scope.LIFTED),
            Phase(Action.RESUME, Scope.SWITCHES),
            Phase(Action.VERIFY, Scope.LIFTED, Expect.RESTRICTED),
            Phase(Action.VERIFY, Scope.SWITCHES, Expect.SUPPRESSED),
        ),
        (Kind.CONSENT_WITHDRAWAL, Option.ALL): _SWITCH,
        (Kind.RECOMMENDATION_OPT_OUT, Option.PERSONALISED_OFF): _SWITCH,
        (Kind.RECOMMENDATION_OPT_OUT, Option.PUSH_OFF): _SWITCH,
        (Kind.RECOMMENDATION_OPT_OUT, Option.COMMERCIAL_MESSAGES_OFF): _SWITCH,
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_LIST): (
            Phase(Action.COLLECT, Scope.TAGS),
            _PACKAGE,
        ),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE): (
            Phase(Action.ERASE, Scope.TAGS),
            Phase(Action.VERIFY, Scope.TAGS, Expect.ERASED),
        ),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): (
            Phase(Action.ERASE, Scope.TAGS),
            Phase(Action.CHOOSE, Scope.CHOICES),
            Phase(Action.VERIFY, Scope.TAGS, Expect.ERASED),
            Phase(Action.VERIFY, Scope.CHOICES, Expect.ADDED),
        ),
        (Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON): (
            Phase(Action.RESUME, Scope.SWITCHES),
            Phase(Action.VERIFY, Scope.SWITCHES, Expect.SUPPRESSED),
        ),
        (Kind.EXPLANATION, Option.RULES): _TELL,
        (Kind.EXPLANATION, Option.AUTOMATED_DECISION): (
            Phase(Action.COLLECT, Scope.DECISIONS),
            Phase(Action.REVIEW),
            _PACKAGE,
        ),
        (Kind.EXPLANATION, Option.REFUSE_SOLE_AUTOMATION): (*_SWITCH, Phase(Action.REVIEW)),
    }
)
"""Every option that is offered, and how it is done."""

BY_PURPOSE: Final[Mapping[tuple[Kind, Option], tuple[Phase, ...]]] = MappingProxyType(
    {(Kind.RESTRICTION, Option.RESTRICT): _SWITCH}
)
"""How an option is done for the purposes that were named, where it differs from doing it whole."""

WHILE_WAITING: Final[tuple[Phase, ...]] = (
    Phase(Action.RESTRICT, Scope.RESTRICTABLE),
    Phase(Action.SUPPRESS, Scope.SWITCHES),
    Phase(Action.VERIFY, Scope.RESTRICTABLE, Expect.RESTRICTED),
    Phase(Action.VERIFY, Scope.SWITCHES, Expect.SUPPRESSED),
)
"""What is put out of use while somebody waits before their account is cancelled."""

SWITCH_NAMES: Final[Mapping[tuple[Kind, Option], tuple[str, ...]]] = MappingProxyType(
    {
        (Kind.RESTRICTION, Option.OBJECT_MARKETING): ("commercial_messages", "personalised"),
        (Kind.RESTRICTION, Option.OBJECT_PUBLIC_INFO): ("public_info",),
        (Kind.RECOMMENDATION_OPT_OUT, Option.PERSONALISED_OFF): ("personalised",),
        (Kind.RECOMMENDATION_OPT_OUT, Option.PUSH_OFF): ("push",),
        (Kind.RECOMMENDATION_OPT_OUT, Option.COMMERCIAL_MESSAGES_OFF): ("commercial_messages",),
    }
)
"""The data map switches that an option turns off; consents and decisions name theirs."""

SWITCHED_OFF_WAITING: Final = ("commercial_messages", "personalised", "push")
"""The switches that :data:`WHILE_WAITING` turns off."""

TAGS_SWITCH: Final = "tags"
"""The switch that names where tags live."""


def known() -> frozenset[tuple[Kind, Option]]:
    """Return every kind and option of the vocabulary, for the completeness test."""
    return frozenset((kind, option) for kind, options in OPTIONS.items() for option in options)
