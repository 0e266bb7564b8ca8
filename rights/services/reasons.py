"""
The catalogue of reasons: why something was not done, or was denied, and who may say so.

Words, laws and roles are in ``rights/catalogue/reasons.yaml``. A reason that no line of it allows
for a kind under a law does not exist there: "too much work" is no ground anywhere.

Source: PIPL 50; GB/T 35273-2020 8.7(f); GDPR 12(4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights import yaml_file
from rights.domain.kinds import Kind

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "reasons.yaml"
_OTHER: Final = "other"

Texts = Mapping[str, str]
"""Keys ``zh`` and ``en``."""


@dataclass(frozen=True, slots=True)
class Reason:
    """
    One reason.

    Args:
        leave_out: Staff may leave a single step out with it.
        leave_out_kinds: Kinds of which they may; none: those of ``deny`` and ``partly``.
        leave_out_laws: Families of laws under which they may; none: under any.
        limits_search: Only a search is left out with it, and that is written down.
        deny: Kind and family of laws under which a whole request may be denied with it.
        partly: The same, for a part that is left out before the plan is approved.
        by: Roles and scopes of staff; whoever denies with it must have one of them.
        facts: A denial must state the facts of the case.
        cites: It names a provision of a law or an administrative regulation.
        told_as: What is told in its place, with neither facts nor provision; empty: itself.
        drp: What the Data Rights Protocol calls it; empty when it is no reason for a denial.
        basis: Family of laws to the law that it rests on.
    """

    code: str
    texts: Texts
    leave_out: bool
    leave_out_kinds: frozenset[Kind]
    leave_out_laws: frozenset[str]
    limits_search: bool
    deny: frozenset[tuple[Kind, str]]
    partly: frozenset[tuple[Kind, str]]
    by: frozenset[str]
    facts: bool
    cites: bool
    told_as: str
    drp: str
    basis: Mapping[str, Texts]

    def denies(self, kind: Kind, regimes: Iterable[str]) -> bool:
        """Tell whether all of *regimes* allow denying *kind* with it; no regime allows nothing."""
        return _allowed(self.deny, kind, regimes)

    def leaves(self, kind: Kind, regimes: Iterable[str]) -> bool:
        """Tell whether all of *regimes* allow leaving a part of such a request out with it."""
        return _allowed(self.partly, kind, regimes)

    def is_about(self, kind: Kind) -> bool:
        """Tell whether it is a reason for a step of a request of this kind."""
        kinds = self.leave_out_kinds or {one for one, _ in self.deny | self.partly}
        return not kinds or kind in kinds

    def bases(self, regimes: Iterable[str]) -> list[Texts]:
        """Return the laws it rests on under *regimes*, none twice."""
        families = dict.fromkeys(family(name) for name in regimes)
        found = (self.basis.get(one, self.basis.get(_OTHER)) for one in families)
        return list({texts["en"]: texts for texts in found if texts}.values())


def _allowed(rules: frozenset[tuple[Kind, str]], kind: Kind, regimes: Iterable[str]) -> bool:
    families = {family(name) for name in regimes}
    return bool(families) and all((kind, one) in rules for one in families)


def family(regime: str) -> str:
    """Return the family of laws a regime belongs to: ``cn`` for ``cn_general``."""
    return regime.partition("_")[0]


@cache
def catalogue() -> Mapping[str, Reason]:
    """Return every reason by its code."""
    found: Mapping[str, Mapping[str, Any]] = yaml_file.read(_FILE)
    return MappingProxyType({code: _reason(code, said) for code, said in found.items()})


def _reason(code: str, said: Mapping[str, Any]) -> Reason:
    return Reason(
        code=code,
        texts={"zh": said["zh"], "en": said["en"]},
        leave_out=said.get("leave_out", False),
        leave_out_kinds=frozenset(map(Kind, said.get("leave_out_kinds", ()))),
        leave_out_laws=frozenset(said.get("leave_out_laws", ())),
        limits_search=said.get("limits_search", False),
        deny=_rules(said.get("deny", ())),
        partly=_rules(said.get("partly", ())),
        by=frozenset(said.get("by", ())),
        facts=said.get("facts", False),
        cites=said.get("cites", False),
        told_as=said.get("told_as", ""),
        drp=said.get("drp", ""),
        basis=said.get("basis", {}),
    )


def _rules(said: Iterable[Mapping[str, Any]]) -> frozenset[tuple[Kind, str]]:
    return frozenset(
        (Kind(kind), law) for rule in said for kind in rule["kinds"] for law in rule["laws"]
    )


def for_denying(kind: Kind, regimes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes with which a request of this kind can be denied under all of *regimes*."""
    laws = tuple(regimes)
    return tuple(code for code, reason in catalogue().items() if reason.denies(kind, laws))


def for_a_part(kind: Kind, regimes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes with which a part of such a request can be left out of its plan."""
    laws = tuple(regimes)
    return tuple(code for code, reason in catalogue().items() if reason.leaves(kind, laws))


def for_staff() -> tuple[str, ...]:
    """Return the codes with which a step of some request may be left out."""
    return tuple(code for code, one in catalogue().items() if one.leave_out)


def for_a_step(kind: Kind, regimes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes with which a step of such a request may be left out."""
    laws, known = {family(name) for name in regimes}, catalogue()
    return tuple(
        code
        for code in for_staff()
        if known[code].is_about(kind)
        and (not known[code].leave_out_laws or laws <= known[code].leave_out_laws)
    )


def told(code: str) -> str:
    """Return the code that a person is told in place of *code*; mostly itself."""
    known = catalogue().get(code)
    return known.told_as or code if known else code


def reason(code: str) -> dict[str, str]:
    """Return the words of a code, keys ``zh`` and ``en``."""
    known = catalogue().get(code) or catalogue()["left_out"]
    return dict(known.texts)
