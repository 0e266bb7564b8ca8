"""
Words for people, in zh-CN and en: from ``words.yaml``, ``rights/catalogue/categories.yaml`` and
from titles in the data map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from markupsafe import escape

from rights import yaml_file
from rights.services import catalogue

_FILE: Final = Path(__file__).with_name("words.yaml")
_PERIOD: Final = re.compile(r"(\d+)([dwmy])")
_CHINESE: Final = ("zh-CN", "zh", "zh_CN")


class Both(NamedTuple):
    """One text in both languages; a page shows the one its reader chose."""

    zh: str
    en: str

    def to_json(self) -> dict[str, str]:
        """Return it as the manifest spells it."""
        return {"zh-CN": self.zh, "en": self.en}

    def __html__(self) -> str:
        """Return it as templates insert it."""
        if self.zh == self.en:
            return str(escape(self.zh))
        return (
            f'<span lang="zh-CN">{escape(self.zh)}</span><span lang="en">{escape(self.en)}</span>'
        )


def both(text: Mapping[str, str], otherwise: str = "") -> Both:
    """Read a title of the data map; one language stands in for the other."""
    zh = next((text[k] for k in _CHINESE if text.get(k)), "")
    en = text.get("en", "")
    return Both(zh or en or otherwise, en or zh or otherwise)


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[str, Mapping[str, Both]]:
    raw = {**yaml_file.read(_FILE), "categories": catalogue.categories()}
    return {k: {name: both(words) for name, words in v.items()} for k, v in raw.items()}


def word(kind: str, name: str) -> Both:
    """Return the words for *name* in the catalogue's section *kind*, or *name* itself."""
    return _catalogue()[kind].get(name) or Both(name, name)


@lru_cache(maxsize=512)
def basis(text: str) -> Both:
    """Say a legal basis; ``consent:<purpose>`` names what was agreed to."""
    name, _, purpose = text.partition(":")
    zh, en = word("bases", name)
    return Both(f"{zh}（{purpose}）", f"{en} ({purpose})") if purpose else Both(zh, en)


@lru_cache(maxsize=512)
def period(text: str) -> Both:
    """Say ``3y``, ``6m`` or ``30d``."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return Both(text, text)
    count, unit = found.groups()
    zh, en = word("periods", unit)
    return Both(f"{count} {zh}", f"{count} {en.removesuffix('s') if count == '1' else en}")
