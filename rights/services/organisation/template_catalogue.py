"""
Which sections the document of each duty has, and which law asks for each of them.

Source: NDSR 30-33, 42-46; PIPL 31, 51-58; audit measures (2025) 3, 6, 11; as the catalogue cites.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rights.domain.compliance import Rhythm
from rights.domain.errors import ConfigError
from rights.services.located_yaml import Section, read
from rights.services.organisation.duty_catalogue import catalogue
from rights.services.reports import california, figures

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "duty_templates.yaml"

PROFILE: Final = "profile"
DONE: Final = "done"
DECLARED: Final = ("stores", "recipients")
_OF_REPORT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        figures.NAME: ("total", "kinds", "channels", "ages", "askers", "reasons", "others"),
        california.NAME: ("california",),
    }
)
"""Tables that a report has, by report."""


@dataclass(frozen=True, slots=True)
class Part:
    """
    One section of a document.

    Args:
        source: Empty: what the duty itself cites.
        filled: What is filled in: the profile, what was done, what the data map declares, tables.
        write: What people write there.
    """

    code: str
    title: Mapping[str, str]
    source: Mapping[str, str]
    filled: tuple[str, ...]
    write: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """
    The document of one duty.

    Args:
        report: Whose figures are in it.
        before: It is about the calendar year before the last day.
    """

    parts: tuple[Part, ...]
    report: str
    before: bool

    @property
    def tables(self) -> frozenset[str]:
        """Which tables of the report are in it."""
        named = {name for part in self.parts for name in part.filled}
        return frozenset(named & set(_OF_REPORT[self.report]))


@cache
def templates() -> Mapping[str, Template]:
    """Return the template of every duty, by its code. Raises ConfigError as :func:`parse`."""
    return parse(_FILE)


def parse(file: Path) -> Mapping[str, Template]:
    """
    Read a catalogue of templates.

    Raises:
        ConfigError: something in it is missing or wrong, or a duty has none; all of it is named.
    """
    problems: list[str] = []
    root = read(file, problems)
    parts = {code: _part(code, section) for code, section in root.sections("sections")}
    found = {code: _template(section, parts) for code, section in root.sections("templates")}
    root.done()
    for code in catalogue().keys() ^ found.keys():
        root.complain("is a duty without a template, or a template without its duty", code)
    used = {part.code for one in found.values() for part in one.parts}
    for code in parts.keys() - used:
        root.complain("is in no template", f"sections.{code}")
    for code, one in found.items():
        _fits(root, code, one)
    if problems:
        raise ConfigError("the catalogue of templates is wrong:", problems)
    return MappingProxyType(found)


def _part(code: str, section: Section) -> Part:
    source = section.said("source") if section.has("source") else MappingProxyType({})
    made = Part(code, section.said("title"), source, section.words("filled"), section.said("write"))
    section.done()
    return made


def _template(section: Section, parts: Mapping[str, Part]) -> Template:
    named = section.words("sections")
    for name in named:
        if name not in parts:
            section.complain(f"{name} is no section", "sections")
    if not named:
        section.complain("say which sections it has", "sections")
    report = section.text("report", figures.NAME)
    if report not in _OF_REPORT:
        section.complain(f"must be one of {', '.join(_OF_REPORT)}", "report")
    made = Template(
        tuple(parts[name] for name in named if name in parts),
        report if report in _OF_REPORT else figures.NAME,
        section.flag("before"),
    )
    section.done()
    return made


def _fits(root: Section, code: str, one: Template) -> None:
    """Note what its report has no table for, and a year before what has no year."""
    known = {PROFILE, DONE, *DECLARED, *_OF_REPORT[one.report]}
    for part in one.parts:
        if not known.issuperset(part.filled):
            root.complain(f"{part.code} asks for what nothing fills in", f"templates.{code}")
    duty = catalogue().get(code)
    if one.before and duty is not None and duty.cadence.rhythm is not Rhythm.YEARLY:
        root.complain("does not come every year", f"templates.{code}.before")
