"""
Plans as staff meet them: what waits for an approval, what is seen of it, and the approval.

A plan is read as it was written down, ``PlanRow.body``; only workers carry it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.actions import step_name
from rights.domain.errors import Conflict, NotFound
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.minors import ContentClosed
from rights.services import (
    audit,
    content_approvals,
    notes,
    own_requests,
    parts_left_out,
    places,
    plan_warnings,
    requests,
)
from rights.services.places import Place
from rights.services.replanning import asked_again, asked_why
from rights.services.steps import steps_of
from rights.store.models import PlanRow, Request, SealedNote, Staff, StepRow
from rights.store.vault import Vault

SAMPLE: Final = "sample"
"""Purpose of the note that keeps a masked sample until its plan is approved."""


def approve(
    session: Session, request: Request, plan_hash: str, staff: Staff, now: datetime
) -> None:
    """
    Let a plan be carried out.

    Raises:
        Conflict: the request waits for something else, the hash is another plan's, or a
            colleague's proposal to leave parts of it out was not decided.
        Forbidden: *staff* may not approve, or brought the request in (:mod:`own_requests`).
    """
    duties.check(staff.roles, duties.Act.APPROVE)
    own_requests.check(session, request.id, staff)
    row = session.get(PlanRow, request.id)
    if row is None:
        raise NotFound(f"request {request.id} has no plan to approve")
    if request.state is not State.ON_HOLD or request.wait is not Wait.APPROVAL:
        message = f"request {request.id} does not wait for an approval"
        raise Conflict(message, code="plan_not_to_approve")
    if row.hash != plan_hash:
        message = f"the plan of request {request.id} is {row.hash}: look at it again"
        raise Conflict(message, code="plan_changed")
    if parts_left_out.waiting(session, request.id) is not None:
        message = "parts of it are proposed to be left out: confirm or dismiss that first"
        raise Conflict(message, code="parts_undecided")
    row.approved_by, row.approved_at = f"staff:{staff.id}", now
    _drop_sample(session, request.id)
    line = audit.Line("plan_approved", row.approved_by, {"plan": row.hash})
    audit.append(session, request, [line], now=now)
    requests.record(session, request, Event.RESUMED, actor=row.approved_by, now=now)


def waiting(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[tuple[Request, PlanRow]]:
    """Return the plans that wait for an approval, the most urgent request first."""
    query = (
        select(Request, PlanRow)
        .where(col(PlanRow.request_id) == col(Request.id))
        .where(col(Request.closed_at).is_(None))  # an index has those
        .where(col(Request.state) == State.ON_HOLD, col(Request.wait) == Wait.APPROVAL)
        .where(*places.later(col(Request.promised_at), col(Request.id), after))
        .order_by(col(Request.promised_at), col(Request.id))
        .limit(limit)
    )
    return [(request, row) for request, row in session.exec(query)]


def shown(session: Session, request_id: str) -> dict[str, Any]:
    """
    Return the plan of a request as staff read it: every step, every count, no personal data.

    Raises:
        NotFound: there is no such request, or no plan was made for it yet.
    """
    row = session.get(PlanRow, request_id)
    if row is None:
        raise NotFound(f"request {request_id} has no plan: `rights tasks list` shows what waits")
    steps = steps_of(session, request_id)
    return {
        "request": request_id,
        "plan": row.hash,
        "needs_approval": row.needs_approval,
        "again": asked_again(steps),
        "again_code": asked_why(steps),
        "approved_by": row.approved_by,
        "map": row.config_hash,
        "schema": row.schema_hash,
        "holds": dict(row.body["holds"]),
        "warnings": plan_warnings.told(row.body),
        "steps": [_step(step, row.body["counts"]) for step in row.body["steps"]],
    }


def judged(session: Session, request_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """
    Return what a plan would come to, and the grounds that were judged for it; counts and codes.

    Both are empty where there is no plan, or where it is of a kind that has none.
    """
    row = session.get(PlanRow, request_id)
    body = row.body if row is not None else {}
    return body.get("outlook", {}), body.get("grounds", {})


def _step(step: Mapping[str, Any], counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    return {
        "step": _name(step),
        "action": step["action"],
        "store": step["store"],
        "collections": {path: dict(counts.get(path, {})) for path in step["collections"]},
        "by_hand": step["manual"],
        "left_out": step.get("refused", ""),
    }


def _name(step: Mapping[str, Any]) -> str:
    return step_name(step["phase"], step["action"], step["store"], step["part"])


def collections(session: Session, step: StepRow) -> tuple[str, ...]:
    """Return the paths that a step of the plan is about; empty when the plan has none such."""
    row = session.get(PlanRow, step.request_id)
    for one in row.body["steps"] if row else ():
        if f"{step.request_id}-{_name(one)}" == step.id:
            return tuple(one["collections"])
    return ()


def places_of(
    session: Session, request_ids: Iterable[str]
) -> dict[str, Mapping[str, Mapping[str, int]]]:
    """Return by step which paths it is about and how many rows were counted there; one query."""
    mine = select(PlanRow).where(col(PlanRow.request_id).in_({*request_ids}))
    return {
        f"{row.request_id}-{_name(one)}": _step(one, row.body["counts"])["collections"]
        for row in session.exec(mine)
        for one in row.body["steps"]
    }


def keep_sample(
    session: Session, vault: Vault, request_id: str, sample: Mapping[str, Any], now: datetime
) -> None:
    """Seal a plan's masked sample, where one was made; that of an earlier plan goes."""
    if not sample:
        return
    _drop_sample(session, request_id)
    notes.keep(session, vault, request_id, SAMPLE, dict(sample), now=now)


def sample(session: Session, vault: Vault, request_id: str) -> dict[str, Any]:
    """Return a plan's masked sample; empty when there is none, or none any more."""
    kept = notes.read(session, vault, request_id, SAMPLE)
    return dict(kept[-1]) if kept else {}


def _drop_sample(session: Session, request_id: str) -> None:
    mine = delete(SealedNote).where(col(SealedNote.request_id) == request_id)
    session.execute(mine.where(col(SealedNote.purpose) == SAMPLE))


def show(
    session: Session, vault: Vault, request: Request, staff: Staff, now: datetime
) -> dict[str, Any]:
    """
    Return a plan as whoever may approve it looks at it; that they looked is an entry.

    The sample of a minor's rows is content: without an approval it is ``withheld``.

    Raises:
        Forbidden: *staff* may not approve.
        NotFound: there is no plan.
    """
    duties.check(staff.roles, duties.Act.APPROVE)
    row = session.get(PlanRow, request.id)
    if row is None:
        raise NotFound(f"request {request.id} has no plan to look at")
    try:
        allowed = content_approvals.check(session, request, staff, now=now)
        seen: dict[str, Any] = {"sample": sample(session, vault, request.id)}
    except ContentClosed as closed:
        allowed, seen = {}, {"sample": {}, "withheld": closed.code}
    line = audit.Line("plan_shown", f"staff:{staff.id}", {"plan": row.hash, **allowed})
    audit.append(session, request, [line], now=now)
    return {
        "request": request.id,
        "hash": row.hash,
        "waits": row.needs_approval and row.approved_at is None,
        "again": asked_again(steps_of(session, request.id)),
        "plan": row.body,
        "warnings": plan_warnings.told(row.body),
        **seen,
    }
