"""
How two spellings of one identifier are made the same before they are compared.

Normalising is total: whatever a store or a person hands in, something comparable comes out.
Whether a value looks like what it claims to be is a question of its own (`plausible`), asked
where people type.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_CHINESE_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_CHINESE_WITH_PREFIX: Final = re.compile(r"861[3-9][0-9]{9}")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL: Final = re.compile(
    r"[^@\s\x00-\x1f\x7f<>(),;:\"\[\]\\]{1,64}@[^@\s\x00-\x1f\x7f<>(),;:\"\[\]\\]{1,253}"
)
_URL: Final = re.compile(r"https?://[^\s/?#@]{1,253}(/[^\s#]*)")
_PORTS: Final = {"http": "(:80)+$", "https": "(:443)+$"}
_LONGEST: Final = 320


def normalise(value: str, how: str) -> str:
    """
    Return the form of *value* under which it is compared and looked up.

    Args:
        how: ``email``, ``e164``, ``lower``, ``url``, or empty: then only the space around it
            goes.

    Raises:
        ValueError: *how* is none of these, which the data map's loader should have refused.
    """
    rule = _RULES.get(how)
    if rule is None:
        raise ValueError(f"there is no way to normalise called {how!r}: use {sorted(_RULES)}")
    return rule(value)


def plausible(value: str, how: str) -> bool:
    """Tell whether *value* could be what it is said to be; nothing is looked up."""
    normal = normalise(value, how)
    if not normal or len(normal) > _LONGEST or not normal.isprintable():
        return False
    if how == "email":
        return _EMAIL.fullmatch(normal) is not None
    if how == "e164":
        return _E164.fullmatch(normal) is not None
    if how == "url":
        return _URL.fullmatch(normal) is not None
    return True


def _trimmed(value: str) -> str:
    return value.strip()


def _lower(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().lower()


def _e164(value: str) -> str:
    """
    Return ``+`` and digits.

    A number without a country is taken as Chinese when it has the form of a Chinese mobile
    number, and left as bare digits otherwise: guessing further would join two people.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    if text.startswith("+"):
        return f"+{digits}" if digits else ""
    if digits.startswith("00"):
        return f"+{digits[2:]}" if digits[2:] else ""
    if _CHINESE_MOBILE.fullmatch(digits):
        return f"+86{digits}"
    if _CHINESE_WITH_PREFIX.fullmatch(digits):
        return f"+{digits}"
    return digits


def _url(value: str) -> str:
    """
    Return the address of a public page as it is written once: host in small letters, no usual
    port, no part that only the browser reads. The path stays: there capitals may matter.

    It is compared, and never opened.
    """
    scheme, found, rest = unicodedata.normalize("NFKC", value).strip().partition("://")
    if not found:
        return scheme
    scheme, rest = scheme.lower(), rest.partition("#")[0].strip()
    host = re.split(r"[/?]", rest, maxsplit=1)[0]
    path = rest[len(host) :]
    name = re.sub(_PORTS.get(scheme, "$"), "", host.lower())
    return f"{scheme}://{name}{path if path.startswith('/') else '/' + path}"


_RULES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"": _trimmed, "email": _lower, "e164": _e164, "lower": _lower, "url": _url}
)
