"""
A denial takes two: one member of staff proposes it, another one confirms it.

Until then its clock runs and work on it goes on, but for what is final (``undecided``). What is
said at the proposal is what goes out; whatever keeps a request from being denied is looked at once
more.

Source: PIPL 50; GB/T 35273-2020 8.7(f); GDPR 12(4).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.domain.plain_text import LONGEST, plain
from rights.services import (
    audit,
    content_approvals,
    deadlines,
    denials,
    places,
    reasons,
    requests,
    undecided,
    writings,
)
from rights.services.context import Context
from rights.services.denials import Said
from rights.services.places import Place
from rights.services.writings import DENIAL_DISMISSED, DENIAL_FACTS, DENIAL_LAW, Written
from rights.store.ids import new_id
from rights.store.models import DenialProposal, Request, Staff

CONFIRMED: Final = "confirmed"
DISMISSED: Final = "dismissed"
WITHDRAWN: Final = "withdrawn"
_PROVISION: Final = 400


def propose(
    session: Session, context: Context, request: Request, staff: Staff, said: Said, *, now: datetime
) -> DenialProposal:
    """
    Propose to deny *request*, whose row the caller has locked.

    Raises:
        RightsError: as :func:`rights.services.denials.check`.
        Conflict: a denial of it waits for a second person already.
    """
    denials.check(session, context, request, said, roles=staff.roles, now=now)
    if (waits := _waiting(session, request.id)) is not None:
        message = f"denial {waits.id} of this request waits for a second person already"
        raise Conflict(message, code="denial_proposed")
    facts = plain(said.facts, field="facts", longest=LONGEST) if said.facts.strip() else ""
    cites = reasons.catalogue()[said.reason].cites
    law = plain(said.law, field="law", longest=_PROVISION) if cites else ""
    made = DenialProposal(
        id=new_id(),
        request_id=request.id,
        reason=said.reason,
        channel=said.channel,
        regimes=list(request.regimes),
        facts_id=_kept(session, context, request, DENIAL_FACTS, facts, now) if facts else "",
        law_id=_kept(session, context, request, DENIAL_LAW, law, now) if law else "",
        rank=said.rank if law else "",
        proposed_by=staff.id,
        proposed_at=now,
    )
    session.add(made)
    _note(session, request, made, "denial_proposed", staff, now)
    return made


def _waiting(session: Session, request_id: str) -> DenialProposal | None:
    mine = select(DenialProposal).where(DenialProposal.request_id == request_id)
    return session.exec(mine.where(DenialProposal.outcome == "")).first()


def _kept(
    session: Session, context: Context, request: Request, purpose: str, text: str, now: datetime
) -> str:
    return writings.keep(session, context.vault, request.id, purpose, text, now=now).id


def _note(
    session: Session,
    request: Request,
    proposal: DenialProposal,
    event: str,
    staff: Staff,
    now: datetime,
    **more: str,
) -> None:
    """Write an entry; why it is to be denied is no part of it before it is."""
    line = audit.Line(event, f"staff:{staff.id}", {"proposal": proposal.id, **more})
    audit.append(session, request, [line], now=now)


def find(session: Session, proposal_id: str) -> tuple[Request, DenialProposal]:
    """Return a proposal with its request, both locked. Raises NotFound."""
    known = session.get(DenialProposal, proposal_id)
    if known is None:
        raise NotFound(f"there is no denial {proposal_id}: `rights denials list` shows what waits")
    request = requests.locked(session, known.request_id)
    session.refresh(known, with_for_update=True)
    return request, known


def confirm(
    session: Session,
    context: Context,
    request: Request,
    proposal: DenialProposal,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Deny the request with what was said at the proposal.

    Raises:
        Forbidden: *staff* may not confirm, or proposed it themselves.
        Conflict: it was decided, they have not looked at it, or the laws of the request are
            others by now.
        RightsError: the request cannot be denied (any more), as
            :func:`rights.services.denials.check`.
    """
    duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    _undecided(proposal)
    if staff.id == proposal.proposed_by:
        message = "whoever proposed a denial does not confirm it: ask a colleague who may"
        raise Forbidden(message, code="own_denial")
    _same_laws(request, proposal)
    said = said_in(session, context, proposal)
    denials.check(session, context, request, said, now=now)
    if not was_read(session, proposal, staff.id):
        message = f"look at it first: `rights denials show {proposal.id}`"
        raise Conflict(message, code="denial_unread")
    _decide(proposal, CONFIRMED, staff, now)
    data = {"proposal": proposal.id, "proposed_by": f"staff:{proposal.proposed_by}"}
    actor = f"staff:{staff.id}"
    denials.carry_out(session, context, request, said, actor=actor, now=now, data=data)


def _undecided(proposal: DenialProposal) -> None:
    if proposal.outcome:
        message = f"denial {proposal.id} was {proposal.outcome} already"
        raise Conflict(message, code="denial_decided")


def _same_laws(request: Request, proposal: DenialProposal) -> None:
    if set(request.regimes) != set(proposal.regimes):
        raise Conflict(
            f"this denial was proposed under {', '.join(proposal.regimes)}, and the request is"
            f" handled under {', '.join(request.regimes)} by now: dismiss it and propose anew",
            code="law_changed",
        )


def was_read(session: Session, proposal: DenialProposal, staff_id: str) -> bool:
    """Return whether a member of staff opened this proposal, as the trail of its request says."""
    looks = audit.looked(session, proposal.request_id, "denial_read", staff_id)
    return any(look["proposal"] == proposal.id for look in looks)


def _decide(proposal: DenialProposal, outcome: str, staff: Staff, now: datetime) -> None:
    proposal.outcome, proposal.decided_by, proposal.decided_at = outcome, staff.id, now


def dismiss(
    session: Session,
    context: Context,
    request: Request,
    proposal: DenialProposal,
    staff: Staff,
    *,
    because: str,
    now: datetime,
) -> None:
    """
    Say that the request is not to be denied like that; it goes on at once.

    Raises:
        Forbidden: *staff* may not confirm either.
        Conflict: it was decided.
        Invalid: there are no words for whoever proposed it.
    """
    duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    _undecided(proposal)
    _kept(session, context, request, DENIAL_DISMISSED, plain(because, field="because"), now)
    _decide(proposal, DISMISSED, staff, now)
    _note(session, request, proposal, "denial_dismissed", staff, now)
    undecided.go_on(session, request, actor=f"staff:{staff.id}", now=now)


def withdraw(
    session: Session, request: Request, proposal: DenialProposal, staff: Staff, *, now: datetime
) -> None:
    """
    Take a proposal back.

    Raises:
        Forbidden: somebody else made it.
        Conflict: it was decided.
    """
    if staff.id != proposal.proposed_by:
        message = "a proposal is withdrawn by whoever made it; others dismiss it"
        raise Forbidden(message, code="not_own_proposal")
    _undecided(proposal)
    _decide(proposal, WITHDRAWN, staff, now)
    _note(session, request, proposal, "denial_withdrawn", staff, now)
    undecided.go_on(session, request, actor=f"staff:{staff.id}", now=now)


def said_in(session: Session, context: Context, proposal: DenialProposal) -> Said:
    """Return what a proposal says, opened."""
    purposes = (DENIAL_FACTS, DENIAL_LAW)
    found = writings.read(session, context.vault, proposal.request_id, purposes)
    kept = {one.id: one.text for one in found}
    facts, law = kept.get(proposal.facts_id, ""), kept.get(proposal.law_id, "")
    return Said(proposal.reason, facts, proposal.channel, law, proposal.rank)


def read_by(
    session: Session,
    context: Context,
    request: Request,
    proposal: DenialProposal,
    staff: Staff,
    *,
    now: datetime,
) -> dict[str, Any]:
    """
    Return a proposal as whoever may decide reads it, and note that.

    Raises:
        Forbidden: they neither made nor may decide it, or it is about a minor, and no approval
            lets them.
    """
    if staff.id != proposal.proposed_by:
        duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    allowed = content_approvals.check(session, request, staff, now=now)
    _note(session, request, proposal, "denial_read", staff, now, **allowed)
    before = writings.read(session, context.vault, request.id, (DENIAL_DISMISSED,))
    return _shown(context, request, proposal, said_in(session, context, proposal)) | {
        "dismissed_before": [one.text for one in before]
    }


def dismissed_to(session: Session, request_id: str, staff: Staff) -> bool:
    """Return whether a denial was dismissed, and *staff* may read why: who proposed or decides."""
    mine = select(DenialProposal.proposed_by).where(
        DenialProposal.request_id == request_id, DenialProposal.outcome == DISMISSED
    )
    by = session.exec(mine).all()
    return bool(by) and (staff.id in by or duties.may(staff.roles, duties.Act.CONFIRM_DENIAL))


def dismissals(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> list[Written]:
    """
    Return why denials of a request were dismissed, for the colleague who proposed; note who looks.

    Raises:
        Forbidden: they neither proposed one of them nor may decide, or it is about a minor, and no
            approval lets them.
        NotFound: none was dismissed.
    """
    if not dismissed_to(session, request.id, staff):
        duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
        raise NotFound("no denial of this request was dismissed")
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line("denial_dismissal_read", f"staff:{staff.id}", allowed)
    audit.append(session, request, [line], now=now)
    return writings.read(session, context.vault, request.id, (DENIAL_DISMISSED,))


def _shown(
    context: Context, request: Request, proposal: DenialProposal, said: Said
) -> dict[str, Any]:
    return {
        "denial": proposal.id,
        "request": request.id,
        "kind": str(request.kind),
        "laws": list(proposal.regimes),
        "reason": said.reason,
        "facts": said.facts,
        "told_as": reasons.told(said.reason),
        "law": said.law,
        "rank": said.rank,
        "channel": said.channel,
        "proposed_at": proposal.proposed_at.isoformat(),
        "outcome": proposal.outcome or "waiting",
        "state": str(request.state),
        "level": request.level,
        "level_needed": request.level_needed,
        "due": deadlines.denial_told_by(context, request).isoformat(),
    }


def open_ones(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[DenialProposal, Request]]:
    """Return what waits for a second person, the most urgent first; nothing of what is closed."""
    query = (
        select(DenialProposal, Request)
        .where(col(DenialProposal.request_id) == col(Request.id))
        .where(col(DenialProposal.outcome) == "", col(Request.closed_at).is_(None))
        .where(*places.later(col(Request.promised_at), col(DenialProposal.id), after))
        .order_by(col(Request.promised_at), col(DenialProposal.id))
        .limit(limit)
    )
    return list(session.exec(query))
