"""
Finding a person's requests by an exact identifier: by its keyed hash, never by a part of it.

Every look is an entry, with what kind of identifier it was and what was found, never with what
was typed. Source: PIPL 51; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, union
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.services import audit, subjects
from rights.services.console import listing
from rights.services.console.listing import Line
from rights.services.context import Context
from rights.store.models import IdentifierRow, Request, Staff

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """
    The requests of somebody.

    Args:
        lines: The latest received, :data:`MOST` at most, the most urgent first.
        count: How many there are in all.
    """

    lines: list[Line]
    count: int


def find(
    session: Session, context: Context, given: Mapping[str, str], staff: Staff, *, now: datetime
) -> Found:
    """
    Return the requests of whoever has this identifier.

    Args:
        given: One type and its value.

    Raises:
        Forbidden: they may not. Invalid: it is no identifier of the data map.
    """
    duties.check(staff.roles, Act.FIND_PERSON)
    cleaned = subjects.cleaned(context.datamap, given)
    hashes = [h for name, value in cleaned.items() for h in _hashes(context, name, value)]
    typed = select(IdentifierRow.request_id).where(col(IdentifierRow.blind).in_(hashes))
    same = select(Request.id).where(col(Request.subject).in_(hashes))
    found = _found(session, union(typed, same))
    data = {"types": sorted(cleaned), "found": found.count}
    audit.append_day(session, audit.Line("person_looked_up", f"staff:{staff.id}", data), now=now)
    return found


def _found(session: Session, ids: Any) -> Found:
    theirs = col(Request.id).in_(ids)  # an identifier may be a complaint's too
    newest = col(Request.received_at).desc(), col(Request.id)
    latest = session.exec(select(Request.id).where(theirs).order_by(*newest).limit(MOST)).all()
    count = session.exec(select(func.count()).select_from(Request).where(theirs)).one()
    return Found(listing.of_ids(session, latest), count)


def _hashes(context: Context, name: str, value: str) -> tuple[str, ...]:
    return subjects.blinds(context.vault, name, value)


def related(session: Session, request: Request) -> list[Line]:
    """Return the other requests of the same person, as far as both are known to be theirs."""
    if not request.subject:
        return []
    query = (
        select(Request.id)
        .where(Request.subject == request.subject, Request.id != request.id)
        .order_by(col(Request.received_at).desc())
        .limit(MOST)
    )
    return listing.of_ids(session, session.exec(query).all())
