"""
Asking a person a second time: one member of staff proposes the list, a colleague agrees to it.

Only what an answer brought up is asked once more, or what documents that came do not show. Until a
colleague who may has read the list and agreed, the person is told nothing, and work goes on as it
was.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, Forbidden, Gone, NotFound
from rights.domain.lifecycle import TERMINAL
from rights.services import (
    askable,
    asking,
    audit,
    content_approvals,
    evidence,
    own_requests,
    places,
    points,
    requests,
    reviewing,
    writings,
)
from rights.services.askable import Point
from rights.services.context import Context
from rights.services.places import Place
from rights.services.writings import ASK_PROPOSED
from rights.store.ids import new_id
from rights.store.models import AskProposal, Request, Staff

AGREED: Final = "agreed"
DISMISSED: Final = "dismissed"
WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, slots=True)
class Back:
    """
    Documents that are to be sent back.

    Args:
        missing: What the person is asked for instead, of ``reviewing.ASKED_FOR``.
        seen: Ids of the documents that whoever proposes it was shown.
    """

    missing: tuple[str, ...]
    seen: tuple[str, ...]


def propose(
    session: Session,
    context: Context,
    request: Request,
    asked: Sequence[Point],
    staff: Staff,
    *,
    now: datetime,
) -> AskProposal:
    """
    Propose a second list for the person; the caller has locked the request.

    Raises:
        Forbidden: they have not the role.
        Conflict: nothing was asked before, it is not answered yet, a list waits already, or like
            ``asking.standing``.
        Invalid: like ``askable.check``.
    """
    duties.check(staff.roles, duties.Act.ASK_POINTS)
    asking.standing(session, request)
    points.check_answered(session, request)
    _none_waits(session, request)
    cleaned = askable.check(context.datamap, request, asked)
    body = [astuple(one) for one in cleaned]
    return _proposed(session, context, request, body, staff, now)


def propose_documents(
    session: Session,
    context: Context,
    request: Request,
    back: Back,
    staff: Staff,
    *,
    now: datetime,
) -> AskProposal:
    """
    Propose to send documents back a second time; the caller has locked the request.

    The documents stay until a colleague agrees: they are destroyed with that.

    Raises:
        Forbidden: they are no verifier, or put documents in.
        Conflict: the request is closed, there are other documents than they saw or none, or a
            list waits already.
    """
    duties.check(staff.roles, duties.Act.VERIFY)
    own_requests.check_documents(session, request.id, staff)
    if request.state in TERMINAL:
        raise Conflict("this request is closed", code="closed")
    if not back.seen:
        raise Conflict("there is no document to decide on", code="no_document")
    reviewing.as_seen(evidence.openable(session, request.id), back.seen)
    _none_waits(session, request)
    body = {"missing": list(back.missing), "seen": list(back.seen)}
    return _proposed(session, context, request, body, staff, now)


def _none_waits(session: Session, request: Request) -> None:
    if waiting(session, request.id) is not None:
        message = "a list for this person waits for a colleague already"
        raise Conflict(message, code="asking_proposed")


def _proposed(
    session: Session, context: Context, request: Request, body: Any, staff: Staff, now: datetime
) -> AskProposal:
    text = orjson.dumps(body).decode()
    said = writings.keep(session, context.vault, request.id, ASK_PROPOSED, text, now=now)
    made = AskProposal(
        id=new_id(),
        request_id=request.id,
        said_id=said.id,
        proposed_by=staff.id,
        proposed_at=now,
    )
    session.add(made)
    _note(session, request, made, "asking_proposed", staff, now)
    return made


def waiting(session: Session, request_id: str) -> AskProposal | None:
    """Return the list of a request that waits for a colleague, if there is one."""
    mine = select(AskProposal).where(AskProposal.request_id == request_id)
    return session.exec(mine.where(AskProposal.outcome == "")).first()


def open_ones(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[AskProposal, Request]]:
    """Return what waits for a colleague, the most urgent first; nothing of what is closed."""
    query = (
        select(AskProposal, Request)
        .where(col(AskProposal.request_id) == col(Request.id))
        .where(col(AskProposal.outcome) == "", col(Request.closed_at).is_(None))
        .where(*places.later(col(Request.promised_at), col(AskProposal.id), after))
        .order_by(col(Request.promised_at), col(AskProposal.id))
        .limit(limit)
    )
    return list(session.exec(query))


def find(session: Session, proposal_id: str) -> tuple[Request, AskProposal]:
    """Return a proposal with its request, both locked. Raises NotFound."""
    known = session.get(AskProposal, proposal_id)
    if known is None:
        raise NotFound("there is no such list")
    request = requests.locked(session, known.request_id)
    session.refresh(known, with_for_update=True)
    return request, known


def read_by(
    session: Session,
    context: Context,
    request: Request,
    proposal: AskProposal,
    staff: Staff,
    *,
    now: datetime,
) -> list[Point]:
    """
    Return a proposed list to whoever made it or may agree to it, and note that.

    Raises:
        Forbidden: they neither made nor may agree to it, or it is about a minor, and no approval
            lets them.
    """
    if staff.id != proposal.proposed_by:
        duties.check(staff.roles, duties.Act.ASK_AGAIN)
    allowed = content_approvals.check(session, request, staff, now=now)
    _note(session, request, proposal, "asking_read", staff, now, **allowed)
    said = _said(session, context, proposal)
    return [Point(name) for name in said.missing] if isinstance(said, Back) else said


def _said(session: Session, context: Context, proposal: AskProposal) -> list[Point] | Back:
    kept = writings.read(session, context.vault, proposal.request_id, (ASK_PROPOSED,))
    body = next((one.text for one in kept if one.id == proposal.said_id), "")
    if not body:
        raise Gone("the words of this list are not there any more: propose it anew")
    said = orjson.loads(body)
    if isinstance(said, dict):
        return Back(tuple(said["missing"]), tuple(said["seen"]))
    return [Point(*each) for each in said]


def stands(session: Session, context: Context, request: Request, proposal: AskProposal) -> bool:
    """Return whether what was proposed can be asked as the request stands now."""
    try:
        said = _said(session, context, proposal)
    except Gone:
        return False
    if isinstance(said, Back):
        there = {one.id for one in evidence.openable(session, request.id)}
        return request.state not in TERMINAL and there == {*said.seen}
    return asking.at_work(request) and not request.needs


def agree(
    session: Session,
    context: Context,
    request: Request,
    proposal: AskProposal,
    staff: Staff,
    *,
    now: datetime,
) -> list[str]:
    """
    Let the person be asked; the caller has locked the request. Return what was asked for.

    Raises:
        Forbidden: they have not the role, or proposed it themselves.
        Conflict: it was decided, they have not read it, or like ``asking.ask``; or of documents
            like ``reviewing.refuse``.
    """
    duties.check(staff.roles, duties.Act.ASK_AGAIN)
    _undecided(proposal)
    if staff.id == proposal.proposed_by:
        message = "who asks does not agree to it: a colleague has to"
        raise Forbidden(message, code="own_approval")
    if not was_read(session, proposal, staff.id):
        raise Conflict("read the list first", code="asking_unread")
    asked = _said(session, context, proposal)
    who = session.get_one(Staff, proposal.proposed_by)
    _decide(proposal, AGREED, staff, now)
    if isinstance(asked, Back):
        given: dict[str, Any] = {"reasons": asked.missing, "seen": asked.seen, "now": now}
        reviewing.refuse(session, context, request, who, supervisor=staff, **given)
        return list(request.needs)
    return asking.ask(session, context, request, asked, who, supervisor=staff, now=now)


def dismiss(
    session: Session, request: Request, proposal: AskProposal, staff: Staff, *, now: datetime
) -> None:
    """
    Say that the person is not asked again; who proposed it takes it back by that.

    Raises:
        Forbidden: they neither made nor may agree to it. Conflict: it was decided.
    """
    own = staff.id == proposal.proposed_by
    if not own:
        duties.check(staff.roles, duties.Act.ASK_AGAIN)
    _undecided(proposal)
    _decide(proposal, WITHDRAWN if own else DISMISSED, staff, now)
    _note(session, request, proposal, f"asking_{proposal.outcome}", staff, now)


def _undecided(proposal: AskProposal) -> None:
    if proposal.outcome:
        raise Conflict(f"this list was {proposal.outcome} already", code="asking_decided")


def was_read(session: Session, proposal: AskProposal, staff_id: str) -> bool:
    """Return whether a member of staff opened this very list, as the trail of its request says."""
    looks = audit.looked(session, proposal.request_id, "asking_read", staff_id)
    return any(look["proposal"] == proposal.id for look in looks)


def _decide(proposal: AskProposal, outcome: str, staff: Staff, now: datetime) -> None:
    proposal.outcome, proposal.decided_by, proposal.decided_at = outcome, staff.id, now


def _note(
    session: Session,
    request: Request,
    proposal: AskProposal,
    event: str,
    staff: Staff,
    now: datetime,
    **more: str,
) -> None:
    line = audit.Line(event, f"staff:{staff.id}", {"proposal": proposal.id, **more})
    audit.append(session, request, [line], now=now)
