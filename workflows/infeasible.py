"""
Leaving an erasure out because the store cannot delete: under an exception, and until its date.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.errors import Conflict
from rights.services import exceptions
from rights.store.models import HeldRows, HoldException, Request, StepRow, StepState
from workflows import holding
from workflows.plans import read_plan
from workflows.recipes import Action

REASON: Final = "infeasible"


def leave_out(session: Session, request: Request, row: StepRow, *, now: datetime) -> None:
    """
    Note what is not erased, why, and until when that is accepted.

    Raises:
        Conflict: the store can delete, or staff did not approve an exception for it.
    """
    if row.action != Action.ERASE:
        return
    if row.state is StepState.FAILED:
        raise Conflict(
            f"step {row.id} is one that a connector does: mend what stands in its way, and retry it"
        )
    plan, _ = read_plan(session, request.id)
    step = next((s for s in plan or () if f"{request.id}-{s.name}" == row.id), None)
    found = exceptions.for_paths(session, step.collections if step else (), now)
    notes = [_note(request, path, one, now) for path, one in found.items()]
    session.add_all(notes)
    row.result = {**row.result, "held": holding.told(notes)}


def _note(request: Request, path: str, one: HoldException, now: datetime) -> HeldRows:
    return HeldRows(
        request_id=request.id,
        collection=path,
        code=exceptions.CODE,
        basis=one.alternative,
        count=0,
        earliest=one.review_at,
        latest=one.review_at,
        next_at=one.review_at,
        hold_id=one.id,
        created_at=now,
    )
