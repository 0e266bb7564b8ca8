"""
Keys that a person proves themselves with in place of a mailed code: what they are, how many
one person may have, and for how long guessing at one ends it.

Source: NDSR 9, 25(1)(1); PIPL 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class Way(StrEnum):
    """What a key is."""

    PASSKEY = "passkey"
    TOTP = "totp"


MOST: Final = 5
"""Keys that one person may have."""

NAME: Final = 60
"""Characters of the name that a person gives a key."""

STEP_S: Final = 30
"""Seconds that one code of an authenticator app is shown."""

SKEW: Final = 1
"""Steps by which the clock of a person's app may be ahead of ours or behind it."""

_FIRST: Final = timedelta(minutes=15)
_LONGEST: Final = timedelta(days=1)
_DOUBLINGS: Final = 7


def pause(wrong: int, *, tries: int) -> timedelta:
    """
    Return for how long a key is not asked after so many wrong codes in a row.

    After each *tries* of them a quarter of an hour, twice as long each time, a day at most: about
    fifty guesses in the first two days and five a day from then on.
    """
    rounds, left = divmod(wrong, tries)
    if left or not rounds:
        return timedelta()
    return min(_FIRST * (1 << min(rounds - 1, _DOUBLINGS)), _LONGEST)
