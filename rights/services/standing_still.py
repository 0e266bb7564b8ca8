"""
Letting the clock of a request stand still while the person is waited for, where the law knows it.

Staff begin it; it ends when the person answers, when the wait ends, or when staff say so. Whole
days alone are added, and no aim of our own moves.

Source: UK GDPR 12A; GDPR 12(6); EDPB Guidelines 01/2022; 11 CCR 7021(b).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.clock import check_pause, moved
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.lifecycle import State, Wait
from rights.domain.regime import Clock
from rights.logs import get
from rights.services import audit, clock_pauses, extensions, requests
from rights.services.clock_pauses import CLARIFICATION, PROOFS
from rights.services.context import Context
from rights.services.deadlines import counted
from rights.services.regimes import promise
from rights.store.models import Challenge, ClockPause, ProofDemand, Request, Staff

FEE: Final = "fee"
CAUSES: Final = (*PROOFS, CLARIFICATION, FEE)
"""What a law may name; this service asks for no fee."""

BEGAN: Final = "clock_paused"
MOVED: Final = "clock_moved"
_BATCH: Final = 200


def pause(
    session: Session, context: Context, request: Request, staff: Staff, cause: str, *, now: datetime
) -> None:
    """
    Let the clock of a request, whose row the caller has locked, stand still from now on.

    Raises:
        Forbidden: they have not the role.
        Invalid: there is no such cause.
        Conflict: a law of the request knows no such pause, the person is not waited for, or it
            stands still already.
    """
    duties.check(staff.roles, duties.Act.PAUSE_CLOCK)
    if cause not in CAUSES:
        raise Invalid(f"no such cause: {cause}", [FieldError("cause", "is unknown", CAUSES)])
    for clock in _rules(context, request):
        check_pause(clock, cause)
    if cause == FEE:
        raise Conflict("this service asks nobody for a fee", code="no_fee_asked")
    if request.pause_cause:
        raise Conflict("the clock stands still already", code="paused_already")
    if now > request.promised_at:
        message = "what was promised has passed: a pause does not make a late answer timely"
        raise Conflict(message, code="pause_not_permitted")
    if not _waits(session, request, cause):
        message = "the person is not waited for: ask for a proof, or for what is missing, first"
        raise Conflict(message, code="nobody_waited_for")
    actor = f"staff:{staff.id}"
    row = ClockPause(request_id=request.id, cause=cause, began_by=actor, began_at=now)
    session.add(row)
    request.pause_cause, request.paused_at = cause, now
    audit.append(session, request, [audit.Line(BEGAN, actor, {"cause": cause})], now=now)


def _rules(context: Context, request: Request) -> Sequence[Clock]:
    about = (request.kind, request.option, request.regimes, request.received_at)
    return promise(*about, book=context.regimes).clocks


def _waits(session: Session, request: Request, cause: str) -> bool:
    """Return whether the person is waited for; a proof has to have been asked for."""
    if not clock_pauses.waited_for(request, cause):
        return False
    if cause == CLARIFICATION:
        return True
    demand = select(ProofDemand.way).where(ProofDemand.request_id == request.id)
    if session.exec(demand.limit(1)).first() is not None:
        return True
    code = select(Challenge.request_id).where(  # the console's role reads no more of it
        Challenge.request_id == request.id, Challenge.purpose == "request"
    )
    # Reasonable doubt is somebody's: a code that goes to everybody is no doubt about anybody.
    return cause == "identity" and session.exec(code.limit(1)).first() is not None


def resume(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> None:
    """
    Let the clock of a request run again, before the person has answered.

    Raises:
        Forbidden: they have not the role. Conflict: it runs.
    """
    duties.check(staff.roles, duties.Act.PAUSE_CLOCK)
    if not request.pause_cause:
        raise Conflict("the clock of this request runs", code="not_paused")
    clock_pauses.end(session, request, "staff", actor=f"staff:{staff.id}", now=now)
    count(session, context, request, now=now)


def count(session: Session, context: Context, request: Request, *, now: datetime) -> None:
    """Add the days of pauses that have ended to what is promised; of each pause once."""
    session.flush()
    every = [p for p in clock_pauses.of_request(session, request.id) if p.ended_at is not None]
    fresh = [p for p in every if p.counted_at is None]
    if not fresh:
        return
    for row in fresh:
        row.counted_at = now
        session.add(row)
    days = clock_pauses.days(every, now)
    if days > request.paused_days:
        _move(session, context, request, days, now)


def _move(session: Session, context: Context, request: Request, days: int, now: datetime) -> None:
    was, more = request.promised_at, days - request.paused_days
    old, new = counted(context, request), counted(context, request, paused_days=days)
    request.paused_days = days
    request.due_at = moved(request.due_at, old.due_at, new.due_at)
    request.promised_at = moved(request.promised_at, old.promised_at, new.promised_at)
    request.due_provisional = new.due.provisional
    extensions.count_again(session, context, request)
    until = request.promised_at.isoformat()
    data = {"days": more, "from": was.isoformat(), "until": until}
    audit.append(session, request, [audit.Line(MOVED, "system", data)], now=now)


def due(session: Session, *, limit: int = _BATCH) -> list[str]:
    """Return requests with pauses whose end, or whose days, nobody has written down yet."""
    answered = (col(Request.pause_cause) == CLARIFICATION) & (
        col(Request.wait) != Wait.NEEDS_INFO
    ) | col(Request.pause_cause).in_(PROOFS) & (col(Request.state) != State.VERIFYING)
    lasting = col(ClockPause.ended_at).is_(None)
    over = lasting & (col(Request.closed_at).is_not(None) | answered)
    query = (
        select(ClockPause.request_id)
        .join(Request, col(Request.id) == col(ClockPause.request_id))
        .where(col(ClockPause.counted_at).is_(None), ~lasting | over)
        .distinct()
        .limit(limit)
    )
    return list(session.exec(query))


def look(session: Session, context: Context, request_ids: Sequence[str], now: datetime) -> None:
    """
    End pauses that are over, and add their days, where whatever ended them could not.

    Each on its own: one that the laws of today cannot count any more keeps back no other, and
    its pause ends all the same.
    """
    for request_id in sorted(request_ids):
        request = requests.locked(session, request_id)
        clock_pauses.end_if_over(session, request, now)
        try:
            with session.begin_nested():
                count(session, context, request, now=now)
        except (Conflict, Invalid) as error:
            get().error("clock.uncounted", request_id=request_id, code=error.code)
