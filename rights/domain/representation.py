"""
Who asks for whom, and what is missing from the authority to do so.

A representative is a second person. Nothing here says what was proved: only what the law asks
the word of a representative to say, and which of it was not said.

Source: PIPL 31, 49; Civil Code 23, 27, 28, 34, 165, 1045; Minors Regulation 34.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.kinds import Kind, Option


class Role(StrEnum):
    """As who somebody asks."""

    SELF = "self"
    GUARDIAN = "guardian"
    GUARDIAN_ADULT = "guardian_adult"
    AGENT = "agent"
    CLOSE_RELATIVE = "close_relative"


class AgeBand(StrEnum):
    """How old the person is whom a request is about, as far as the law distinguishes."""

    UNDER_14 = "under_14"
    FROM_14 = "14_17"
    ADULT = "adult"
    UNKNOWN = "unknown"


MINORS: Final = frozenset({AgeBand.UNDER_14, AgeBand.FROM_14})


class Scope(StrEnum):
    """What a power of attorney is for: to ask, or to receive what is answered as well."""

    SUBMIT = "submit"
    RECEIVE = "receive"


SUBJECT: Final = "subject"
REPRESENTATIVE: Final = "representative"
"""To which of two people results and packages go."""

RELATIONS: Final[Mapping[Role, tuple[str, ...]]] = MappingProxyType(
    {
        Role.SELF: (),
        Role.GUARDIAN: ("parent", "grandparent", "sibling", "appointed"),
        Role.GUARDIAN_ADULT: ("spouse", "parent", "child", "relative", "appointed"),
        Role.AGENT: ("lawyer", "relative", "organisation", "other"),
        Role.CLOSE_RELATIVE: (
            "spouse",
            "parent",
            "child",
            "sibling",
            "grandparent",
            "grandchild",
        ),
    }
)
"""What each may be to the person. Source: Civil Code 27, 28, 165, 1045."""

STATUTE_LISTS: Final = frozenset({Kind.ACCESS, Kind.COPY, Kind.CORRECTION, Kind.DELETION})
"""What close relatives of a deceased person may ask for by themselves. Source: PIPL 49."""

REVIEWED: Final = 3
"""The level that reviewed documents and a code to the representative's contact are worth."""

TEXTS: Final[Mapping[str, int]] = MappingProxyType({"name": 200, "interest": 2000})
"""What is said of an authority in words, and how many characters each may have."""

EVIDENCE: Final = "evidence"
INTEREST: Final = "interest"
POA_NAME: Final = "poa_name"
POA_MATTERS: Final = "poa_matters"
POA_MATTER: Final = "poa_matter"
POA_SCOPE: Final = "poa_scope"
POA_UNTIL: Final = "poa_until"
POA_EXPIRED: Final = "poa_expired"
POA_SIGNED: Final = "poa_signed"

GAPS: Final = (
    POA_NAME,
    POA_MATTERS,
    POA_MATTER,
    POA_SCOPE,
    POA_UNTIL,
    POA_EXPIRED,
    POA_SIGNED,
    INTEREST,
)
"""What the word of a representative can lack, by the name under which it is asked for."""

DOCUMENT_GAPS: Final = (
    EVIDENCE,
    "evidence_unreadable",
    "evidence_identity",
    "evidence_relation",
    "evidence_death",
    "evidence_authority",
)
"""What documents can lack: asked for by whoever looked at them."""


@dataclass(frozen=True, slots=True)
class Authority:
    """
    What a representative says they may do.

    Args:
        named: The representative's name was given.
        matters: The kinds the authority is for.
        until: The last day of its term.
        signed: The principal has signed it, or delegated here.
        interest: A statement of their own lawful interest was given.
    """

    named: bool = False
    matters: frozenset[Kind] = frozenset()
    scope: Scope | None = None
    until: date | None = None
    signed: bool = False
    interest: bool = False


def gaps(role: Role, kind: Kind, said: Authority, today: date) -> tuple[str, ...]:
    """
    Return the name of everything that is missing before *role* may ask for *kind*.

    Args:
        today: In the time zone of the law; the last day of a term still counts.
    """
    if role is Role.CLOSE_RELATIVE:
        return () if said.interest else (INTEREST,)
    if role is Role.GUARDIAN_ADULT:
        return tuple(_bounds(kind, said, today))
    if role is not Role.AGENT:
        return ()
    asked = ((POA_NAME, said.named), (POA_SCOPE, said.scope), (POA_SIGNED, said.signed))
    return (*(name for name, given in asked if not given), *_bounds(kind, said, today))


def _bounds(kind: Kind, said: Authority, today: date) -> Iterator[str]:
    """Yield what is missing from matter and term of an authority."""
    if not said.matters:
        yield POA_MATTERS
    elif kind not in said.matters:
        yield POA_MATTER
    if said.until is None:
        yield POA_UNTIL
    elif said.until < today:
        yield POA_EXPIRED


def receiver(role: Role, scope: Scope | None, band: AgeBand) -> str:
    """
    Return to whom results and packages go.

    An agent gets them only where the authority says so; those of a child go to the guardian.
    Source: Civil Code 165; Minors Regulation 34(1)(2).
    """
    if role is Role.AGENT:
        return REPRESENTATIVE if scope is Scope.RECEIVE else SUBJECT
    if role is Role.SELF:
        return REPRESENTATIVE if band is AgeBand.UNDER_14 else SUBJECT
    return REPRESENTATIVE


_WAITING: Final = frozenset(
    {Kind.COPY, Kind.CORRECTION, Kind.DELETION, Kind.ACCOUNT_CANCELLATION, Kind.PORTABILITY}
)


def guardian_confirms(role: Role, band: AgeBand, kind: Kind, option: Option) -> bool:
    """
    Return whether what a child asked for itself waits for its guardian's word.

    What protects it (restriction, withdrawal, opting out) runs at once; what gives data out or
    cannot be undone waits. Source: PIPL 31; Minors Regulation 33-34. Counsel should confirm.
    """
    if role is not Role.SELF or band is not AgeBand.UNDER_14:
        return False
    return kind in _WAITING or (kind, option) == (Kind.ACCESS, Option.RECORDS)
