"""
Leaving an erasure out because the store cannot delete: under an exception, and until its date.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.actions import Action
from rights.domain.errors import Conflict
from rights.services import exceptions, held_rows, plans
from rights.store.models import HeldRows, HoldException, Request, StepRow, StepState

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
            f"step {row.id} is one that a connector does: mend what stands in its way,"
            " and retry it",
            code="store_can_delete",
        )
    found = exceptions.for_paths(session, plans.collections(session, row), now)
    notes = [_note(request, path, one, now) for path, one in found.items()]
    session.add_all(notes)
    row.result = {**row.result, "held": held_rows.told(notes)}


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
