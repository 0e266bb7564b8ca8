"""The words of the console."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from rights.services import words
from rights.services.words import LANGUAGES, Words

_FOLDER: Final = Path(__file__).parents[2] / "catalogue" / "console"


@lru_cache(maxsize=len(LANGUAGES))
def of(language: str) -> Words:
    """Return the words of one language."""
    return Words(language, words.catalogue(_FOLDER, language))
