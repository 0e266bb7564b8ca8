"""
A law that turns out to apply to a request, when it is known where the person lives.

It is added to those there are: what was promised can only get earlier by it, what favours whoever
answers needs all of them, and the duties are those of all. None is ever taken away.
Where it knows no reason for which a part was left out, the plan is made anew.

Source: PIPL 3; NDSR 2; GDPR 3; App-Violation Identification Method 6(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.clock import tighten
from rights.domain.errors import Conflict
from rights.domain.lifecycle import TERMINAL
from rights.services import acknowledging, audit, extensions, parts_left_out
from rights.services.context import Context
from rights.services.regimes import promise
from rights.store.models import Request, Staff

EVENT: Final = "laws_added"


def add(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    laws: Sequence[str],
    *,
    now: datetime,
) -> None:
    """
    Handle *request*, whose row the caller has locked, under *laws* too.

    Raises:
        Forbidden: they may not.
        Conflict: it is closed, its clock stands still, or the person is about to be told of more
            time; it is handled under all of these already; or a part of it that was left out has
            to be done, and a worker has it in hand.
        Invalid: one is no law here, or does not know what was asked.
    """
    duties.check(staff.roles, duties.Act.LOG_REQUEST)
    added = [name for name in dict.fromkeys(laws) if name not in request.regimes]
    _can_be_added(session, request, added)
    # Counted without the extension and the pauses of the others: a new law may know neither.
    about = (request.kind, request.option, added, request.received_at)
    fresh = promise(*about, verified_at=request.verified_at, book=context.regimes)
    was, left = request.promised_at, parts_left_out.in_force(session, request)
    request.regimes = [*request.regimes, *added]
    request.due_at = tighten(request.due_at, fresh.due_at)
    request.promised_at = tighten(was, fresh.promised_at)
    request.due_provisional = request.due_provisional or (
        fresh.due.provisional and request.promised_at < was
    )
    acknowledging.begin(session, request, fresh.due.ack_at)
    dates = {"from": was.isoformat(), "until": request.promised_at.isoformat()}
    line = audit.Line(EVENT, f"staff:{staff.id}", {"regimes": added, **dates})
    audit.append(session, request, [line], now=now)
    if parts_left_out.in_force(session, request) != left:
        parts_left_out.reconsider(session, request, actor=f"staff:{staff.id}", now=now)


def _can_be_added(session: Session, request: Request, added: Sequence[str]) -> None:
    if request.state in TERMINAL:
        raise Conflict("this request is closed: no law changes its answer", code="closed")
    if not added:
        raise Conflict("this request is handled under that law already", code="conflict")
    if request.pause_cause:
        message = "the clock stands still, which the new law may not know: let it run first"
        raise Conflict(message, code="conflict")
    if any(row.state == extensions.WAITING for row in extensions.of_request(session, request.id)):
        message = "the person is about to be told of more time: wait until that letter went out"
        raise Conflict(message, code="conflict")
