"""The words that people read: one catalogue per language, the same keys in each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton

from rights import yaml_file
from rights.domain.wording import filled

LANGUAGES: Final = ("zh-CN", "en")
_LEAP: Final = 2000
_KEPT: Final = 4_096
"""Days, moments and numbers whose words are kept: a page says the same ones again and again."""


class Words:
    """
    One language.

    Args:
        language: One of :data:`LANGUAGES`.
    """

    def __init__(self, language: str, catalogue: Mapping[str, Any]) -> None:
        self.language = language
        self.chinese = language == "zh-CN"
        self._catalogue = catalogue
        self._locale = Locale.parse(language, sep="-")

    def say(self, *path: str, **values: object) -> str:
        """
        Return the sentence at *path*, filled in.

        Raises:
            KeyError: there is none; a test sees to it that there is one for every code of ours.
        """
        return filled(str(self._at(path)), values)

    def find(self, *path: str) -> str:
        """Return the words at *path* as they are, or nothing."""
        try:
            found = self._at(path)
        except (KeyError, TypeError):  # TypeError: the path goes on beyond words
            return ""
        return found if isinstance(found, str) else ""

    def codes(self, *path: str) -> Mapping[str, str]:
        """Return the words of every code below a path; nothing where there is none."""
        found = self._at(path)
        return dict(found) if isinstance(found, Mapping) else {}

    def moment(self, at: datetime, zone: tzinfo) -> str:
        """Return a moment as people of this language write it, with its distance to UTC."""
        return _moment(at, self.say("moment"), zone, self._locale)

    def number(self, number: int) -> str:
        """Return a number as people of this language write it."""
        return _number(number, self._locale)

    def day(self, day: date) -> str:
        """Return a day as people of this language write it."""
        return _day(day, self._locale)

    def day_of_year(self, month: int, day: int) -> str:
        """Return a day that comes every year as people of this language write it."""
        return str(format_skeleton("MMMMd", date(_LEAP, month, day), locale=self._locale))

    def join(self, sentences: list[str]) -> str:
        """Put sentences behind each other."""
        return ("" if self.chinese else " ").join(sentences)

    def listed(self, things: list[str]) -> str:
        """Name several things."""
        return ("、" if self.chinese else ", ").join(things)

    def laws(self, bases: list[str]) -> str:
        """Name several laws, whose own names have commas in them."""
        return ("；" if self.chinese else "; ").join(bases)

    def either(self, text: Mapping[str, str], otherwise: str = "") -> str:
        """Return a text of the data map in this language, else in the other one."""
        chinese = next((text[k] for k in ("zh-CN", "zh", "zh_CN") if text.get(k)), "")
        english = text.get("en", "")
        return ((chinese or english) if self.chinese else (english or chinese)) or otherwise

    def _at(self, path: tuple[str, ...]) -> Any:
        found: Any = self._catalogue
        for name in path:
            found = found[name]
        return found


@lru_cache(_KEPT)
def _moment(at: datetime, pattern: str, zone: tzinfo, locale: Locale) -> str:
    return format_datetime(at, pattern, tzinfo=zone, locale=locale)


@lru_cache(_KEPT)
def _day(day: date, locale: Locale) -> str:
    return format_date(day, format="long", locale=locale)


@lru_cache(_KEPT, typed=True)
def _number(number: int, locale: Locale) -> str:
    from babel.numbers import format_decimal  # noqa: PLC0415 - 2 MB that an API alone never needs

    return str(format_decimal(number, locale=locale))


def language_of(locale: str) -> str:
    """Return the language we write to somebody in: English if asked for, else Chinese."""
    return "en" if locale.replace("_", "-").partition("-")[0].lower() == "en" else "zh-CN"


def catalogue(folder: Path, language: str) -> Mapping[str, Any]:
    """Return everything that *folder* can say in one language, as the file has it."""
    found: dict[str, Any] = yaml_file.read(folder / f"{language}.yaml")
    return found
