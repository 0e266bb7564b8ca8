"""The catalogue of reasons for what was not done, in words for the person."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return code to its words and who may use it."""
    text = files(__package__).joinpath("reasons.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


def for_staff() -> tuple[str, ...]:
    """Return the codes that a member of staff may give."""
    return tuple(code for code, words in catalogue().items() if words.get("staff"))


def reason(code: str) -> dict[str, str]:
    """Return the words of a code, keys ``zh`` and ``en``."""
    words = catalogue().get(code) or catalogue()["left_out"]
    return {"zh": str(words["zh"]), "en": str(words["en"])}
