"""
Portal tokens: a backend's word about its signed-in user, good for ten minutes.

Whoever holds one acts as that person and reaches that person's own requests, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rights.domain.errors import Unauthenticated
from rights.domain.levels import Acr
from rights.services import subjects, tokens
from rights.services.context import Context

LIFE: Final = timedelta(minutes=10)
PREFIX: Final = "pt_"
_SALT: Final = "portal"


@dataclass(frozen=True, slots=True)
class Person:
    """
    Who a portal token speaks for.

    Args:
        attested: The identifier types that a signed assertion vouched for.
        acr: How the backend authenticated the person; None without an assertion.
        subjects: "The same person" under every live key.
    """

    backend_id: str
    identifiers: Mapping[str, str] = field(repr=False)
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None
    subjects: tuple[str, ...] = field(default=(), repr=False)


def issue(
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    *,
    attested: frozenset[str],
    acr: Acr | None,
    now: datetime,
) -> tuple[str, datetime]:
    """Return a token for this person and when it ends."""
    expires_at = now + LIFE
    content = {
        "b": backend_id,
        "i": dict(identifiers),
        "a": sorted(attested),
        "r": str(acr) if acr else None,
    }
    token = tokens.make(context.vault, _SALT, content, expires_at=expires_at)
    return f"{PREFIX}{token}", expires_at


def read(context: Context, token: str, *, now: datetime) -> Person:
    """
    Return the person behind a token.

    Raises:
        Unauthenticated: it is none of ours, or its time is over.
    """
    if not token.startswith(PREFIX):
        raise Unauthenticated("the token is not valid: ask for a new one", code="bad_token")
    content = tokens.read(context.vault, _SALT, token.removeprefix(PREFIX), now=now)
    identifiers = content["i"]
    return Person(
        backend_id=content["b"],
        identifiers=identifiers,
        attested=frozenset(content["a"]),
        acr=Acr(content["r"]) if content["r"] else None,
        subjects=subjects.subjects_of(context.vault, context.datamap, identifiers),
    )
