"""
How surely we must know who asks, per kind and option, and what each proof is worth.

0 none or session - 1 control of an identifier - 2 the strongest proof the account itself
has - 3 real name attested or matched. The table holds minima: nothing may lower them, and
the worker checks them again before it touches a store.

Source: NDSR 25(1)(1), 42; PIPL 15; E-Commerce Law 24; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.kinds import Kind, Option

MINIMUM: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.ACCESS: 2,
        Kind.COPY: 2,
        Kind.CORRECTION: 1,
        Kind.DELETION: 2,
        Kind.RESTRICTION: 1,
        Kind.CONSENT_WITHDRAWAL: 0,
        Kind.ACCOUNT_CANCELLATION: 2,
        Kind.PORTABILITY: 3,
        Kind.RECOMMENDATION_OPT_OUT: 0,
        Kind.EXPLANATION: 0,
    }
)

BY_OPTION: Final[Mapping[tuple[Kind, Option], int]] = MappingProxyType(
    {
        (Kind.ACCESS, Option.SUMMARY): 1,
        (Kind.ACCESS, Option.RECIPIENTS): 1,
        (Kind.ACCESS, Option.AI_USE): 1,
        (Kind.RESTRICTION, Option.OBJECT_MARKETING): 0,
        # Off needs no proof; on again, or a tag, is the person's own word, never the product's.
        (Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON): 1,
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): 1,
        (Kind.EXPLANATION, Option.AUTOMATED_DECISION): 1,
        (Kind.EXPLANATION, Option.REFUSE_SOLE_AUTOMATION): 1,
    }
)
"""Where an option asks for another level than its kind."""

CEILING: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.ACCESS: 2,
        Kind.COPY: 2,
        Kind.CORRECTION: 2,
        Kind.DELETION: 2,
        Kind.RESTRICTION: 1,
        Kind.CONSENT_WITHDRAWAL: 0,
        Kind.ACCOUNT_CANCELLATION: 2,
        Kind.PORTABILITY: 3,
        Kind.RECOMMENDATION_OPT_OUT: 0,
        Kind.EXPLANATION: 1,
    }
)
"""The level above which no deployment may raise a kind: what stops a use stays easy to ask for."""

CEILING_BY_OPTION: Final[Mapping[tuple[Kind, Option], int]] = MappingProxyType(
    {
        (Kind.RESTRICTION, Option.OBJECT_MARKETING): 0,
        (Kind.RESTRICTION, Option.LIFT): 2,
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_LIST): 1,
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE): 1,
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): 1,
        (Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON): 1,
        (Kind.EXPLANATION, Option.AUTOMATED_DECISION): 2,
    }
)
"""Where an option has another ceiling than its kind."""


class Acr(StrEnum):
    """How a product backend says it authenticated the person it speaks for."""

    SESSION = "session"
    MFA = "mfa"
    REAL_NAME = "real_name"


class Matched(StrEnum):
    """
    What a worker found to be right about the person of a request.

    The first two were typed, and are what the stores hold. The others are a bridge's word that the
    network identity of whoever stands there is bound to their account: with a real name that was
    found to be the one we hold, or without.
    """

    KNOWN_FACTS = "known_facts"
    REAL_NAME = "real_name"
    NETWORK_ACCOUNT = "network_account"
    NETWORK_IDENTITY = "network_identity"


WORTH: Final[Mapping[Matched, int]] = MappingProxyType(
    {
        Matched.KNOWN_FACTS: 2,
        Matched.REAL_NAME: 3,
        Matched.NETWORK_ACCOUNT: 2,
        Matched.NETWORK_IDENTITY: 3,
    }
)
"""What each is worth beside an answered code; without one they are worth nothing."""

BEFORE: Final[Mapping[Matched, int]] = MappingProxyType(
    {
        Matched.KNOWN_FACTS: 1,
        Matched.REAL_NAME: 2,
        Matched.NETWORK_ACCOUNT: 1,
        Matched.NETWORK_IDENTITY: 1,
    }
)
"""The level that has to be reached before each: a name that is typed comes after two details."""


def minimum(kind: Kind, option: Option) -> int:
    """Return the level below which no step of this request may run."""
    return BY_OPTION.get((kind, option), MINIMUM[kind])


def ceiling(kind: Kind, option: Option) -> int:
    """Return the level above which this request may not be made harder to ask for."""
    return CEILING_BY_OPTION.get((kind, option), CEILING[kind])


def level(
    acr: Acr | None, codes: Iterable[str], *, cap: int, matched: Iterable[Matched] = ()
) -> int:
    """
    Return what the proofs given so far are worth together.

    Args:
        acr: From a signed assertion of the product backend; None when there was none.
        codes: The types of the identifiers whose one-time code was answered. Two are worth
            the second level only if both stand on one account, which the worker makes sure of
            (``workflows/belonging.py``): here nobody has looked into a store.
        cap: The most that this backend's assertions may bring about, by setting.
        matched: What was found to be right beside a code. It never stands in place of one.
    """
    contacts = len(set(codes))
    alone = max(min(contacts, 2), *(WORTH[one] for one in matched), 0) if contacts else 0
    if acr is None:
        return alone
    attested = {Acr.SESSION: 1, Acr.MFA: 2, Acr.REAL_NAME: 2}[acr]
    if contacts:
        attested = 3 if acr is Acr.REAL_NAME else 2
    return max(alone, min(attested, cap))


KEY: Final = "key"
"""Among the answered codes: a key of the person's own, of those that :func:`key_counts` names."""


def key_counts(age: timedelta, *, trust: timedelta) -> bool:
    """
    Return whether a passkey or an authenticator app stands in place of a mailed code.

    Whoever took a session over could add one of their own, and everybody who can be reached is
    told when one is added. So one that is younger than *trust* is worth nothing alone.
    """
    return age >= trust
