"""
What a plan warns of, in the words of whoever reads it.

A plan keeps a code, a place and names of the schema; the words are in
``rights/catalogue/plan_warnings.yaml``. A plan made before there were codes keeps its sentences,
which are in English: what was approved is what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file

TRIGGER: Final = "trigger"
KEY_WITHOUT_LINK: Final = "key_without_link"
KEY_OF_ROWS_THAT_STAY: Final = "key_of_rows_that_stay"
KEY_WITHOUT_INDEX: Final = "key_without_index"

Warned = str | Mapping[str, str]
"""As a plan keeps it: ``code``, ``place`` and what the words of the code name; or a sentence."""

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "plan_warnings.yaml"
_KEYS: Final = {"zh-CN": "zh", "en": "en"}


@cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the words of the catalogue file: by code, ``what`` and ``remedy`` by language."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def what(code: str, names: Mapping[str, str], language: str = "en") -> str:
    """Return what is the case. Raises KeyError: an unknown code, or a name that is missing."""
    return words()[code]["what"][_KEYS[language]].format(**names)


def remedy(code: str, names: Mapping[str, str], language: str = "en") -> str:
    """Return what to do about it. Raises KeyError: an unknown code, or a name that is missing."""
    return words()[code]["remedy"][_KEYS[language]].format(**names)


def told(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Return what a plan warns of for whoever reads it, JSON-native.

    Each has ``code`` and ``place``, both empty for a sentence of an older plan, and ``text`` by
    language, which for such a sentence has English alone.
    """
    return [_one(warned) for warned in plan["warnings"]]


def _one(warned: Warned) -> dict[str, Any]:
    if isinstance(warned, str):
        return {"code": "", "place": "", "text": {"en": warned.removeprefix("warning: ")}}
    code, place = warned["code"], warned["place"]
    text = {language: _line(warned, language) for language in _KEYS}
    return {"code": code, "place": place, "text": text}


def _line(warned: Mapping[str, str], language: str) -> str:
    code = warned["code"]
    colon = "：" if language == "zh-CN" else ": "
    said, do = what(code, warned, language), remedy(code, warned, language)
    return f"{warned['place']}{colon}{said} → {do}"
