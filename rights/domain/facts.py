"""
How a fact that somebody types is compared with what a store holds.

Two spellings of one thing become the same text: full-width digits, spaces and invisible marks,
the reader's way of writing a date. What cannot be read comes to nothing, and nothing equals
nothing here: an empty column proves nobody.

Source: PIPL 6; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain.datamap import Field

ENOUGH: Final = 2
"""Different facts that stand beside a code for the second level."""

USUALLY: Final[Mapping[str, str]] = MappingProxyType(
    {"fact": "text", "real_name": "name", "id_number": "number"}
)
"""Kinds of proof that a data map may mark a field as, and how each is compared unless it says."""

LONGEST: Final = 200
"""Characters of one typed value; no fact that a person knows by heart is longer."""

_SHORTEST: Final = 2
_TAIL: Final = 4
_NEVER_EQUAL: Final = ""

_YEAR_FIRST: Final = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?:\D.*)?")
_BARE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\W+([a-z]+)\W+(\d{4})")
_MONTH_DAY: Final = re.compile(r"([a-z]+)\W+(\d{1,2})(?:st|nd|rd|th)?\W+(\d{4})")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_LAST_MONTH: Final = len(_MONTHS)


def compared(field: Field) -> str:
    """Return how a value that somebody typed is compared with what *field* holds."""
    return field.compare or USUALLY[field.proof]


def comparable(value: Any, how: str) -> str:
    """
    Return the form of *value* that is compared; empty for what proves nothing.

    Args:
        how: ``text``, ``name``, ``date``, ``digits``, ``last_four`` or ``number``.

    Raises:
        ValueError: *how* is none of these, which the data map's loader should have refused.
    """
    rule = _RULES.get(how)
    if rule is None:
        raise ValueError(f"nothing is compared as {how!r}: use {sorted(_RULES)}")
    if value is None or isinstance(value, bool):
        return _NEVER_EQUAL
    found = rule(_plain(str(value)))
    return found if len(found) >= _SHORTEST else _NEVER_EQUAL


def holds(given: str, held: Iterable[Any], how: str) -> bool:
    """
    Tell whether one of the values that a person's rows hold is what was given.

    Every value is looked at, and none is compared longer or shorter than another.
    """
    key = secrets.token_bytes(32)
    wanted = _digest(key, given)
    found = False
    for value in held:
        known = comparable(value, how)
        found |= hmac.compare_digest(wanted, _digest(key, known)) and bool(known) and bool(given)
    return found


def different(values: Iterable[str]) -> tuple[str, ...]:
    """
    Return those of *values* of which none is said by another.

    A date of birth says nothing beside the number that holds it, nor a city beside a street in
    it: whoever knows the one knows the other, so together they are one fact.
    """
    plain = sorted(dict.fromkeys(map(_squeezed, values)), key=len, reverse=True)
    out: list[str] = []
    for value in filter(None, plain):
        if not any(value in longer for longer in out):
            out.append(value)
    return tuple(out)


def beyond(values: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return those of *values* that say something beside the identifiers already proved."""
    proved = [_squeezed(_plain(one)) for one in known]
    return {
        name: value
        for name, value in values.items()
        if not any(_squeezed(value) in one for one in proved)
    }


def _digest(key: bytes, value: str) -> bytes:
    return hmac.digest(key, value.encode(), "sha256")


def _plain(value: str) -> str:
    """Return a text in one width and case, without marks that nobody sees."""
    folded = unicodedata.normalize("NFKC", value[: LONGEST * 5]).casefold()
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Mn"))


def _squeezed(value: str) -> str:
    return "".join(c for c in value if c.isalnum())


def _text(value: str) -> str:
    return "".join(value.split())


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isascii() and c.isdigit())


def _tail(value: str) -> str:
    found = _digits(value)
    return found[-_TAIL:] if len(found) >= _TAIL else _NEVER_EQUAL


def _number(value: str) -> str:
    return "".join(c for c in value if c.isascii() and c.isalnum())


def _date(value: str) -> str:
    """Return a day as year-month-day; nothing where two readings are possible."""
    text = value.strip()
    for form in (_YEAR_FIRST, _BARE):
        if match := form.fullmatch(text):
            return _day(*match.groups())
    if match := _YEAR_LAST.fullmatch(text):
        return _of_two(*match.groups())
    if match := _DAY_MONTH.fullmatch(text):
        return _day(match[3], _month(match[2]), match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return _day(match[3], _month(match[1]), match[2])
    return _NEVER_EQUAL


def _of_two(first: str, second: str, year: str) -> str:
    """Return a day of which the year stands last, if only one of the others can be the month."""
    if first == second or int(first) > _LAST_MONTH:
        return _day(year, second, first)
    return _day(year, first, second) if int(second) > _LAST_MONTH else _NEVER_EQUAL


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3]) + 1) if name[:3] in _MONTHS else "0"


def _day(year: str, month: str, day: str) -> str:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return _NEVER_EQUAL


_RULES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "text": _text,
        "name": _squeezed,
        "date": _date,
        "digits": _digits,
        "last_four": _tail,
        "number": _number,
    }
)

COMPARISONS: Final = tuple(_RULES)
"""The ways to compare, as data maps spell them."""
