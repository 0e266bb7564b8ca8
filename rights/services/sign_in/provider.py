"""A provider as a sign-in uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rights.domain.levels import Acr

STAFF: Final = "staff"
"""Stands where the id of a backend stands, for the provider at which staff sign in."""


@dataclass(frozen=True, slots=True)
class Provider:
    """
    A provider, ready for use.

    Args:
        backend_id: Whose people sign in there: a backend's, or ``STAFF``.
        title: What people know it by.
        claims: Name of a claim to the identifier type it is; for staff, to what it tells of them.
        acrs, amrs: Values of these claims that are worth more than a session.
        ask_acrs: What is asked for where more than a session is needed.
    """

    backend_id: str
    title: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    claims: Mapping[str, str]
    acrs: Mapping[str, Acr] = field(default_factory=dict)
    amrs: Mapping[str, Acr] = field(default_factory=dict)
    ask_acrs: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)

    @property
    def best(self) -> Acr:
        """The most that a sign-in there can be worth."""
        return strongest((*self.acrs.values(), *self.amrs.values()))


def strongest(given: Iterable[Acr]) -> Acr:
    """Return the most surely authenticated of *given*; a session where there is none."""
    order = tuple(Acr)
    return max(given, key=order.index, default=Acr.SESSION)
