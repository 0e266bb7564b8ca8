"""The words of the portal."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from rights.services import catalogue, words
from rights.services.words import LANGUAGES, Words

_FOLDER: Final = Path(__file__).parents[2] / "catalogue" / "portal"


@lru_cache(maxsize=len(LANGUAGES))
def of(language: str) -> Words:
    """Return the words of one language."""
    return Words(language, words.catalogue(_FOLDER, language))


def category(said: Words, name: str) -> str:
    """Return the words for a category of data, or its name in the data map."""
    return said.either(catalogue.categories().get(name, {}), name)


def identifier(said: Words, name: str, kind: str) -> str:
    """Return the words for a way of being recognised."""
    return said.find("identifiers", name) or said.say("identifier_kinds", kind, name=name)
