"""
What staff do about a step that waits for them: complete, retry or leave it out, by name.

Who may is ``rights/domain/duties.py``; denying a whole request is ``rights/services/denials.py``.

Every act is an entry with who did it; nobody's word closes a request, the steps do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.actions import Action
from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.domain.lifecycle import Event, State, Wait
from rights.services import (
    audit,
    infeasible,
    leaving_out,
    packages,
    places,
    requests,
    search_scope,
    written_answers,
)
from rights.services.context import Context
from rights.services.places import Place
from rights.services.reasons import catalogue
from rights.store.models import Request, Staff, StepRow, StepState


@dataclass(frozen=True, slots=True)
class Left:
    """
    What is said of a step that is left out.

    Args:
        reason: A code of the catalogue.
        answer: What the person is told beside it; sealed.
    """

    reason: str
    answer: str = field(default="", repr=False)


WAITING = (StepState.MANUAL, StepState.FAILED)
_WORKED_ON = (State.ON_HOLD, State.IN_PROGRESS)


def open_tasks(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[dict[str, Any]]:
    """Return steps that wait for a person, the most urgent request first."""
    query = (
        select(StepRow, Request)
        .where(col(StepRow.request_id) == col(Request.id), col(StepRow.state).in_(WAITING))
        .where(col(Request.state).in_(_WORKED_ON))
        .where(~_too_early(col(StepRow.request_id), col(StepRow.phase)))
        .where(*places.later(col(Request.promised_at), col(StepRow.id), after))
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


def count_open(session: Session) -> int:
    """Return how many steps wait for a person: as many as :func:`open_tasks` has, of any number."""
    steps = select(StepRow.request_id, StepRow.phase).where(col(StepRow.state).in_(WAITING))
    # Found first and once: a planner that believes them few looks for them with every request.
    found = steps.cte("found").prefix_with("MATERIALIZED")
    query = (
        select(func.count())
        .select_from(found)
        .join(Request, col(Request.id) == found.c.request_id)
        .where(col(Request.state).in_(_WORKED_ON))
        .where(~_too_early(found.c.request_id, found.c.phase))
    )
    return int(session.execute(query).scalar_one())


def _too_early(request_id: Any, phase: Any) -> ColumnElement[bool]:
    """Say "a step of an earlier phase is not finished": by hand too, roots go last."""
    earlier = aliased(StepRow)
    return (
        select(earlier.id)
        .where(
            earlier.request_id == request_id,
            col(earlier.phase) < phase,
            col(earlier.state).not_in((StepState.DONE, StepState.LEFT_OUT)),
        )
        .exists()
    )


def complete(
    session: Session,
    step_id: str,
    staff: Staff,
    *,
    now: datetime,
    proof: str,
    documents: Sequence[str] = (),
) -> None:
    """
    Say that a manual step was done by hand.

    Args:
        proof: Reference of the ticket or document that shows it; no personal data.
        documents: Those that are kept for the step.

    Raises:
        Invalid: nothing shows it. A step in which somebody looks shows that by who did.
        Conflict: the step does not wait for a person, a connector must do it (retry), or
            it is not its turn yet.
        Forbidden: their roles do not allow it.
    """
    request, row = completable(session, step_id, staff)
    if row.action != Action.REVIEW and not proof.strip() and not documents:
        wrong = FieldError("proof", "give a reference, or attach what shows it", rule="missing")
        raise Invalid("nothing shows that this was done", [wrong])
    row.state, row.done_at, row.done_by = StepState.DONE, now, f"staff:{staff.id}"
    row.result = {"proof": proof[:200]} | ({"documents": [*documents]} if documents else {})
    _resume(session, request, row, "task_completed", staff, now)


def completable(session: Session, step_id: str, staff: Staff) -> tuple[Request, StepRow]:
    """Return a step that somebody may say was done by hand now; raises as :func:`complete`."""
    request, row = _waiting(session, step_id)
    duties.check(staff.roles, Act.REVIEW if row.action == Action.REVIEW else Act.COMPLETE)
    _no_package(row)
    if row.state is not StepState.MANUAL:
        message = f"step {step_id} failed: mend the cause and retry it, or leave it out"
        raise Conflict(message, code="step_failed")
    if session.exec(
        select(StepRow.id).where(
            col(StepRow.id) == step_id, _too_early(col(StepRow.request_id), col(StepRow.phase))
        )
    ).first():
        message = f"step {step_id} comes after steps that are not finished yet"
        raise Conflict(message, code="step_too_early")
    return request, row


def retry(session: Session, step_id: str, staff: Staff, *, now: datetime) -> None:
    """Let a failed step run again, after its cause was mended."""
    duties.check(staff.roles, Act.RETRY)
    request, row = _waiting(session, step_id)
    if row.state is not StepState.FAILED:
        message = f"step {step_id} is not one that a connector can do: complete it"
        raise Conflict(message, code="step_by_hand")
    row.state, row.next_at, row.attempts = StepState.TODO, None, 0
    _resume(session, request, row, "step_retried", staff, now)


def leave_out_telling(
    session: Session, context: Context, step_id: str, staff: Staff, left: Left, *, now: datetime
) -> None:
    """
    Go on without a step, and tell the person in words what the reason alone does not.

    Raises:
        Conflict: a law of the request wants a written answer, and there are no words.
        RightsError: as :func:`leave_out`.
    """
    request = _leave_out(session, step_id, staff, left, now=now)
    written_answers.keep(session, context, request, left.answer, now=now)


def leave_out(session: Session, step_id: str, staff: Staff, *, now: datetime, reason: str) -> None:
    """
    Go on without a step; the answer names it with the reason.

    Raises:
        Invalid: the reason is none for this kind, or none under the laws of the request.
        Conflict: it is the step that makes the plan, or nothing else is done for the person:
            such a request can only be denied. Or it is called infeasible and is not, or staff
            made no exception; or a search is limited, and nothing says to what.
        Forbidden: their roles do not allow it.
    """
    _leave_out(session, step_id, staff, Left(reason), now=now)


def _leave_out(
    session: Session, step_id: str, staff: Staff, left: Left, *, now: datetime
) -> Request:
    reason = left.reason
    duties.check(staff.roles, Act.LEAVE_OUT)
    request, row = _waiting(session, step_id)
    _no_package(row)
    leaving_out.check(session, request, row, reason, staff)
    if reason == infeasible.REASON:
        infeasible.leave_out(session, request, row, now=now)
    if catalogue()[reason].limits_search:
        search_scope.record(session, request, row, staff, left.answer, now=now)
    row.state, row.code, row.done_at = StepState.LEFT_OUT, reason, now
    row.done_by = f"staff:{staff.id}"
    _resume(session, request, row, "step_left_out", staff, now)
    return request


def _no_package(row: StepRow) -> None:
    """Make sure that nobody's general word stands for a look at one package."""
    if row.code == packages.REVIEW:
        message = "a package is let go, or made anew, by its hash: `rights packages`"
        raise Conflict(message, code="package_waits")


def _waiting(session: Session, step_id: str) -> tuple[Request, StepRow]:
    row = session.get(StepRow, step_id)
    if row is None:
        raise NotFound(f"there is no step {step_id}: `rights tasks list` shows those that wait")
    request = requests.locked(session, row.request_id)
    session.refresh(row)
    if row.state not in WAITING:
        message = f"step {step_id} is {row.state}: it does not wait for a person"
        raise Conflict(message, code="step_not_waiting")
    return request, row


def _resume(
    session: Session, request: Request, row: StepRow, event: str, staff: Staff, now: datetime
) -> None:
    data = {"step": row.id.partition("-")[2], "code": row.code}
    audit.append(session, request, [audit.Line(event, f"staff:{staff.id}", data)], now=now)
    if request.state is State.ON_HOLD and request.wait in (Wait.TASK, Wait.STORE):
        requests.record(session, request, Event.RESUMED, actor=f"staff:{staff.id}", now=now)
