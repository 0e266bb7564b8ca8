"""What was proved in one visit, here and now, beside the product's word."""

from __future__ import annotations

from sqlmodel import Session

from rights.domain.levels import level
from rights.services import key_letters
from rights.services.portal import Person

NEEDED = 2
"""The level at which a person's keys may be added and taken away."""


def fresh_level(session: Session, person: Person, visit: str, *, cap: int) -> int:
    """
    Return the level proved in *visit*; 0 where nothing was but the product's word.

    That word alone never counts here, however strong: whoever holds a portal token has it, and a
    key outlives it.

    Args:
        visit: A portal session, or whom a portal token stands for.
        cap: The most that this backend's assertions may bring about.
    """
    if not key_letters.answered(session, visit):
        return 0
    return level(person.acr, ["email"], cap=cap)
