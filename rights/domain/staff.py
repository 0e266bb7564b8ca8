"""
What holds for accounts of the privacy staff: their roles, how good a password has to be, and how
long somebody stays signed in.

Source: NDSR 9 (access control, authentication); PIPL 51; NIST SP 800-63B 5.1.1, 7.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from rights.domain.duties import AUTOMATION
from rights.domain.errors import FieldError, Invalid

ROLES: Final = ("reviewer", "approver", "verifier", "auditor", "admin")
"""What somebody's work is."""

SCOPES: Final = ("legal", "dpo")
"""What somebody may decide beyond their role."""

EVERY_ROLE: Final = (*ROLES, AUTOMATION)
"""Roles, the one of an automaton among them."""

KNOWN: Final = (*ROLES, *SCOPES, AUTOMATION)
"""Everything that can stand among the roles of an account."""

LONGEST_NAME: Final = 80
SHORTEST: Final = 12
"""Characters of a password; a second factor stands beside it."""

LONGEST: Final = 256
_DISTINCT: Final = 6


def check_password(password: str, name: str) -> None:
    """
    Make sure that a password is not one of those that are guessed first.

    Length counts, not a mixture of signs: what people are made to mix they write down.

    Args:
        name: Of whose it is to be.

    Raises:
        Invalid: it is too short, too long, of too few different signs, or has the name in it.
    """
    why = ""
    if len(password) < SHORTEST:
        why = f"has fewer than {SHORTEST} characters"
    elif len(password) > LONGEST:
        why = f"has more than {LONGEST} characters"
    elif len(set(password.casefold())) < _DISTINCT:
        why = f"has fewer than {_DISTINCT} different characters"
    elif name.strip() and name.strip().casefold() in password.casefold():
        why = "has your name in it"
    if why:
        raise Invalid("this password is not taken", [FieldError("password", why)])


def check_roles(roles: tuple[str, ...]) -> None:
    """
    Make sure that an account can have these.

    Raises:
        Invalid: one is unknown, there is none, or an automaton is to have a person's.
    """
    unknown = [one for one in roles if one not in KNOWN]
    mixed = AUTOMATION in roles and len(set(roles)) > 1
    if unknown or not roles or mixed:
        message = "has no place beside others" if mixed else "is none of the list"
        rule = "automation_alone" if mixed else "choose"
        raise Invalid(
            "these roles cannot be given", [FieldError("roles", message, KNOWN, rule=rule)]
        )


def role_pairs(said: Iterable[str]) -> Iterator[tuple[str, str]]:
    """
    Yield, of each ``group=role``, the group of a provider and the role that it gives.

    A group may have an equals sign in its name: a role has none.

    Raises:
        ValueError: one is written otherwise, or its role is no person's.
    """
    for one in said:
        group, _, role = one.rpartition("=")
        if not group.strip() or role.strip() not in (*ROLES, *SCOPES):
            raise ValueError(f"write group=role, with a role of: {', '.join((*ROLES, *SCOPES))}")
        yield group.strip(), role.strip()


def ends(
    created_at: datetime, seen_at: datetime, *, idle: timedelta, longest: timedelta
) -> datetime:
    """Return when somebody is signed out: after a while of nothing, at the latest in any case."""
    return min(seen_at + idle, created_at + longest)
