"""
Passwords, as Argon2id hashes.

Each check costs memory on purpose, so only a few run at a time: whoever floods the sign-in page
waits in line behind themselves and takes no memory from the rest.

Source: RFC 9106; OWASP Password Storage (the first of its equal choices).
"""

from __future__ import annotations

from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_AT_A_TIME: Final = BoundedSemaphore(2)
_LONGEST: Final = 4096
"""Bytes that are looked at: a form may hold more, a password does not."""


@cache
def _hasher() -> PasswordHasher:
    import argon2  # noqa: PLC0415 - an API or portal process never needs it

    return argon2.PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)


@cache
def _nobodys() -> str:
    """Return a hash that is no account's: an unknown name takes as long as a wrong password."""
    return hashed("no account has this password")


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_A_TIME:
        return _hasher().hash(password)


def right(kept: str, password: str) -> bool:
    """Return whether this is the password; it takes as long where there is none."""
    import argon2  # noqa: PLC0415 - an API or portal process never needs it

    against = kept or _nobodys()
    if len(password.encode()) > _LONGEST:
        password = ""
    with _AT_A_TIME:
        try:
            found = _hasher().verify(against, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
    return found and bool(kept)


def outdated(kept: str) -> bool:
    """Return whether a hash was made with parameters that are not ours any more."""
    return _hasher().check_needs_rehash(kept)
