"""The words of the notices: one catalogue per language, the same keys in each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rights.services import words as catalogues
from rights.services.words import LANGUAGES, Words, language_of

__all__ = ["LANGUAGES", "Words", "catalogue", "language_of", "words"]

_FOLDER: Final = Path(__file__).with_name("words")


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """Return the words of one of :data:`LANGUAGES`."""
    return Words(language, catalogue(language))


def catalogue(language: str) -> Mapping[str, Any]:
    """Return everything that can be said, as the file has it."""
    return catalogues.catalogue(_FOLDER, language)
