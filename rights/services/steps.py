"""The rows of a plan's steps, as everybody reads them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import String, bindparam
from sqlmodel import Session, col, select

from rights.store.models import StepRow

_STEPS: Final = (
    select(StepRow)
    .where(col(StepRow.request_id) == bindparam("request", type_=String))
    .order_by(col(StepRow.phase), col(StepRow.id))
)


def steps_of(session: Session, request_id: str) -> list[StepRow]:
    """Return the steps of a request, phase by phase."""
    return list(session.exec(_STEPS, params={"request": request_id}))
