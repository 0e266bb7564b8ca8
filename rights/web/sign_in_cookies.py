"""The cookies of sign-ins under way: what is in them no second browser has, and no provider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from rights.services.sign_in import pending

SECONDS: Final = pending.LIFE // timedelta(seconds=1)
_MOST: Final = 5
"""How many sign-ins one browser has under way: more would make its every call longer."""


def name(word: str, state: str) -> str:
    """Return the name of a sign-in's cookie: two tabs have two."""
    return word + pending.place(state[: pending.LONGEST])[:12]


def surplus(word: str, cookies: Iterable[str]) -> Sequence[str]:
    """Return the names of the cookies to take away before another sign-in is begun."""
    older = [one for one in cookies if one.startswith(word)]
    return older if len(older) >= _MOST else ()
