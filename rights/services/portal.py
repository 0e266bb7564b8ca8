"""
Portal tokens: a backend's word about its signed-in user, good for ten minutes.

Whoever holds one acts as that person and reaches that person's own requests, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from rights.domain.errors import Unauthenticated
from rights.domain.levels import Acr
from rights.domain.representation import AgeBand, Role
from rights.services import subjects, tokens
from rights.services.context import Context
from rights.services.representatives import Second

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
        role, second: As who they act: a guardian whom the product links to this very person.
        age_band: As the product says.
    """

    backend_id: str
    identifiers: Mapping[str, str] = field(repr=False)
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None
    subjects: tuple[str, ...] = field(default=(), repr=False)
    role: Role = Role.SELF
    second: Second | None = field(default=None, repr=False)
    age_band: AgeBand = AgeBand.UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """Return what is sealed of them."""
        said: dict[str, Any] = {
            "i": dict(self.identifiers),
            "a": sorted(self.attested),
            "r": str(self.acr) if self.acr else None,
        }
        if self.second:
            linked = [str(self.second.role), self.second.relation, dict(self.second.identifiers)]
            said["s"] = [str(self.role), *linked]
        if self.age_band is not AgeBand.UNKNOWN:
            said["g"] = str(self.age_band)
        return said


def opened(context: Context, backend_id: str, said: Mapping[str, Any]) -> Person:
    """Read what :meth:`Person.to_json` wrote."""
    role, second = Role.SELF, None
    if linked := said.get("s"):
        role, identifiers = Role(linked[0]), linked[3]
        vouched = frozenset(identifiers)
        second = Second(Role(linked[1]), linked[2], identifiers, vouched=vouched, attested=True)
    return Person(
        backend_id=backend_id,
        identifiers=said["i"],
        attested=frozenset(said["a"]),
        acr=Acr(said["r"]) if said["r"] else None,
        subjects=subjects.subjects_of(context.vault, context.datamap, said["i"]),
        role=role,
        second=second,
        age_band=AgeBand(said.get("g", AgeBand.UNKNOWN)),
    )


def issue(context: Context, person: Person, *, now: datetime) -> tuple[str, datetime]:
    """Return a token for this person and when it ends."""
    expires_at = now + LIFE
    content = {"b": person.backend_id, **person.to_json()}
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
    return opened(context, content["b"], content)
