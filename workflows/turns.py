"""
Whose turn it is when one person has asked for several things.

Erasing cannot be taken back, so it comes last: a copy that was asked for first, or in the same
breath, would otherwise find nothing, and say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.store.models import IdentifierRow, Request

ERASING: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})
"""Kinds after which there is nothing left to read or to correct."""

NEEDING: Final = (Kind.ACCESS, Kind.COPY, Kind.PORTABILITY, Kind.CORRECTION, Kind.EXPLANATION)
"""Kinds that need the data to be there still."""

SOONEST: Final = timedelta(seconds=2)
LATEST: Final = timedelta(minutes=10)


def must_wait(session: Session, request: Request) -> bool:
    """
    Tell whether *request* would erase what an open request of the same person still needs.

    One that waits for the person is not waited for: that may have no end. In a bundle one that
    is yet to be proved is, since it lapses if it never is.
    """
    if request.kind not in ERASING or request.irreversible_at is not None:
        return False
    working = col(Request.state).in_((State.IN_PROGRESS, State.ON_HOLD))
    first = and_(working, col(Request.received_at) <= request.received_at)
    together: list[ColumnElement[bool]] = []
    if request.bundle_id:
        unproved = col(Request.state).in_((State.OPEN, State.VERIFYING))
        together = [and_(col(Request.bundle_id) == request.bundle_id, or_(working, unproved))]
    query = select(Request.id).where(
        col(Request.kind).in_(NEEDING),
        col(Request.wait) != Wait.NEEDS_INFO,
        or_(first, *together),
        or_(col(Request.subject) == request.subject, col(Request.id).in_(_proved_same(request))),
    )
    return session.exec(query.limit(1)).first() is not None


def later(request: Request, now: datetime) -> None:
    """Look again soon at first, then more and more seldom."""
    waited = now - (request.verified_at or request.received_at)
    request.wait = Wait.STORE
    request.next_at = now + min(max(SOONEST, waited), LATEST)


def _proved_same(request: Request) -> Any:
    """Return the requests in which an identifier was proved that was proved in this one too."""
    mine, other = aliased(IdentifierRow), aliased(IdentifierRow)
    return (
        select(other.request_id)
        .join(mine, col(mine.blind) == col(other.blind))
        .where(mine.request_id == request.id, mine.proof != "", other.proof != "")
    )
