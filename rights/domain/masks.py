"""
What may be shown of a contact to somebody who only has to tell it apart from another one.

Source: PIPL 6, 51; GB/T 35273-2020 7.2.
"""

from __future__ import annotations

from typing import Final

HIDDEN: Final = "•••"
_LAST: Final = 2
_LEAST: Final = 7
"""Digits that a number has at least, for its last ones to be said."""


def mailbox(value: str) -> str:
    """Return a mail address of which no more is left than how its two parts begin, and its end."""
    name, _, domain = value.rpartition("@")
    host, _, ending = domain.rpartition(".")
    return f"{_begins(name)}@{_begins(host)}" + (f".{ending}" if ending and host else "")


def telephone(value: str) -> str:
    """Return the last two digits of a telephone number; of a short one nothing."""
    digits = [one for one in value if one.isdecimal()]
    return HIDDEN + ("".join(digits[-_LAST:]) if len(digits) >= _LEAST else "")


def _begins(part: str) -> str:
    """Return the first letter of what is longer than one."""
    return part[:1] * (len(part) > 1) + HIDDEN
