"""
What a law says of why data has to go, may stay, is put out of use, or is objected to: values only.

Read from ``grounds`` of a regime file. A law without a table has the grounds of PIPL 47(1), which
``rights.domain.grounds`` knows by itself. Which row of a table applies to an item is settled there.

Source: GDPR 17(1), 17(3), 18(1), 21(1)-(3); LGPD 15, 16, 18 IV, 18 VI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.grounds import GDPR, PIPL, Ground
from rights.domain.regime import Regime, Source


class Exemption(StrEnum):
    """Why data stays although there is a ground. Source: GDPR 17(3)(a)-(e); LGPD 16 I-II."""

    EXPRESSION = "freedom_of_expression"
    LEGAL_OBLIGATION = "kept_by_legal_obligation"
    PUBLIC_HEALTH = "public_health"
    RESEARCH = "archiving_or_research"
    CLAIMS = "legal_claims"


class RestrictionGround(StrEnum):
    """Why data is put out of use. Source: GDPR 18(1)(a)-(d); LGPD 18 IV."""

    ACCURACY_CONTESTED = "accuracy_contested"
    UNLAWFUL_NOT_ERASED = "unlawful_not_erased"
    NEEDED_FOR_CLAIMS = "needed_for_claims"
    OBJECTION_PENDING = "objection_pending"
    EXCESSIVE = "unnecessary_or_excessive"


class Objection(StrEnum):
    """What a person objects to. Source: GDPR 21(1)-(3)."""

    OWN_SITUATION = "own_situation"
    DIRECT_MARKETING = "direct_marketing"


_OF_GDPR: Final = MappingProxyType(
    {
        "erase": tuple(one for one in Ground if one in GDPR),
        "keep": tuple(Exemption),
        "restrict": tuple(one for one in RestrictionGround if one != RestrictionGround.EXCESSIVE),
        "object": tuple(Objection),
    }
)

_OF_LGPD: Final = MappingProxyType(
    {
        "erase": (Ground.PURPOSE_ACHIEVED, Ground.CONSENT_WITHDRAWN, Ground.UNLAWFUL),
        "keep": (Exemption.LEGAL_OBLIGATION, Exemption.RESEARCH),
        "restrict": (RestrictionGround.UNLAWFUL_NOT_ERASED, RestrictionGround.EXCESSIVE),
        "object": (),
    }
)


def rows_of(family: str) -> Mapping[str, tuple[StrEnum, ...]]:
    """
    Return the rows that a table has to have, by section: those of the GDPR, but for Brazil.

    What LGPD 16 III and IV let be kept is no row: a transfer is not keeping, and what was made
    anonymous is what an erasure may leave.
    """
    return _OF_LGPD if family == "br" else _OF_GDPR


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of a table.

    Args:
        texts: By language: ``zh-CN`` and ``en``.
        absolute: Of an objection: nothing is weighed against it, so it is not refused for want of
            a ground.
        holds: Of a reason to keep: codes of the hold catalogue whose rows stay because of it.
    """

    code: str
    texts: Mapping[str, str]
    source: Source
    absolute: bool = False
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroundTable:
    """Every row of one law, by code, in the order of its articles."""

    erase: Mapping[str, Row]
    keep: Mapping[str, Row]
    restrict: Mapping[str, Row]
    object: Mapping[str, Row]

    def sections(self) -> Mapping[str, Mapping[str, Row]]:
        """Return the rows of each section by its name."""
        return {
            "erase": self.erase,
            "keep": self.keep,
            "restrict": self.restrict,
            "object": self.object,
        }


def erasing(names: Iterable[str], book: Mapping[str, Regime]) -> frozenset[Ground]:
    """
    Return the grounds on which data goes under any of the laws *names*: one is enough.

    A law that was taken away, or that none was named, is answered as PIPL.
    """
    found: set[Ground] = set()
    for law in [book.get(name) for name in names] or [None]:
        table = law.grounds if law else None
        found |= {Ground(code) for code in table.erase} if table else PIPL
    return frozenset(found)


def restricting(names: Iterable[str], book: Mapping[str, Regime]) -> tuple[str, ...]:
    """Return the grounds of restriction that the laws *names* know; none: they ask for none."""
    tables = [law.grounds for name in names if (law := book.get(name)) and law.grounds]
    return tuple(dict.fromkeys(code for table in tables for code in table.restrict))


def exempting(
    names: Iterable[str], book: Mapping[str, Regime], hold: str
) -> dict[str, tuple[str, ...]]:
    """
    Return what the laws *names* call that which a hold keeps rows by: code to those laws.

    Args:
        hold: A code of the hold catalogue. One that no law of these names is called nothing: a
            duty of another country's law is none of this one's exceptions.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        law = book.get(name)
        for row in law.grounds.keep.values() if law and law.grounds else ():
            if hold in row.holds:
                found[row.code] = (*found.get(row.code, ()), name)
    return found


def absolute(names: Iterable[str], book: Mapping[str, Regime], objection: Objection) -> bool:
    """Return whether one of the laws *names* lets nothing be weighed against an objection."""
    tables = [law.grounds for name in names if (law := book.get(name)) and law.grounds]
    return any((row := t.object.get(objection)) is not None and row.absolute for t in tables)
