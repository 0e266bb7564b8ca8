"""
Letting deleted tags be computed again: by the person's own word, which stands in the ledger.

Source: NDSR 42; PIPL 14, 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from rights.domain.errors import LevelTooLow
from rights.domain.levels import Acr, level
from rights.domain.representation import AgeBand, Role
from rights.services import audit, consents, kept_tags
from rights.services.context import Context


@dataclass(frozen=True, slots=True)
class Word:
    """
    Who says it, as their product vouches for them.

    Args:
        identifiers: Those that the product's signed word names.
        acr: How it authenticated them; None where it only typed who they are.
        cap: The most that its word is worth here.
        guardian: Who speaks for a child, where somebody does.
    """

    identifiers: Mapping[str, str] = field(repr=False)
    acr: Acr | None
    cap: int
    role: Role = Role.SELF
    age_band: AgeBand = AgeBand.UNKNOWN
    guardian: Mapping[str, str] | None = field(default=None, repr=False)


def allow(
    session: Session,
    context: Context,
    backend_id: str,
    said: Word,
    *,
    actor: str,
    source: str,
    now: datetime,
) -> bool:
    """
    Let what the person had deleted be computed again; return whether there was anything.

    Raises:
        LevelTooLow: this is nobody's own word.
        Invalid: a child says it, and no guardian.
    """
    own = said.role in (Role.SELF, Role.GUARDIAN)
    if not (own and said.identifiers and level(said.acr, (), cap=said.cap)):
        raise LevelTooLow("deleted tags come again by the person's own word only")
    guardian = said.guardian if said.role is Role.GUARDIAN else None
    consents.by_guardian(said.age_band, guardian)
    found = kept_tags.requests_of(session, context, said.identifiers)
    if not found:
        return False
    kept_tags.let_go(session, context, said.identifiers)
    consents.tags_allowed(
        session, context, backend_id, said.identifiers, source=source, guardian=guardian, now=now
    )
    line = audit.Line("tags_allowed", actor, {"requests": list(found)})
    audit.append_day(session, line, now=now)
    return True
