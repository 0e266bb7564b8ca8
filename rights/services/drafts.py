"""
Drafts: texts that staff begin a letter with, filled with what a request says, blanks for the rest.

They are facts in YAML, and a deployment adds its own; a mistake in them stops a process at its
start. A letter in which a blank is left is not sent.

Source: PIPL 7, 50; NDSR 23 (plain and complete answers).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.domain.plain_text import LONGEST, LONGEST_QUESTION, LONGEST_WHY
from rights.services.located_yaml import Section, read

ASK: Final = "ask"
"""Of a draft that asks the person for something: a question on one line, then why it is asked."""

USES: Final = ("message", "complaint", ASK)
"""Where a draft is offered: writing to the person of a request, answering a complaint, asking."""

FACTS: Final[Mapping[str, frozenset[str]]] = {
    "message": frozenset({"reference", "kind", "received", "due", "company", "contact"}),
    "complaint": frozenset({"reference", "received", "due", "company", "contact"}),
    ASK: frozenset({"reference", "kind", "received", "due", "company", "contact"}),
}
"""What is filled in, by where the draft is offered."""

_OURS: Final = Path(__file__).parents[1] / "catalogue" / "drafts.yaml"
_BLANK: Final = re.compile(r"\[\[[^\[\]]*\]\]")
_MARKS: Final = ("[[", "]]")


@dataclass(frozen=True, slots=True)
class Draft:
    """
    One text to begin with.

    Args:
        title, text: By language, all of :data:`LANGUAGES`.
        uses: Of :data:`USES`.
    """

    name: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    uses: tuple[str, ...]

    def filled(self, language: str, facts: Mapping[str, str]) -> str:
        """Return the text in one language with the facts in it; blanks stay."""
        return self.text[language].format_map(facts).strip()


def offered(own: Path | None, use: str) -> tuple[Draft, ...]:
    """
    Return the drafts for one use: ours, then a deployment's; one of the same name takes its place.

    Raises:
        ConfigError: its file has mistakes; all of them are named.
    """
    return tuple(one for one in _all(own) if use in one.uses)


def check(own: Path | None) -> None:
    """Read a deployment's drafts. Raises ConfigError, naming every mistake."""
    _all(own)


def refuse_blanks(text: str, *, field: str = "text") -> str:
    """Return a text that is whole. Raises Invalid: a blank was not filled in."""
    if any(mark in text for mark in _MARKS):
        wrong = FieldError(field, "still has a blank: [[…]]")
        raise Invalid("fill in every blank, or take it out", [wrong], code="blank_left")
    return text


@cache
def _all(own: Path | None) -> tuple[Draft, ...]:
    problems: list[str] = []
    found = {one.name: one for file in (_OURS, own) if file for one in _read(file, problems)}
    if problems:
        message = f"the drafts have {len(problems)} mistake(s), correct each line"
        raise ConfigError(message, problems)
    return tuple(found.values())


def _read(file: Path, problems: list[str]) -> Iterator[Draft]:
    root = read(file, problems)
    for name, section in root.sections("drafts"):
        uses = section.words("for")
        if not uses or not set(uses) <= {*USES}:
            section.complain(f"say for: with some of {', '.join(USES)}", "for")
        if ASK in uses and len(uses) > 1:
            section.complain("what asks for something is for nothing else", "for")
        title, text = (section.said(key) for key in ("title", "text"))
        for language, said in text.items():
            _examined(section, language, said, uses)
        section.done()
        yield Draft(name, title, text, uses)
    root.done()


def _examined(section: Section, language: str, text: str, uses: tuple[str, ...]) -> None:
    """Complain of a fact that is none, of a blank that is not closed, and of what is too long."""
    known = frozenset.intersection(*(FACTS[use] for use in uses if use in FACTS), FACTS["message"])
    where = f"text.{language}"
    try:
        parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError:
        section.complain("a { or } stands alone: write it twice where it is meant", where)
        return
    for _, name, form, turned in parts:
        if name not in known or form or turned:
            section.complain(f"{{{name}}} is no fact: use {', '.join(sorted(known))}", where)
    if any(mark in _BLANK.sub("", text) for mark in _MARKS):
        section.complain("a blank does not end, or does not begin: write [[…]]", where)
    if len(text) > LONGEST // 2:
        section.complain(f"is longer than {LONGEST // 2} characters", where)
    if ASK in uses:
        _asks(section, where, text)


def _asks(section: Section, where: str, text: str) -> None:
    """Complain of what is no question with its reason, or too long for a form."""
    question, _, why = text.strip().partition("\n")
    if not question.strip() or not why.strip():
        section.complain("has the question on its first line, and then why it is asked", where)
    if len(question) > LONGEST_QUESTION or len(why) > LONGEST_WHY:
        section.complain(
            f"a question has {LONGEST_QUESTION} characters at most, why {LONGEST_WHY}", where
        )
