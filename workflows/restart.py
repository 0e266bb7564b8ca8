"""Begin again, before anything was changed: the person must say more, or others went first."""

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
from workflows.claims import Ask
from workflows.floor import Floor
from workflows.recipes import EFFECTS
from workflows.steprows import first_step

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


def plan_anew(
    session: Session, request: Request, steps: Sequence[StepRow], now: datetime
) -> StepRow:
    """Throw the plan away, and return the step that makes another one."""
    _throw_away(session, request, steps)
    audit.append(session, request, [audit.Line("planned_anew", "system", {})], now=now)
    row = first_step(request)
    session.add(row)
    return row


def _throw_away(session: Session, request: Request, steps: Sequence[StepRow]) -> None:
    for step in steps:
        session.expunge(step)
    for model in MADE:
        session.execute(delete(model).where(col(model.request_id) == request.id))
