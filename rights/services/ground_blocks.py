"""
The ``grounds`` of a regime file to a table: every row with its words, its source, how sure it is.

A row that is missing, or that nothing judges, is a mistake: a law is not half a law.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.ground_table import GroundTable, Row, rows_of
from rights.domain.kinds import Kind
from rights.services import reasons
from rights.services.hold_catalogue import catalogue as holds
from rights.services.located_yaml import Section
from rights.services.regime_blocks import source

_LANGUAGES: Final = ("zh-CN", "en")


def table(section: Section | None, regime: str) -> GroundTable | None:
    """Read the table of *regime*; None where its file has none."""
    if section is None:
        return None
    known = rows_of(reasons.family(regime))
    made = GroundTable(**{name: _rows(section, name, codes) for name, codes in known.items()})
    for code in set(made.keep) - set(reasons.for_denying(Kind.DELETION, (regime,))):
        section.complain(
            "is no reason with which a deletion is denied under this law", f"keep.{code}"
        )
    section.done()
    return made


def _rows(section: Section, name: str, known: tuple[StrEnum, ...]) -> Mapping[str, Row]:
    inside, found = section.section(name), dict[str, Row]()
    if inside is None:
        if not known:
            return {}
        section.complain(f"has no {name}: name {', '.join(sorted(known))}")
        return {}
    for code, said in inside.sections():
        if code not in set(known):
            said.complain(f"nothing judges it; known: {', '.join(sorted(known))}")
        texts = MappingProxyType({language: said.text(language) for language in _LANGUAGES})
        held = _held(said) if name == "keep" else ()
        found[code] = Row(code, texts, source(said), said.flag("absolute"), held)
        said.done()
    if missing := sorted(set(known) - set(found)):
        inside.complain(f"does not name {', '.join(missing)}")
    return MappingProxyType(found)


def _held(row: Section) -> tuple[str, ...]:
    """Return the codes of holds whose rows stay because of this, each known to the catalogue."""
    codes = row.words("holds") if row.has("holds") else ()
    for code in codes:
        if code not in holds().words:
            row.complain(f"{code} is no code of the hold catalogue", "holds")
    return codes
