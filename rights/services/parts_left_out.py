"""
Granting a request in part: collections of its plan are left out before the plan is approved, each
with a reason that the law knows for this kind.

It takes two, like a denial: one proposes, a colleague who had no part in bringing the request in
confirms. Then the plan is made anew without these parts, has another hash, and waits for an
approval whatever its kind; every answer names each part with its reason. What is confirmed takes
the place of what was before; an empty proposal takes everything in again.

Source: PIPL 45, 50; GDPR 12(4), 15(4); decided in ADR 0087.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rights.domain import duties
from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.domain.lifecycle import Event
from rights.domain.plain_text import LONGEST, plain
from rights.services import (
    audit,
    content_approvals,
    notes,
    own_requests,
    part_choices,
    places,
    reasons,
    replanning,
    requests,
    writings,
)
from rights.services.context import Context
from rights.services.places import Place
from rights.services.steps import steps_of
from rights.services.writings import PART_FACTS
from rights.store.ids import new_id
from rights.store.models import PartProposal, Request, SealedNote, Staff, StepState

CONFIRMED: Final = "confirmed"
DISMISSED: Final = "dismissed"
WITHDRAWN: Final = "withdrawn"
REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What is to be left out.

    Args:
        reasons: Path of a collection to the code of the reason.
        facts: What is the case, in words for the person; sealed.
    """

    reasons: Mapping[str, str]
    facts: str = field(default="", repr=False)


def propose(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    parts: Parts,
    *,
    now: datetime,
) -> PartProposal:
    """
    Propose to leave parts of *request* out, whose row the caller has locked.

    Raises:
        Forbidden: *staff* may not deny with one of these reasons.
        Conflict: like :func:`part_choices.check`; or a proposal waits already.
        Invalid: a reason is none for this kind under these laws, a collection is none of the
            plan, what stays hangs on what goes, or the facts are missing.
    """
    duties.check(staff.roles, duties.Act.DENY)
    part_choices.check(session, context, request, parts.reasons, parts.facts)
    for code in sorted({*parts.reasons.values()}):
        by = reasons.catalogue()[code].by
        duties.check(staff.roles, duties.Act.DENY, narrower=by or None)
    _new(session, request, parts)
    facts = plain(parts.facts, field="facts", longest=LONGEST) if parts.facts.strip() else ""
    made = PartProposal(
        id=new_id(),
        request_id=request.id,
        parts=dict(parts.reasons),
        regimes=list(request.regimes),
        facts_id=_kept(session, context, request, facts, now) if facts else "",
        proposed_by=staff.id,
        proposed_at=now,
    )
    session.add(made)
    _note(session, request, made, "parts_proposed", staff, now)
    return made


def _new(session: Session, request: Request, parts: Parts) -> None:
    if waiting(session, request.id) is not None:
        message = "parts of this request wait for a second person already"
        raise Conflict(message, code="parts_proposed")
    if dict(parts.reasons) == in_force(session, request):
        message = "that is what is left out already: there is nothing to propose"
        raise Conflict(message, code="parts_unchanged")


def _kept(session: Session, context: Context, request: Request, text: str, now: datetime) -> str:
    return writings.keep(session, context.vault, request.id, PART_FACTS, text, now=now).id


def waiting(session: Session, request_id: str) -> PartProposal | None:
    """Return what waits for a second person, if anything does."""
    mine = select(PartProposal).where(PartProposal.request_id == request_id)
    return session.exec(mine.where(PartProposal.outcome == "")).first()


def in_force(session: Session, request: Request) -> dict[str, str]:
    """
    Return what is left out of *request*: path to reason, as two people said at last.

    A reason that is none (any more) for this kind under the laws of the request leaves nothing out.
    """
    allowed = reasons.for_a_part(request.kind, request.regimes)
    said = decided(session, request.id)
    return {path: code for path, code in said.items() if code in allowed}


def decided(session: Session, request_id: str) -> dict[str, str]:
    """Return what two people said at last, also where a reason of it counts no longer."""
    # Of a proposal a worker may read no more than this.
    query = select(PartProposal.parts).where(
        PartProposal.request_id == request_id, PartProposal.outcome == CONFIRMED
    )
    return dict(session.exec(query).first() or {})


def open_ones(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[PartProposal, Request]]:
    """Return what waits for a second person, the most urgent first; nothing of what is closed."""
    query = (
        select(PartProposal, Request)
        .where(col(PartProposal.request_id) == col(Request.id))
        .where(col(PartProposal.outcome) == "", col(Request.closed_at).is_(None))
        .where(*places.later(col(Request.promised_at), col(PartProposal.id), after))
        .order_by(col(Request.promised_at), col(PartProposal.id))
        .limit(limit)
    )
    return list(session.exec(query))


def find(session: Session, proposal_id: str) -> tuple[Request, PartProposal]:
    """Return a proposal with its request, both locked. Raises NotFound."""
    known = session.get(PartProposal, proposal_id)
    if known is None:
        raise NotFound("there is no such proposal")
    request = requests.locked(session, known.request_id)
    session.refresh(known, with_for_update=True)
    return request, known


def read_by(
    session: Session,
    context: Context,
    request: Request,
    proposal: PartProposal,
    staff: Staff,
    *,
    now: datetime,
) -> Parts:
    """
    Return a proposal to whoever made it or may confirm it, opened, and note that.

    Raises:
        Forbidden: they neither made nor may confirm it, or it is about a minor, and no approval
            lets them.
    """
    if staff.id != proposal.proposed_by:
        duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    allowed = content_approvals.check(session, request, staff, now=now)
    _note(session, request, proposal, "parts_read", staff, now, **allowed)
    return Parts(dict(proposal.parts), _facts(session, context, proposal))


def _facts(session: Session, context: Context, proposal: PartProposal) -> str:
    found = writings.read(session, context.vault, proposal.request_id, (PART_FACTS,))
    return next((one.text for one in found if one.id == proposal.facts_id), "")


def was_read(session: Session, proposal: PartProposal, staff_id: str) -> bool:
    """Return whether a member of staff opened this proposal, as the trail of its request says."""
    looks = audit.looked(session, proposal.request_id, "parts_read", staff_id)
    return any(look["proposal"] == proposal.id for look in looks)


def confirm(
    session: Session,
    context: Context,
    request: Request,
    proposal: PartProposal,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Leave these parts out: the plan is made anew without them, and waits for an approval.

    Raises:
        Forbidden: *staff* may not confirm, proposed it, or brought the request in.
        Conflict: it was decided, they have not read it, the laws of the request are others by
            now, or like :func:`part_choices.check`.
        Invalid: like :func:`propose`, as the plan stands now.
    """
    duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    _undecided(proposal)
    if staff.id == proposal.proposed_by:
        message = "whoever proposed to leave something out does not confirm it: ask a colleague"
        raise Forbidden(message, code="own_parts")
    own_requests.check(session, request.id, staff)
    _same_laws(request, proposal)
    facts = _facts(session, context, proposal)
    part_choices.check(session, context, request, proposal.parts, facts)
    if not was_read(session, proposal, staff.id):
        raise Conflict("look at what is left out first", code="parts_unread")
    _replace(session, request.id)
    _decide(proposal, CONFIRMED, staff, now)
    if facts:
        kept = notes.keep(session, context.vault, request.id, notes.ANSWER, facts, now=now)
        proposal.answer_id = kept
    more: dict[str, Any] = {"proposed_by": f"staff:{proposal.proposed_by}"}
    _note(session, request, proposal, "parts_confirmed", staff, now, **more)
    session.flush()
    replanning.throw_away(session, request, steps_of(session, request.id), now)
    requests.record(session, request, Event.RESUMED, actor=f"staff:{staff.id}", now=now)


def _same_laws(request: Request, proposal: PartProposal) -> None:
    if {*request.regimes} != {*proposal.regimes}:
        message = "another law applies by now: dismiss this and propose anew"
        raise Conflict(message, code="law_changed")


def _replace(session: Session, request_id: str) -> None:
    """Let what is confirmed now stand in place of what was before, and of what was told of it."""
    _untell(session, request_id)
    for one in session.exec(_confirmed(request_id)).all():
        one.outcome = REPLACED


def reconsider(session: Session, request: Request, *, actor: str, now: datetime) -> None:
    """
    Let the plan be made anew: a law was added under which a reason of a part counts no longer.

    Once something was changed the plan goes on as it was approved.

    Raises:
        Conflict: a worker has the request in hand right now.
    """
    steps = steps_of(session, request.id)
    if replanning.begun(steps):
        return
    if any(step.state is StepState.RUNNING for step in steps):
        message = "a worker has it in hand right now: try again in a moment"
        raise Conflict(message, code="being_worked_on")
    if not in_force(session, request):
        _untell(session, request.id)
    replanning.throw_away(session, request, steps, now)
    if part_choices.waits(request):
        requests.record(session, request, Event.RESUMED, actor=actor, now=now)


def _untell(session: Session, request_id: str) -> None:
    """Forget what the person was to be told of parts that are done after all."""
    for one in session.exec(_confirmed(request_id)).all():
        session.execute(delete(SealedNote).where(col(SealedNote.id) == one.answer_id))
        one.answer_id = ""


def _confirmed(request_id: str) -> SelectOfScalar[PartProposal]:
    mine = select(PartProposal).where(PartProposal.request_id == request_id)
    return mine.where(PartProposal.outcome == CONFIRMED)


def dismiss(
    session: Session, request: Request, proposal: PartProposal, staff: Staff, *, now: datetime
) -> None:
    """
    Say that nothing is to be left out like that; who proposed it takes it back by that.

    Raises:
        Forbidden: they neither made nor may confirm it. Conflict: it was decided.
    """
    own = staff.id == proposal.proposed_by
    if not own:
        duties.check(staff.roles, duties.Act.CONFIRM_DENIAL)
    _undecided(proposal)
    _decide(proposal, WITHDRAWN if own else DISMISSED, staff, now)
    _note(session, request, proposal, f"parts_{proposal.outcome}", staff, now)


def _undecided(proposal: PartProposal) -> None:
    if proposal.outcome:
        raise Conflict(f"this proposal was {proposal.outcome} already", code="parts_decided")


def _decide(proposal: PartProposal, outcome: str, staff: Staff, now: datetime) -> None:
    proposal.outcome, proposal.decided_by, proposal.decided_at = outcome, staff.id, now


def _note(
    session: Session,
    request: Request,
    proposal: PartProposal,
    event: str,
    staff: Staff,
    now: datetime,
    **more: str,
) -> None:
    """Write an entry: which parts, and why, stands in the plan once it was confirmed."""
    line = audit.Line(event, f"staff:{staff.id}", {"proposal": proposal.id, **more})
    audit.append(session, request, [line], now=now)
