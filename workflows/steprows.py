"""The rows that a plan's steps become."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.actions import Action
from rights.services import requests
from rights.store.models import Request, StepRow, StepState
from workflows.plan import Plan, Step

PREPARE: Final = "prepare"


def first_step(request: Request) -> StepRow:
    """Return the row of the step that makes the plan."""
    return StepRow(
        id=f"{request.id}-00-{PREPARE}",
        request_id=request.id,
        phase=0,
        action=Action.PREPARE,
        queue=requests.queue_of(request),
    )


def add_steps(session: Session, request: Request, plan: Plan) -> list[StepRow]:
    """Add a row for each step of *plan*; what no connector can do waits for a person."""
    rows = [
        StepRow(
            id=f"{request.id}-{step.name}",
            request_id=request.id,
            phase=step.phase,
            action=step.action,
            store=step.store,
            state=_first_state(step),
            code=step.refused,
            note=step.manual,
            queue=requests.queue_of(request),
        )
        for step in plan
    ]
    session.add_all(rows)
    return rows


def _first_state(step: Step) -> StepState:
    by_hand = StepState.MANUAL if step.manual else StepState.TODO
    return StepState.LEFT_OUT if step.refused else by_hand


def may_start(row: StepRow, now: datetime) -> bool:
    """Return whether a step's time has come; one at work whose lease has lapsed begins again."""
    due = row.next_at is None or row.next_at <= now
    return row.state in (StepState.TODO, StepState.RUNNING) and due
