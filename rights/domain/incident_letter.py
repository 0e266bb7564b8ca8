"""
What people who were hit by a security incident are told: every element, in every language.

Source: PIPL 57; NDSR 11(2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from rights.domain.errors import FieldError, Invalid

LONGEST: Final = 2_000
"""Characters of one element in one language."""

Letter = Mapping[str, Mapping[str, str]]
"""Element to language to text."""


def checked(
    given: Mapping[str, object], elements: Collection[str], languages: Collection[str]
) -> dict[str, dict[str, str]]:
    """
    Return a letter without blanks around its texts.

    Raises:
        Invalid: an element is missing in a language, too long, or none that there is; names each.
    """
    wrong = [
        FieldError(name, "is no element", rule="not_here") for name in given if name not in elements
    ]
    wrong += _mistakes(given, elements, languages)
    if wrong:
        raise Invalid("the letter lacks what the law wants in it", wrong, code="letter_incomplete")
    return {name: {at: _text(given, name, at) for at in languages} for name in elements}


def _mistakes(
    given: Mapping[str, object], elements: Collection[str], languages: Collection[str]
) -> Iterator[FieldError]:
    for name in elements:
        for at in languages:
            text = _text(given, name, at)
            if not text:
                yield FieldError(f"{name}.{at}", "is missing", rule="missing")
            elif len(text) > LONGEST:
                yield FieldError(
                    f"{name}.{at}",
                    f"has more than {LONGEST} characters",
                    rule="too_long",
                    bound=str(LONGEST),
                )


def _text(given: Mapping[str, object], name: str, language: str) -> str:
    said = given.get(name)
    text = said.get(language) if isinstance(said, Mapping) else None
    return text.strip() if isinstance(text, str) else ""
