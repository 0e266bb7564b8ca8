"""
Other people's numbers and addresses: of what sort each is, and the form in which it is compared.

Source: NDSR 25(1)(4); PIPL 10.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from rights.domain.identifiers import normalise


class Sort(StrEnum):
    """What was found."""

    EMAIL = "email"
    MOBILE = "mobile"
    NATIONAL_ID = "national_id"
    BANK_CARD = "bank_card"
    PHONE = "phone"


def _folding() -> Mapping[int, str]:
    """Return every character that is written for an ASCII one, one to one."""
    out = {0xFF01 + n: chr(0x21 + n) for n in range(94)}
    for code in range(0x80, sys.maxunicode + 1):
        if unicodedata.category(chr(code)) == "Nd":
            out[code] = str(unicodedata.decimal(chr(code)))
    out |= dict.fromkeys(
        (0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x2060, 0x3000), " "
    )
    return out | dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE63), "-") | {0xFE6B: "@"}


_FOLD: Final = _folding()


def form_of(sort: Sort, value: str) -> str:
    """Return how a value that was found is compared."""
    if sort is Sort.EMAIL:
        return normalise(value, "email")
    if sort in (Sort.MOBILE, Sort.PHONE):
        return normalise(value, "e164")
    return plain(value)


def plain(text: str) -> str:
    """Return the letters and digits of *text* alone, as they are written in ASCII."""
    return "".join(c for c in folded(text) if c.isascii() and c.isalnum()).upper()


def folded(text: str) -> str:
    """Return *text* with every character that is written for an ASCII one as that one."""
    return text if text.isascii() else text.translate(_FOLD)
