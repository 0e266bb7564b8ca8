"""
What staff do until there is a console: complete, retry or leave out a step, by name.

Who may is ``rights/domain/duties.py``; denying a whole request is ``rights/services/denials.py``.

Every act is an entry with who did it; nobody's word closes a request, the steps do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden, Invalid, NotFound, RightsError
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.minors import ContentClosed
from rights.services import audit, requests
from rights.store.models import Request, Staff, StepRow, StepState
from workflows import infeasible
from workflows.reasons import for_staff
from workflows.recipes import Action

WAITING = (StepState.MANUAL, StepState.FAILED)


def open_tasks(session: Session, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return steps that wait for a person, the most urgent request first."""
    query = (
        select(StepRow, Request)
        .where(col(StepRow.request_id) == col(Request.id), col(StepRow.state).in_(WAITING))
        .where(col(Request.state).in_((State.ON_HOLD, State.IN_PROGRESS)), ~_too_early())
        .order_by(col(Request.promised_at), col(StepRow.id))
        .limit(limit)
    )
    return [
        {
            "step": row.id,
            "request": request.id,
            "kind": str(request.kind),
            "action": row.action,
            "store": row.store,
            "state": str(row.state),
            "code": row.code,
            "note": row.note,
            "due": request.promised_at.isoformat(),
        }
        for row, request in session.exec(query)
    ]


def _too_early() -> ColumnElement[bool]:
    """Say "a step of an earlier phase is not finished": by hand too, roots go last."""
    earlier = aliased(StepRow)
    return (
        select(earlier.id)
        .where(
            earlier.request_id == col(StepRow.request_id),
            col(earlier.phase) < col(StepRow.phase),
            col(earlier.state).not_in((StepState.DONE, StepState.LEFT_OUT)),
        )
        .exists()
    )


def staff_named(session: Session, name: str) -> Staff:
    """
    Return a member of staff.

    Raises:
        Forbidden: there is none of that name, or not any more.
    """
    query = select(Staff).where(Staff.name == name, col(Staff.closed_at).is_(None))
    found = session.exec(query).first()
    if found is None:
        raise Forbidden("no member of staff has that name: add one with `rights staff add`")
    return found


def complete(session: Session, step_id: str, staff: Staff, *, now: datetime, proof: str) -> None:
    """
    Say that a manual step was done by hand.

    Args:
        proof: Reference of the ticket or document that shows it; no personal data.

    Raises:
        Conflict: the step does not wait for a person, a connector must do it (retry), or
            it is not its turn yet.
        Forbidden: their roles do not allow it.
    """
    request, row = _waiting(session, step_id)
    duties.check(staff.roles, Act.REVIEW if row.action == Action.REVIEW else Act.COMPLETE)
    if row.state is not StepState.MANUAL:
        raise Conflict(f"step {step_id} failed: mend the cause and retry it, or leave it out")
    if session.exec(select(StepRow.id).where(col(StepRow.id) == step_id, _too_early())).first():
        raise Conflict(f"step {step_id} comes after steps that are not finished yet")
    row.state, row.done_at, row.done_by = StepState.DONE, now, f"staff:{staff.id}"
    row.result = {"proof": proof[:200]}
    _resume(session, request, row, "task_completed", staff, now)


def retry(session: Session, step_id: str, staff: Staff, *, now: datetime) -> None:
    """Let a failed step run again, after its cause was mended."""
    duties.check(staff.roles, Act.RETRY)
    request, row = _waiting(session, step_id)
    if row.state is not StepState.FAILED:
        raise Conflict(f"step {step_id} is not one that a connector can do: complete it")
    row.state, row.next_at, row.attempts = StepState.TODO, None, 0
    _resume(session, request, row, "step_retried", staff, now)


def leave_out(session: Session, step_id: str, staff: Staff, *, now: datetime, reason: str) -> None:
    """
    Go on without a step; the answer names it with the reason.

    Raises:
        Invalid: the reason is not in the catalogue.
        Conflict: it is the step that makes the plan; without it a request can only be denied.
            Or it is called infeasible and is not, or staff made no exception.
        Forbidden: their roles do not allow it.
    """
    duties.check(staff.roles, Act.LEAVE_OUT)
    if reason not in for_staff():
        raise Invalid(f"the reason must be one of: {', '.join(for_staff())}")
    request, row = _waiting(session, step_id)
    if row.action == Action.PREPARE:
        raise Conflict(
            "without a plan nothing can be done: mend the cause and retry it, or deny the request"
        )
    if reason == infeasible.REASON:
        infeasible.leave_out(session, request, row, now=now)
    row.state, row.code, row.done_at = StepState.LEFT_OUT, reason, now
    row.done_by = f"staff:{staff.id}"
    _resume(session, request, row, "step_left_out", staff, now)


def refused(session: Session, staff: Staff, error: RightsError, *, now: datetime) -> None:
    """Note what a member of staff tried and may not do; with a minor's request, whose it was."""
    line = audit.Line("staff_refused", f"staff:{staff.id}", {"code": error.code})
    if isinstance(error, ContentClosed):
        request = requests.locked(session, error.request_id)
        audit.append(session, request, [line], now=now)
        return
    audit.append_day(session, line, now=now)


def _waiting(session: Session, step_id: str) -> tuple[Request, StepRow]:
    row = session.get(StepRow, step_id)
    if row is None:
        raise NotFound(f"there is no step {step_id}: `rights tasks list` shows those that wait")
    request = requests.locked(session, row.request_id)
    session.refresh(row)
    if row.state not in WAITING:
        raise Conflict(f"step {step_id} is {row.state}: it does not wait for a person")
    return request, row


def _resume(
    session: Session, request: Request, row: StepRow, event: str, staff: Staff, now: datetime
) -> None:
    data = {"step": row.id.partition("-")[2], "code": row.code}
    audit.append(session, request, [audit.Line(event, f"staff:{staff.id}", data)], now=now)
    if request.state is State.ON_HOLD and request.wait in (Wait.TASK, Wait.STORE):
        requests.record(session, request, Event.RESUMED, actor=f"staff:{staff.id}", now=now)
