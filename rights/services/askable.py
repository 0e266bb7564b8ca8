"""
What can be asked of a person about a request: points that it takes, and questions in words.

Source: NDSR 23; PIPL 50; GDPR 11(2), 12(2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rights.domain.conversation import CONVERSATIONS
from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import PREVAILS, SWITCHES, VALUES, WAIT_DAYS, taken
from rights.domain.plain_text import LONGEST_QUESTION, LONGEST_WHY, plain
from rights.domain.products import PRODUCTS
from rights.services import drafts
from rights.store.models import Request

MOST: Final = 12
"""Points of one list."""

IDENTIFY: Final = "identify_"
"""What the name of a question begins with that is for what would tell the person apart."""

_QUESTION: Final = "question_"
_IS_QUESTION: Final = re.compile(r"(?:question|identify)_[1-9][0-9]?")


@dataclass(frozen=True, slots=True)
class Point:
    """
    One thing to ask for.

    Args:
        name: What the request takes; empty for a question in words.
        question: One line; empty for what has a name.
        why: Why it is needed, in words for the person.
        identifies: The question is for what would tell the person apart. Source: GDPR 11(2).
    """

    name: str = ""
    question: str = field(default="", repr=False)
    why: str = field(default="", repr=False)
    identifies: bool = False


def is_question(name: str) -> bool:
    """Return whether a missing thing is a question in words, not something the request takes."""
    return _IS_QUESTION.fullmatch(name) is not None


def nameable(datamap: DataMap, kind: Kind, option: Option) -> tuple[str, ...]:
    """Return what staff can ask for by its name: what the person has a way to answer."""
    names = (*taken(kind, option), *VALUES.get((kind, option), ()))
    return tuple(n for n in dict.fromkeys(names) if _answerable(datamap, n))


def _answerable(datamap: DataMap, name: str) -> bool:
    there = {
        PRODUCTS: bool(datamap.products),
        SWITCHES: bool(datamap.switches),
        "decision": bool(datamap.decisions),
    }
    # Which conversations are meant is said with the request; the others are settled elsewhere.
    return name not in (PREVAILS, WAIT_DAYS, CONVERSATIONS) and there.get(name, True)


def names(points: Sequence[Point], before: int) -> list[str]:
    """Return a name for each point; questions are numbered on."""
    out, number = list[str](), before
    for point in points:
        number += not point.name
        kind = IDENTIFY if point.identifies else _QUESTION
        out.append(point.name or f"{kind}{number}")
    return out


def check(datamap: DataMap, request: Request, points: Sequence[Point]) -> list[Point]:
    """Return the points as they are kept. Raises Invalid with every mistake."""
    if not 1 <= len(points) <= MOST:
        wrong = FieldError(
            "points", f"is not a list of one to {MOST}", rule="count", bound=str(MOST)
        )
        raise Invalid("there is nothing that can be asked", [wrong])
    allowed = nameable(datamap, request.kind, request.option)
    errors, out, seen = list[FieldError](), list[Point](), set[str]()
    for place, point in enumerate(points):
        try:
            out.append(_one(point, f"points.{place}", allowed, seen))
        except Invalid as wrong:
            errors.extend(wrong.errors)
    if errors:
        raise Invalid("what is to be asked has mistakes", errors)
    for place, point in enumerate(out):
        for name, text in (("question", point.question), ("why", point.why)):
            drafts.refuse_blanks(text, field=f"points.{place}.{name}")
    return out


def _one(point: Point, path: str, allowed: tuple[str, ...], seen: set[str]) -> Point:
    if bool(point.name) == bool(point.question):
        raise _wrong(path, "has either a point or a question", "either")
    if point.identifies and not point.question:
        raise _wrong(f"{path}.identifies", "is said of a question in words", "of_a_question")
    if point.name and (point.name not in allowed or point.name in seen):
        message = "is asked twice" if point.name in seen else "is nothing this request takes"
        raise Invalid(message, [FieldError(f"{path}.point", message, allowed)])
    seen.add(point.name)
    question = point.question
    if question:
        question = plain(question, field=f"{path}.question", longest=LONGEST_QUESTION)
        if "\n" in question:
            raise _wrong(f"{path}.question", "has more than one line", "one_line")
    why = plain(point.why, field=f"{path}.why", longest=LONGEST_WHY)
    return Point(point.name, question, why, point.identifies)


def _wrong(path: str, message: str, rule: str) -> Invalid:
    return Invalid(message, [FieldError(path, message, rule=rule)])
