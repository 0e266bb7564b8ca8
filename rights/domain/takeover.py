"""
What somebody who took over an account, or only one address of it, must not get out of a request.

Three questions about a kind: are the contacts on file told that somebody asked, does "that was not
me" stop it, and is an address that was changed just now enough to prove it with.

Source: NDSR 9, 25(1)(1); PIPL 51, 57.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr, Matched, level

_WARNED: Final = frozenset({Kind.COPY, Kind.PORTABILITY, Kind.DELETION, Kind.ACCOUNT_CANCELLATION})
_PROTECTIVE: Final = frozenset(
    {Kind.RESTRICTION, Kind.CONSENT_WITHDRAWAL, Kind.RECOMMENDATION_OPT_OUT}
)
_DISCLOSING: Final = frozenset({Kind.ACCESS, Kind.EXPLANATION})

REAL_NAME: Final = 3
"""The level at which it no longer matters when an address was changed."""


def warned(kind: Kind, option: Option) -> bool:
    """Return whether every contact on file is told that this was asked for."""
    return kind in _WARNED or option is Option.RECORDS


def freezes(kind: Kind, option: Option) -> bool:
    """
    Return whether "that was not me" stops this.

    What only protects the person goes on; what ends such a protection does not.
    """
    return kind not in _PROTECTIVE or option in (Option.LIFT, Option.SWITCH_ON)


def discloses_or_erases(kind: Kind) -> bool:
    """Return whether this gives data away or destroys it."""
    return kind in _WARNED or kind in _DISCLOSING


def recent(changed_at: datetime | None, days: int, now: datetime) -> bool:
    """Return whether a contact was changed so lately that it is not trusted."""
    return changed_at is not None and days > 0 and changed_at > now - timedelta(days=days)


def doubted(
    changed_at: datetime | None, trusted_at: datetime | None, days: int, now: datetime
) -> bool:
    """Return whether a contact is not trusted: changed lately, and since staff vouched for it."""
    vouched = changed_at is not None and trusted_at is not None and changed_at <= trusted_at
    return recent(changed_at, days, now) and not vouched


def rests_on(
    acr: Acr | None,
    coded: Iterable[str],
    doubtful: Iterable[str],
    *,
    cap: int,
    needed: int,
    matched: Iterable[Matched] = (),
) -> bool:
    """
    Return whether a request would not have been let through without the doubtful contacts.

    Args:
        coded: Types of the identifiers whose code was answered and counts.
        doubtful: Those of them that are not trusted.
        matched: What was found to be right beside a code.
    """
    return level(acr, set(coded) - set(doubtful), cap=cap, matched=matched) < needed
