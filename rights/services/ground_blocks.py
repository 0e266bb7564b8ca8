"""
The ``grounds`` of a regime file to a table: every row with its words, its source, how sure it is.

A row that is missing, or that nothing judges, is a mistake: a law is not half a law.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.ground_table import (
    Exemption,
    GroundTable,
    Objection,
    RestrictionGround,
    Row,
)
from rights.domain.grounds import GDPR, Ground
from rights.domain.kinds import Kind
from rights.services import reasons
from rights.services.located_yaml import Section
from rights.services.regime_blocks import source

_LANGUAGES: Final = ("zh-CN", "en")


def table(section: Section | None, regime: str) -> GroundTable | None:
    """Read the table of *regime*; None where its file has none."""
    if section is None:
        return None
    made = GroundTable(
        _rows(section, "erase", tuple(one for one in Ground if one in GDPR)),
        _rows(section, "keep", tuple(Exemption)),
        _rows(section, "restrict", tuple(RestrictionGround)),
        _rows(section, "object", tuple(Objection)),
    )
    for code in set(made.keep) - set(reasons.for_denying(Kind.DELETION, (regime,))):
        section.complain(
            "is no reason with which a deletion is denied under this law", f"keep.{code}"
        )
    section.done()
    return made


def _rows(section: Section, name: str, known: tuple[StrEnum, ...]) -> Mapping[str, Row]:
    inside, found = section.section(name), dict[str, Row]()
    if inside is None:
        section.complain(f"has no {name}: name {', '.join(sorted(known))}")
        return {}
    for code, said in inside.sections():
        if code not in set(known):
            said.complain(f"nothing judges it; known: {', '.join(sorted(known))}")
        texts = MappingProxyType({language: said.text(language) for language in _LANGUAGES})
        found[code] = Row(code, texts, source(said), said.flag("absolute"))
        said.done()
    if missing := sorted(set(known) - set(found)):
        inside.complain(f"does not name {', '.join(missing)}")
    return MappingProxyType(found)
