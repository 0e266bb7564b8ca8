"""
The rights a person can use, and the options within each.

One enum for kinds and one for options; which option belongs to which kind is ``OPTIONS``.
Parameters (receiver, categories, purposes, ground …) stand beside the option.

Source: Network Data Security Management Regulation Arts. 23-25, 42; PIPL 24, 44-48.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """One right."""

    ACCESS = "access"
    COPY = "copy"
    CORRECTION = "correction"
    DELETION = "deletion"
    RESTRICTION = "restriction"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    ACCOUNT_CANCELLATION = "account_cancellation"
    PORTABILITY = "portability"
    RECOMMENDATION_OPT_OUT = "recommendation_opt_out"
    EXPLANATION = "explanation"


class Option(StrEnum):
    """A choice within a kind."""

    SUMMARY = "summary"
    RECORDS = "records"
    RECIPIENTS = "recipients"
    AI_USE = "ai_use"
    CORRECT = "correct"
    SUPPLEMENT = "supplement"
    DELETE = "delete"
    ANONYMISE = "anonymise"
    RESTRICT = "restrict"
    OBJECT_PUBLIC_INFO = "object_public_info"
    OBJECT_MARKETING = "object_marketing"
    LIFT = "lift"
    PULL = "pull"
    PUSH = "push"
    PERSONALISED_OFF = "personalised_off"
    PUSH_OFF = "push_off"
    TAGS_LIST = "tags_list"
    TAGS_DELETE = "tags_delete"
    TAGS_EDIT = "tags_edit"
    COMMERCIAL_MESSAGES_OFF = "commercial_messages_off"
    SWITCH_ON = "switch_on"
    RULES = "rules"
    AUTOMATED_DECISION = "automated_decision"
    REFUSE_SOLE_AUTOMATION = "refuse_sole_automation"
    ALL = "all"


OPTIONS: Final[Mapping[Kind, tuple[Option, ...]]] = MappingProxyType(
    {
        Kind.ACCESS: (Option.RECORDS, Option.SUMMARY, Option.RECIPIENTS, Option.AI_USE),
        Kind.COPY: (Option.ALL,),
        Kind.CORRECTION: (Option.CORRECT, Option.SUPPLEMENT),
        Kind.DELETION: (Option.DELETE, Option.ANONYMISE),
        Kind.RESTRICTION: (
            Option.RESTRICT,
            Option.OBJECT_PUBLIC_INFO,
            Option.OBJECT_MARKETING,
            Option.LIFT,
        ),
        Kind.CONSENT_WITHDRAWAL: (Option.ALL,),
        Kind.ACCOUNT_CANCELLATION: (Option.ALL,),
        Kind.PORTABILITY: (Option.PULL, Option.PUSH),
        Kind.RECOMMENDATION_OPT_OUT: (
            Option.PERSONALISED_OFF,
            Option.PUSH_OFF,
            Option.TAGS_LIST,
            Option.TAGS_DELETE,
            Option.TAGS_EDIT,
            Option.COMMERCIAL_MESSAGES_OFF,
            Option.SWITCH_ON,
        ),
        Kind.EXPLANATION: (
            Option.RULES,
            Option.AUTOMATED_DECISION,
            Option.REFUSE_SOLE_AUTOMATION,
        ),
    }
)
"""The options of each kind; the first is the default."""


def default_option(kind: Kind) -> Option:
    """Return the option that applies when the person names none."""
    return OPTIONS[kind][0]
