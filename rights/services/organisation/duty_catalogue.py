"""
The catalogue of duties that follow from an organisation's size and trade.

Source: NDSR 28-33, 44, 46; PIPL 31, 51-58; audit measures (2025) 4, 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights.domain.compliance import Cadence, Clause, Duty, Rhythm
from rights.domain.errors import ConfigError
from rights.domain.organisation import FIGURES, FLAGS, LARGE, MOST
from rights.domain.staff import ROLES, SCOPES
from rights.services.located_yaml import Section, read

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "duties.yaml"
_BOUNDS: Final = ("least", "above", "most")
_CONFIDENCE: Final = ("A", "B")
_LEAP: Final = 2000


@cache
def catalogue() -> Mapping[str, Duty]:
    """Return the duties this product knows, by code. Raises ConfigError as :func:`parse`."""
    return parse(_FILE)


def parse(file: Path) -> Mapping[str, Duty]:
    """
    Read a catalogue.

    Raises:
        ConfigError: something in it is missing or wrong; all of it is named.
    """
    problems: list[str] = []
    found = {code: _duty(code, section) for code, section in read(file, problems).sections()}
    if problems:
        raise ConfigError("the catalogue of duties is wrong:", problems)
    return MappingProxyType(found)


def _duty(code: str, section: Section) -> Duty:
    made = Duty(
        code=code,
        when=tuple(_when(section)),
        citation=section.said("citation"),
        title=section.said("title"),
        about=section.said("about"),
        owner=_one_of(section, "owner", (*ROLES, *SCOPES)),
        cadence=_cadence(section),
        helps=section.text("helps", ""),
        starts=section.day("starts") or date.min,
        confidence=_one_of(section, "confidence", _CONFIDENCE),
    )
    section.done()
    if made.starts == date.min:
        section.complain("say from when the law asks for it", "starts")
    return made


def _one_of(section: Section, key: str, allowed: tuple[str, ...]) -> str:
    said = section.text(key)
    if said and said not in allowed:
        section.complain(f"must be one of {', '.join(allowed)}", key)
    return said


def _when(section: Section) -> Iterator[tuple[Clause, ...]]:
    section.seen.add("when")
    lines = section.values.get("when")
    if not isinstance(lines, list) or not lines:
        section.complain("say what brings it, as a list", "when")
        return
    for line in lines:
        clauses = [_clause(name, said) for name, said in line.items()] if _is(line) else []
        if not clauses or None in clauses:
            section.complain("is a list of figures with bounds, or things that are true", "when")
        yield tuple(one for one in clauses if one is not None)


def _is(line: object) -> bool:
    return isinstance(line, dict)


def _clause(name: str, said: Any) -> Clause | None:
    if name in (*FLAGS, LARGE):
        return Clause(name) if said is True else None
    if name not in FIGURES or not isinstance(said, dict) or not said:
        return None
    whole = all(type(n) is int and 0 <= n <= MOST for n in said.values())
    return Clause(name, **said) if whole and set(said) <= set(_BOUNDS) else None


def _cadence(section: Section) -> Cadence:
    if section.values.get("period") in (Rhythm.STANDING, Rhythm.ON_EVENT):
        return Cadence(Rhythm(section.text("period")))
    inside = section.section("period")
    if inside is None:
        section.complain("is standing, on_event, {yearly: MM-DD} or {months: N}", "period")
        return Cadence(Rhythm.STANDING)
    months = inside.has(Rhythm.MONTHS)
    made = (
        Cadence(Rhythm.MONTHS, months=inside.count(Rhythm.MONTHS))
        if months
        else Cadence(Rhythm.YEARLY, by=month_and_day(inside, Rhythm.YEARLY) or (12, 31))
    )
    inside.done()
    return made


def month_and_day(section: Section, key: str) -> tuple[int, int] | None:
    """Return a day that every year has, written 12-31; None, with a mistake noted, for another."""
    said = section.text(key)
    try:
        day = date.fromisoformat(f"{_LEAP}-{said}")
    except ValueError:
        day = date(_LEAP, 2, 29)
    if (day.month, day.day) == (2, 29):
        section.complain("say a day that every year has, like 06-30", key)
        return None
    return day.month, day.day
