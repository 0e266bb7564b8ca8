"""Plain text that somebody writes to somebody: what counts as nothing, and what as too long."""

from __future__ import annotations

import unicodedata
from typing import Final

from rights.domain.errors import FieldError, Invalid

LONGEST: Final = 10_000
"""Characters of one message, appeal or complaint."""

LONGEST_QUESTION: Final = 300
LONGEST_WHY: Final = 1_000
"""Characters of what the person is asked in words, and of why."""

_ALLOWED: Final = "\n\t"
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


def control(text: str) -> bool:
    """Return whether a text holds what no keyboard types: control characters, half characters."""
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in _ALLOWED for c in text)


def plain(text: str, *, field: str = "text", longest: int = LONGEST) -> str:
    """
    Return a text as it is kept: lines end with one character, nothing around it.

    Args:
        longest: Characters it may have.

    Raises:
        Invalid: nobody would see anything of it, it is too long, or holds control characters.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not any(unicodedata.category(c) not in _UNSEEN for c in lines):
        raise _wrong(field, "is empty", "missing")
    if len(lines) > longest:
        raise _wrong(field, f"is longer than {longest} characters", "too_long", str(longest))
    if control(lines):
        raise _wrong(field, "holds control characters", "control")
    return lines


def _wrong(field: str, message: str, rule: str, bound: str = "") -> Invalid:
    wrong = FieldError(field, message, rule=rule, bound=bound)
    return Invalid(f"{field} {message}", [wrong])
