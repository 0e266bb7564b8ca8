"""
The file in which an organisation describes itself, to its profile.

Everything wrong is named at once, with its line. A duty may be seen to earlier or more often than
the law asks, never later.

Source: NDSR 28, 62(8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rights.domain.compliance import ADJACENT, CII
from rights.domain.errors import ConfigError
from rights.domain.organisation import (
    FIGURES,
    FLAGS,
    LARGE,
    MOST,
    Decision,
    Pace,
    Profile,
    is_figure,
)
from rights.domain.plain_text import control
from rights.domain.terms import no_later
from rights.services.located_yaml import Section, read
from rights.services.organisation.duty_catalogue import catalogue, month_and_day

EARLIEST: Final = date(2021, 11, 1)
"""No profile is older: the day from which the PIPL holds."""

_LONGEST_BY: Final = 80


def profile(file: Path | None) -> Profile | None:
    """
    Return what the organisation says of itself; without a file, nothing.

    Raises:
        ConfigError: the file has mistakes; all of them are named.
    """
    if file is None:
        return None
    found, problems = examined(file)
    if problems:
        message = f"the organisation's profile has {len(problems)} mistake(s), correct each line"
        raise ConfigError(message, problems)
    return found


def examined(file: Path) -> tuple[Profile, list[str]]:
    """Return what *file* says, and every mistake in it."""
    problems: list[str] = []
    root = read(file, problems)
    found = Profile(
        since=_since(root),
        figures=MappingProxyType({name: _figure(root, name) for name in FIGURES}),
        flags=frozenset(name for name in FLAGS if root.flag(name)),
        decision=_decision(root),
        paces=MappingProxyType(dict(_paces(root.section("calendar")))),
    )
    root.done()
    _together(root, found)
    return found, problems


def _since(root: Section) -> date:
    said = root.day("since")
    if said is None or said < EARLIEST:
        root.complain(f"say from which day this holds: {EARLIEST} or later", "since")
    return said or EARLIEST


def _figure(root: Section, name: str) -> int:
    """Return a number of people; what is not said is none."""
    root.seen.add(name)
    value = root.values.get(name, 0)
    if is_figure(value):
        return int(value)
    root.complain(f"say {name} as a whole number of people, 0 to {MOST}", name)
    return 0


def _decision(root: Section) -> Decision | None:
    if not root.has(LARGE):
        return None
    section = root.section(LARGE)
    if section is None:
        root.complain("people decide this: say {decided: true, by: WHO, on: DATE}", LARGE)
        return None
    large, by, on = section.flag("decided", default=None), section.text("by"), section.day("on")
    section.done()
    if len(by) > _LONGEST_BY or control(by):
        section.complain(f"is one line of {_LONGEST_BY} characters at most", "by")
    if on is None:
        section.complain("say when it was decided", "on")
    return Decision(large, by, on or EARLIEST)


def _paces(section: Section | None) -> Iterator[tuple[str, Pace]]:
    if section is None:
        return
    for code, inside in section.sections():
        duty = catalogue().get(code)
        if duty is None or not duty.cadence.recurs:
            again = [one.code for one in catalogue().values() if one.cadence.recurs]
            section.complain(f"is no duty that comes again: {', '.join(again)}", code)
            continue
        pace = Pace(
            by=month_and_day(inside, "by") if inside.has("by") else None,
            months=inside.count("months") if inside.has("months") else None,
            last=inside.day("last"),
        )
        inside.done()
        for key in no_later(duty, pace):
            inside.complain("may be earlier or more often than the law asks, not later", key)
        yield code, pace
    section.done()


def _together(root: Section, found: Profile) -> None:
    """Note what cannot be so at the same time."""
    figures: Mapping[str, int] = found.figures
    for part in ("sensitive_persons", "californians"):
        if figures[part] > figures["persons"]:
            root.complain("is part of persons, and more than those", part)
    if {CII, ADJACENT} <= found.flags:
        root.complain("is for who is no CII operator: say is_ciio alone", ADJACENT)
