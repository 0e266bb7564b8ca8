"""
Begin again, before anything was changed.

The person must say more, others went first, or what was approved is not what is there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.domain.errors import Drift
from rights.domain.lifecycle import Event, Wait
from rights.services import audit, notes, requests
from rights.services.notices import ask_for
from rights.store.models import (
    KeyringRow,
    Package,
    PlanRow,
    Request,
    StepRow,
    StepState,
    SubjectLock,
)
from workflows.claims import Anew, Ask
from workflows.floor import Floor
from workflows.recipes import EFFECTS, Action
from workflows.steprows import first_step

ASKS: Final = "asks"
"""In the result of a first step: why whoever approved the plan before is asked again."""

SHARED: Final = "others who own some of the rows went first"

MADE: Final = (StepRow, PlanRow, KeyringRow, SubjectLock, Package)
"""What belongs to a plan, and goes with it."""


def ask_person(session: Session, floor: Floor, request: Request, asked: Ask) -> None:
    """
    Hold the request until the person says more; its plan is thrown away.

    Raises:
        Drift: something was changed already, so there is no going back to a plan.
    """
    steps = session.exec(select(StepRow).where(StepRow.request_id == request.id)).all()
    if any(s.action in EFFECTS and s.state is not StepState.TODO for s in steps):
        raise Drift(f"request {request.id} has begun to change stores: it cannot be planned anew")
    now = floor.now()
    _throw_away(session, request, steps)
    told = {"needs": asked.needs, "choices": list(asked.choices)}
    notes.keep(session, floor.context.vault, request.id, "told", told, now=now)
    request.needs, request.wait, request.next_at = [asked.needs], Wait.NEEDS_INFO, None
    request.parameters = {k: v for k, v in request.parameters.items() if k != asked.needs}
    audit.append(session, request, [audit.Line("asked", "system", {"needs": asked.needs})], now=now)
    requests.record(session, request, Event.HELD, actor="system", now=now)
    ask_for(session, request, "needs_info", now=now)


def untouched(rows: Sequence[StepRow], row: StepRow) -> bool:
    """Return whether no effect was ever begun but *row*, now, for the first time."""
    return row.fence == 1 and not any(
        r.fence for r in rows if r.action in EFFECTS and r.id != row.id
    )


def plan_anew(
    session: Session,
    request: Request,
    steps: Sequence[StepRow],
    now: datetime,
    drifted: Anew | None = None,
) -> StepRow:
    """
    Throw the plan away, and return the step that makes another one.

    Args:
        drifted: Why, where its first effect found that it does not fit any more.
    """
    query = select(PlanRow.needs_approval).where(PlanRow.request_id == request.id)
    asks = session.exec(query).first()
    _throw_away(session, request, steps)
    line = audit.Line("planned_anew", "system", {"code": drifted.code} if drifted else {})
    audit.append(session, request, [line], now=now)
    request.irreversible_at = None
    row = first_step(request)
    row.result = {ASKS: drifted.note if drifted else SHARED} if asks else {}
    session.add(row)
    return row


def asked_again(rows: Sequence[StepRow]) -> str:
    """Return why a plan takes the place of one that was approved; empty where it does not."""
    return next((r.result.get(ASKS, "") for r in rows if r.action == Action.PREPARE), "")


def _throw_away(session: Session, request: Request, steps: Sequence[StepRow]) -> None:
    for step in steps:
        session.expunge(step)
    for model in MADE:
        session.execute(delete(model).where(col(model.request_id) == request.id))
