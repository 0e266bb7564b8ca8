"""
How surely we must know who asks, per kind and option, and what each proof is worth.

0 none or session - 1 control of an identifier - 2 the strongest proof the account itself
has - 3 real name attested or matched. The table holds minima: nothing may lower them, and
the worker checks them again before it touches a store.

Source: NDSR 25(1)(1), 42; PIPL 15; E-Commerce Law 24; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        (Kind.EXPLANATION, Option.AUTOMATED_DECISION): 1,
        (Kind.EXPLANATION, Option.REFUSE_SOLE_AUTOMATION): 1,
    }
)
"""Where an option asks for another level than its kind."""


class Acr(StrEnum):
    """How a product backend says it authenticated the person it speaks for."""

    SESSION = "session"
    MFA = "mfa"
    REAL_NAME = "real_name"


def minimum(kind: Kind, option: Option) -> int:
    """Return the level below which no step of this request may run."""
    return BY_OPTION.get((kind, option), MINIMUM[kind])


def level(acr: Acr | None, codes: Iterable[str], *, cap: int) -> int:
    """
    Return what the proofs given so far are worth together.

    Args:
        acr: From a signed assertion of the product backend; None when there was none.
        codes: The types of the identifiers whose one-time code was answered. Two are worth
            the second level only if both stand on one account, which the worker makes sure of
            (``workflows/belonging.py``): here nobody has looked into a store.
        cap: The most that this backend's assertions may bring about, by setting.
    """
    contacts = len(set(codes))
    alone = min(contacts, 2)
    if acr is None:
        return alone
    attested = {Acr.SESSION: 1, Acr.MFA: 2, Acr.REAL_NAME: 2}[acr]
    if contacts:
        attested = 3 if acr is Acr.REAL_NAME else 2
    return max(alone, min(attested, cap))
