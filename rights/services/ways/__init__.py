"""
Ways to prove who asks, one file each, and the one door through which they are taken.

Whoever tries a way that is not in the plan is refused, and that it was tried is on record.

Source: PIPL 6; GB/T 35273-2020 8.5(c), 8.7(a); GDPR 5(1)(c).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.policy import NETWORK_IDENTITY
from rights.services import audit
from rights.services.context import Context
from rights.services.network_identity import bridges
from rights.services.way_catalogue import Said, catalogue, named, within
from rights.services.ways.assertion import Assertion
from rights.services.ways.code import Code
from rights.services.ways.known_facts import KnownFacts
from rights.services.ways.network_identity import NetworkIdentity
from rights.services.ways.real_name import RealName
from rights.services.ways.way import Given, Taken, Way
from rights.store.models import Request

__all__ = ["WAYS", "Given", "Taken", "Way", "brings", "may", "not_open", "take"]

_EVERY: Final[tuple[Way, ...]] = (Assertion(), Code(), KnownFacts(), RealName(), NetworkIdentity())
WAYS: Final[Mapping[str, Way]] = MappingProxyType({way.name: way for way in _EVERY})
"""Every way that can be taken here; what only staff can look at is not among them."""


def not_open(
    session: Session, context: Context, request: Request, name: str, *, actor: str, now: datetime
) -> Conflict | None:
    """
    Return the refusal of a way that this request is not to be proved by, or None.

    The caller commits, since the try is an entry in the trail, and only then refuses.

    Raises:
        Invalid: there is no such way at all.
    """
    said = named(name)
    if said is None:
        raise Invalid("unknown way", [FieldError("way", "is no way of proof", tuple(catalogue()))])
    if (
        said.name in WAYS
        and may(context, request, said)
        and brings(session, context, request, said)
    ):
        return None
    data = {"way": said.name, "reason": "not_in_plan"}
    audit.append(session, request, [audit.Line("proof_refused", actor, data)], now=now)
    return Conflict(
        f"this request is not to be proved by {said.name}: the verification plan lists the ways"
        " that are open",
        code="way_not_open",
    )


def may(context: Context, request: Request, said: Said) -> bool:
    """Tell whether a request needs a way at all, and the map holds what it asks for."""
    needed = said.least <= max(1, request.level_needed) and not said.only_if_asked
    return needed and within(said, context.datamap, None)


def brings(session: Session, context: Context, request: Request, said: Said) -> int:
    """Return the level a way brings for a request; 0 where nothing is set up to take it by."""
    if said.name != NETWORK_IDENTITY:
        return said.level
    return min(said.level, bridges.brings(session, context, request.backend_id))


def take(
    session: Session, context: Context, request: Request, name: str, given: Given, *, now: datetime
) -> Taken:
    """
    Take what was given by a way that is open.

    Raises:
        RightsError: it cannot be taken; nothing was kept of it.
    """
    return WAYS[name].take(session, context, request, given, now=now)
