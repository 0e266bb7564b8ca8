"""
The text of letters that went out, for staff who answer for what a person was told.

It is kept as it was sent, sealed, but for what only its reader may know: codes, tokens and links
are left out before it is composed. It is forgotten with the contacts of the request.

Source: NDSR 9, 23; PIPL 50, 51.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from rights.domain import duties
from rights.domain.errors import NotFound
from rights.services import audit, content_approvals, places, writings
from rights.services.context import Context
from rights.services.places import Place
from rights.services.writings import LETTER, Written
from rights.store.models import Notice, Request, Staff, Writing

EVENT: Final = "letter_read"

MOST: Final = 100
"""Letters about one request that are listed at once."""


def newest(session: Session, request_id: str, *, before: Place | None = None) -> Sequence[Notice]:
    """Return the last letters about a request, or the last before a place; the oldest first."""
    query = select(Notice).where(*_of(request_id, before))
    order = col(Notice.created_at).desc(), col(Notice.id).desc()
    return session.exec(query.order_by(*order).limit(MOST)).all()[::-1]


def count(session: Session, request_id: str, *, before: Place | None = None) -> int:
    """Return how many letters there are about a request, or how many before a place."""
    query = select(func.count()).select_from(Notice).where(*_of(request_id, before))
    return session.exec(query).one()


def _of(request_id: str, before: Place | None) -> list[ColumnElement[bool]]:
    older = places.earlier(col(Notice.created_at), col(Notice.id), before)
    return [col(Notice.request_id) == request_id, *older]


def keep(session: Session, context: Context, notice: Notice, text: str, *, now: datetime) -> None:
    """Seal what a notice said that just went out; of one sent twice, what it said first."""
    if session.get(Writing, notice.id) is not None:
        return
    about = (notice.request_id, LETTER, text)
    writings.keep(session, context.vault, *about, now=now, number=notice.id)


def kept(session: Session, request_id: str) -> frozenset[str]:
    """Return the ids of a request's notices whose text is kept."""
    query = select(Writing.id).where(
        Writing.request_id == request_id, col(Writing.purpose) == LETTER
    )
    return frozenset(session.exec(query))


def read_by(
    session: Session,
    context: Context,
    request: Request,
    notice_id: str,
    staff: Staff,
    *,
    now: datetime,
) -> Written:
    """
    Return what a letter of *request*, whose row the caller has locked, said; note who read it.

    Raises:
        Forbidden: they do not write to people, or it is a minor's and nobody let them.
        NotFound: this request has no such letter, or its text is not kept.
    """
    duties.check(staff.roles, duties.Act.CORRESPOND)
    allowed = content_approvals.check(session, request, staff, now=now)
    found = writings.numbered(session, context.vault, request.id, LETTER, notice_id)
    notice = session.get(Notice, notice_id)
    if found is None or notice is None:
        raise NotFound("this request has no such letter, or its text is kept no longer")
    data = {"notice": notice.id, "letter": notice.event, **allowed}
    audit.append(session, request, [audit.Line(EVENT, f"staff:{staff.id}", data)], now=now)
    return found
