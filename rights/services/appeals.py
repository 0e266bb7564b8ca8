"""
Appeals inside the company: free text, a clock of their own, decided by somebody else.

A closed request stays closed. An appeal that is upheld begins the same request anew, for the same
person at the level that was proved, and its ways out stay what they are: nobody has to appeal.

Source: PIPL 50, 65; GB/T 35273-2020 8.8; Algorithmic Recommendation Provisions 22.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from rights import yaml_file
from rights.domain import duties
from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.parameters import NAMED_BY
from rights.domain.plain_text import plain
from rights.domain.representation import Role
from rights.services import (
    assurance,
    audit,
    beginning_anew,
    content_approvals,
    denials,
    messages,
    not_me,
    notices,
    places,
    requests,
    webhooks,
    writings,
)
from rights.services.context import Context
from rights.services.places import Place
from rights.services.regimes import promise
from rights.services.writings import APPEAL, APPEAL_REASONS, Written
from rights.store.ids import new_id
from rights.store.models import Appeal, Request, Staff

UPHELD: Final = "upheld"
DISMISSED: Final = "dismissed"
ENDED_SHORT: Final = frozenset({State.DENIED, State.PARTIALLY_FULFILLED})
"""Ends that did not give the person all they asked for."""

OWN_WAY: Final = "internal_appeal_optional"
"""The way out that an appeal is; once it was decided it is none any more."""

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "appeals.yaml"
_ONLY_LOOKED: Final = frozenset(
    {
        "plan_shown",
        "denial_read",
        "denial_dismissal_read",
        "received",
        "redactions_seen",
        "package_sampled",
        "messages_read",
        "letter_read",
        "message_sent",
        "appeal_read",
        "appeal_assigned",
        "complaint_answered",
        "minor_content_asked",
        "minor_content_approved",
        "staff_refused",
        "assigned",
        "told_otherwise",
    }
)
"""Entries of staff that say nothing about how the request was to end, or when: a request that is
late can be appealed, and whoever took more time or let its clock stand had a part in that."""


@cache
def optional() -> Mapping[str, str]:
    """Return the sentence that an appeal is optional, by language."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return dict(found["optional"])


def possible(request: Request, now: datetime) -> bool:
    """
    Return whether a request can be appealed: it ended short, or is still open and late.

    The end of a restriction on a day that was named is none: it would come at once. Who wants it
    asks for it, and who does not want it asks for a restriction again.
    """
    if NAMED_BY in request.parameters:
        return False
    late = request.state not in TERMINAL and request.promised_at < now and not request.pause_cause
    return late or request.state in ENDED_SHORT


def make(
    session: Session, context: Context, request: Request, text: str, *, actor: str, now: datetime
) -> Appeal:
    """
    Take an appeal in and tell the person by when it is decided; the caller has locked the request.

    Raises:
        Invalid: there is nothing in it, or too much.
        Conflict: there is nothing to appeal against, one was made already, or whom the request
            was about has been forgotten.
    """
    said = plain(text)
    _only_one(of_request(session, request.id))
    if not possible(request, now):
        message = "an appeal is for what was denied, done in part only, or is late"
        raise Conflict(message, code="not_appealable")
    messages.remembered(context, request, now)
    clock = promise("appeal", None, request.regimes, now, book=context.regimes)
    made = Appeal(
        id=new_id(),
        request_id=request.id,
        received_at=now,
        due_at=clock.due_at,
        promised_at=clock.promised_at,
    )
    session.add(made)
    writings.keep(session, context.vault, request.id, APPEAL, said, now=now)
    line = audit.Line("appeal_made", actor, {"appeal": made.id})
    audit.append(session, request, [line], now=now)
    notices.ask_for(session, request, "appeal_received", now=now)
    return made


def _only_one(before: Appeal | None) -> None:
    if before is None:
        return
    if not before.outcome:
        raise Conflict("this request is being appealed already", code="appeal_open")
    raise Conflict(
        "an appeal about this request was decided: what is left is a complaint to us or to the"
        " authority, and the court",
        code="appeal_decided",
    )


def of_request(session: Session, request_id: str) -> Appeal | None:
    """Return the appeal of a request, if there is one."""
    return session.exec(select(Appeal).where(Appeal.request_id == request_id)).first()


def find(session: Session, appeal_id: str) -> tuple[Request, Appeal]:
    """Return an appeal with its request, both locked. Raises NotFound."""
    known = session.get(Appeal, appeal_id)
    if known is None:
        raise NotFound(f"there is no appeal {appeal_id}: `rights appeals list` shows the open ones")
    request = requests.locked(session, known.request_id)
    session.refresh(known, with_for_update=True)
    return request, known


def deciders(session: Session, request: Request) -> frozenset[str]:
    """Return the ids of staff who had a part in how a request went, by its audit trail."""
    return frozenset(
        entry.actor.partition(":")[2]
        for entry in audit.entries(session, request.id)
        if entry.actor.startswith("staff:") and entry.event not in _ONLY_LOOKED
    )


def assign(
    session: Session, request: Request, appeal: Appeal, to: Staff, by: Staff, *, now: datetime
) -> None:
    """
    Give an appeal to somebody who had no part in the request.

    Raises:
        Forbidden: one of the two may not do that.
        Conflict: it is decided, or *to* decided about the request itself.
    """
    duties.check(by.roles, duties.Act.ASSIGN_APPEAL)
    duties.check(to.roles, duties.Act.DECIDE_APPEAL)
    _undecided(appeal)
    _had_no_part(session, request, to)
    appeal.assigned_to = to.id
    line = audit.Line("appeal_assigned", f"staff:{by.id}", {"appeal": appeal.id, "to": to.id})
    audit.append(session, request, [line], now=now)


def _undecided(appeal: Appeal) -> None:
    if appeal.outcome:
        raise Conflict(f"appeal {appeal.id} was {appeal.outcome} already", code="appeal_decided")


def _had_no_part(session: Session, request: Request, staff: Staff) -> None:
    if staff.id in deciders(session, request):
        raise Conflict(
            "an appeal is decided by somebody who had no part in the request: assign it to another"
            " member of staff",
            code="decided_before",
        )


def decide(
    session: Session,
    context: Context,
    request: Request,
    appeal: Appeal,
    staff: Staff,
    *,
    uphold: bool,
    reasons: str,
    now: datetime,
) -> None:
    """
    Decide an appeal and tell the person why, and where they can still turn.

    Raises:
        Forbidden: their roles do not allow it.
        Conflict: it is decided, is not theirs, they had a part in the request, or it would begin
            anew what somebody asked for another person.
        Invalid: no reasons are given.
        Forbidden: also where somebody at a contact on file says that it was not them.
    """
    duties.check(staff.roles, duties.Act.DECIDE_APPEAL)
    _undecided(appeal)
    if appeal.assigned_to != staff.id:
        raise Conflict("this appeal is not assigned to you", code="not_assigned")
    _had_no_part(session, request, staff)
    why = plain(reasons, field="reasons")
    writings.keep(session, context.vault, request.id, APPEAL_REASONS, why, now=now)
    appeal.outcome = UPHELD if uphold else DISMISSED
    appeal.decided_at, appeal.decided_by = now, f"staff:{staff.id}"
    if uphold and request.state in ENDED_SHORT:
        _own(request)
        appeal.led_to = beginning_anew.begin(session, context, request, now=now).id
    data = {"appeal": appeal.id, **({"led_to": appeal.led_to} if appeal.led_to else {})}
    line = audit.Line(f"appeal_{appeal.outcome}", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)
    notices.ask_for(session, request, "appeal_decided", now=now)
    webhooks.publish(session, request, "request.appeal_decided", now=now)


def _own(request: Request) -> None:
    """
    Let only what people asked for themselves begin anew: nobody's authority is carried over.

    Raises:
        Conflict: somebody acts for its subject in it, or a guardian has to say yes to it.
        Forbidden: it is stopped.
    """
    not_me.check(request)
    if request.requester_role is not Role.SELF or assurance.waits_for_guardian(request):
        raise Conflict(
            "somebody acts for the person of this request, and what shows that they may is not"
            " carried over: ask them to submit it anew and to show it once more, then decide",
            code="acted_for",
        )


def can_uphold(request: Request) -> bool:
    """Return whether an appeal can be upheld: what it would begin anew is the person's own."""
    try:
        if request.state in ENDED_SHORT:
            _own(request)
    except (Conflict, Forbidden):
        return False
    return True


def read_by(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> list[Written]:
    """Return what was appealed and how it was answered, and note who read it. Raises Forbidden."""
    duties.check(staff.roles, duties.Act.CORRESPOND)
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line("appeal_read", f"staff:{staff.id}", allowed)
    audit.append(session, request, [line], now=now)
    return writings.read(session, context.vault, request.id, (APPEAL, APPEAL_REASONS))


def open_ones(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[Appeal, Request]]:
    """Return the appeals that wait for a decision, the most urgent first."""
    query = (
        select(Appeal, Request)
        .where(col(Appeal.request_id) == col(Request.id), col(Appeal.decided_at).is_(None))
        .where(*places.later(col(Appeal.promised_at), col(Appeal.id), after))
        .order_by(col(Appeal.promised_at), col(Appeal.id))
        .limit(limit)
    )
    return list(session.exec(query))


def ways_left(context: Context, request: Request) -> list[dict[str, Any]]:
    """Return where the person can turn after an appeal was decided."""
    return [way for way in denials.ways_out(context, request) if way["code"] != OWN_WAY]


def shown(
    session: Session, context: Context, request: Request, appeal: Appeal, *, told: bool
) -> dict[str, Any]:
    """
    Return an appeal, JSON-native.

    Args:
        told: Whoever reads it may know what the request is about. Nobody is told while somebody
            at a contact on file says that it was not them.
    """
    texts = writings.read(session, context.vault, request.id, (APPEAL, APPEAL_REASONS))
    written = (
        {one.purpose: one.text for one in texts} if told and not not_me.stopped(request) else {}
    )
    decided = appeal.decided_at
    return {
        "id": appeal.id,
        "request_id": request.id,
        "state": appeal.outcome or "open",
        "received_at": appeal.received_at.isoformat(),
        "due_at": appeal.promised_at.isoformat(),
        "decided_at": decided.isoformat() if decided else None,
        "led_to": appeal.led_to or None,
        "text": written.get(APPEAL),
        "reasons": written.get(APPEAL_REASONS),
        "optional": dict(optional()),
        "remedies": ways_left(context, request),
    }
