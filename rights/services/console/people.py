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
from rights.services import audit, places, subjects
from rights.services.console import listing
from rights.services.console.listing import Line
from rights.services.context import Context
from rights.services.places import Place
from rights.store.models import IdentifierRow, Request, Staff

MOST: Final = 100
"""Requests of a page, and of one person beside a request."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    The requests of somebody.

    Args:
        lines: A page of them, the latest received; of these the most urgent first.
        count: How many there are in all.
        rest: Where the next page goes on; empty at the end.
    """

    lines: list[Line]
    count: int
    rest: str


def find(
    session: Session,
    context: Context,
    given: Mapping[str, str],
    staff: Staff,
    *,
    after: str = "",
    now: datetime,
) -> Found:
    """
    Return the requests of whoever has this identifier.

    Args:
        given: One type and its value.
        after: Where the page before went on; what cannot be read begins at the beginning.

    Raises:
        Forbidden: they may not. Invalid: it is no identifier of the data map.
    """
    duties.check(staff.roles, Act.FIND_PERSON)
    cleaned = subjects.cleaned(context.datamap, given)
    hashes = [h for name, value in cleaned.items() for h in _hashes(context, name, value)]
    typed = select(IdentifierRow.request_id).where(col(IdentifierRow.blind).in_(hashes))
    same = select(Request.id).where(col(Request.subject).in_(hashes))
    found = _found(session, context, union(typed, same), after)
    data = {"types": sorted(cleaned), "found": found.count}
    audit.append_day(session, audit.Line("person_looked_up", f"staff:{staff.id}", data), now=now)
    return found


def _found(session: Session, context: Context, ids: Any, after: str) -> Found:
    theirs = col(Request.id).in_(ids)  # an identifier may be a complaint's too
    newest = col(Request.received_at), col(Request.id)
    query = select(*newest).where(theirs, *places.earlier(*newest, places.read(after)))
    order = (column.desc() for column in newest)
    found = [Place(*row) for row in session.exec(query.order_by(*order).limit(MOST + 1))]
    count = session.exec(select(func.count()).select_from(Request).where(theirs)).one()
    rest = str(found[MOST - 1]) if len(found) > MOST else ""
    lines = listing.of_ids(session, context.regimes, [one.id for one in found[:MOST]])
    return Found(lines, count, rest)


def _hashes(context: Context, name: str, value: str) -> tuple[str, ...]:
    return subjects.blinds(context.vault, name, value)


def related(session: Session, context: Context, request: Request) -> tuple[list[Line], bool]:
    """
    Return the other requests of the same person, as far as both are known to be theirs.

    Returns:
        The latest received, and whether there are more: :func:`find` reads them all.
    """
    if not request.subject:
        return [], False
    query = (
        select(Request.id)
        .where(Request.subject == request.subject, Request.id != request.id)
        .order_by(col(Request.received_at).desc(), col(Request.id).desc())
        .limit(MOST + 1)
    )
    found = session.exec(query).all()
    return listing.of_ids(session, context.regimes, found[:MOST]), len(found) > MOST
