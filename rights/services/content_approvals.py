"""
Approvals to open what a minor's request says, and the one question that every reading asks.

Whoever reads content for staff calls :func:`check` before anything is opened, and puts what it
returns into the entry of the view. A refusal is an entry of the request itself.

Source: Minors Regulation 36; PIPL 51.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from rights.domain import duties, minors
from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.domain.minors import ContentClosed, Purpose
from rights.services import audit, places, requests
from rights.services.places import Place
from rights.store.models import ContentApproval, Request, Staff


def needed(session: Session, request: Request) -> bool:
    """
    Return whether staff open the content of a request with an approval only.

    What follows a minor's request is about the same person, whatever was said of it itself.
    """
    one: Request | None = request
    while one is not None:
        if minors.is_minors(one.age_band, one.requester_role, one.regimes):
            return True
        one = session.get(Request, one.follows) if one.follows else None
    return False


def check(session: Session, request: Request, staff: Staff, *, now: datetime) -> dict[str, str]:
    """
    Make sure that a member of staff may open the content of a request now.

    Returns:
        What the entry of the view says beside: the approval; nothing where none is needed.

    Raises:
        Forbidden: it is a minor's, and no live approval is for exactly them and this request.
    """
    if not needed(session, request):
        return {}
    alive = [one for one in _of(session, request, staff) if _lives(session, one, now)]
    if not alive:
        raise ContentClosed(request.id)
    return {"approval": max(alive, key=_end).id}


def _lives(session: Session, one: ContentApproval, now: datetime) -> bool:
    """
    Return whether an approval counts now.

    It is its approver's word, which counts no longer than they may give one.
    """
    if not minors.lives(one.approved_at, one.expires_at, now) or one.approved_by == one.asked_by:
        return False
    who = session.get(Staff, one.approved_by)
    if who is None or who.closed_at is not None:
        return False
    return duties.may(who.roles, duties.Act.APPROVE_MINOR)


def _end(one: ContentApproval) -> datetime:
    return min(one.expires_at or one.asked_at, (one.approved_at or one.asked_at) + minors.LONGEST)


@dataclass(frozen=True, slots=True)
class Asked:
    """
    How far one member of staff is with opening the content of a request.

    Args:
        until: Until when it is open for them; None where it is not.
        purposes: For which they asked, where a colleague has not answered yet.
    """

    until: datetime | None = None
    purposes: frozenset[str] = frozenset()


def asked_by(session: Session, request: Request, staff: Staff, *, now: datetime) -> Asked:
    """Return what *staff* asked about the content of a minor's request, and what came of it."""
    mine = _of(session, request, staff)
    until = max((_end(one) for one in mine if _lives(session, one, now)), default=None)
    waits = (one for one in mine if minors.waits(one.asked_at, one.approved_at, now))
    return Asked(until, frozenset(str(one.purpose) for one in waits))


def ask(
    session: Session, request: Request, staff: Staff, purpose: str, *, now: datetime
) -> ContentApproval:
    """
    Ask to open the content of a minor's request, whose row the caller has locked.

    Asking again while it waits changes nothing.

    Raises:
        Forbidden: their roles open no content.
        Invalid: the purpose is none of the list.
        Conflict: nobody's approval is needed.
    """
    duties.check(staff.roles, duties.Act.ASK_MINOR)
    if purpose not in set(Purpose):
        wrong = FieldError("purpose", "is none of the list", tuple(Purpose))
        raise Invalid(f"the purpose must be one of: {', '.join(Purpose)}", [wrong])
    if not needed(session, request):
        message = f"request {request.id} is no minor's: its content is open to whoever has the role"
        raise Conflict(message, code="no_approval_needed")
    for one in _of(session, request, staff):
        if one.purpose == purpose and minors.waits(one.asked_at, one.approved_at, now):
            return one
    made = ContentApproval(request_id=request.id, asked_by=staff.id, purpose=purpose, asked_at=now)
    session.add(made)
    data = {"approval": made.id, "purpose": purpose}
    line = audit.Line("minor_content_asked", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)
    return made


def _of(session: Session, request: Request, staff: Staff) -> Sequence[ContentApproval]:
    query = select(ContentApproval).where(
        ContentApproval.request_id == request.id, ContentApproval.asked_by == staff.id
    )
    return session.exec(query).all()


def approve(
    session: Session, approval_id: str, staff: Staff, *, hours: int, now: datetime
) -> ContentApproval:
    """
    Let a colleague open the content of a minor's request for some hours.

    Raises:
        NotFound: there is no such question.
        Forbidden: their roles do not allow it, or they asked themselves.
        Conflict: it was approved already, or is over.
        Invalid: it would last no time, or more than a day.
    """
    duties.check(staff.roles, duties.Act.APPROVE_MINOR)
    found = session.get(ContentApproval, approval_id)
    if found is None:
        raise NotFound("there is no such question: `rights minors list` shows those that wait")
    request = requests.locked(session, found.request_id)
    session.refresh(found, with_for_update=True)
    minors.check_second(found.asked_by, staff.id)
    if not minors.waits(found.asked_at, found.approved_at, now):
        message = "this was approved already, or asked too long ago: ask anew"
        raise Conflict(message, code="approval_over")
    found.expires_at = minors.ends(now, hours)
    found.approved_by, found.approved_at = staff.id, now
    data = {"approval": found.id, "to": found.asked_by, "until": found.expires_at.isoformat()}
    line = audit.Line("minor_content_approved", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)
    return found


def waiting(
    session: Session, now: datetime, *, limit: int = 200, after: Place | None = None
) -> Sequence[tuple[ContentApproval, Request]]:
    """Return what waits for a colleague's word, the oldest first."""
    query = (
        select(ContentApproval, Request)
        .where(col(ContentApproval.request_id) == col(Request.id))
        .where(col(ContentApproval.approved_at).is_(None))
        .where(col(ContentApproval.asked_at) > now - minors.WAITS)
        .where(*places.later(col(ContentApproval.asked_at), col(ContentApproval.id), after))
        .order_by(col(ContentApproval.asked_at), col(ContentApproval.id))
        .limit(limit)
    )
    return [(approval, request) for approval, request in session.exec(query)]


def current(session: Session, now: datetime, *, limit: int = 200) -> Sequence[ContentApproval]:
    """Return what waits, and what lets somebody open content now; the oldest first."""
    asked = col(ContentApproval.approved_at).is_(None) & (
        col(ContentApproval.asked_at) > now - minors.WAITS
    )
    query = (
        select(ContentApproval)
        .where(or_(asked, col(ContentApproval.expires_at) > now))
        .order_by(col(ContentApproval.asked_at), col(ContentApproval.id))
        .limit(limit)
    )
    found = session.exec(query).all()
    return [one for one in found if one.approved_at is None or _lives(session, one, now)]
