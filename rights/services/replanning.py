"""
Whether a request can be planned anew: only before anything was changed.

What is forgotten with a plan, and why whoever approved it is asked once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rights.domain.actions import EFFECTS, Action
from rights.services import outbox
from rights.store.models import (
    KeyringRow,
    Package,
    PlanRow,
    Request,
    StepRow,
    StepState,
    SubjectLock,
)

ASKS: Final = "asks"
"""In the result of a first step: why whoever approved the plan before is asked again."""

WHY: Final = "asks_why"
"""Beside it: the code of that, of which pages have the words; empty where there is none."""

MADE: Final = (StepRow, PlanRow, KeyringRow, SubjectLock, Package)
"""What belongs to a plan, and goes with it."""


def begun(steps: Sequence[StepRow]) -> bool:
    """Return whether something was changed already, by a connector or by hand."""
    return any(s.action in EFFECTS and (s.fence or s.state is StepState.DONE) for s in steps)


def asked_again(rows: Sequence[StepRow]) -> str:
    """Return why a plan takes the place of one that was approved; empty where it does not."""
    return next((r.result.get(ASKS, "") for r in rows if r.action == Action.PREPARE), "")


def asking(note: str, why: str) -> dict[str, str]:
    """Return what the result of a first step keeps of why its plan is approved once more."""
    return {ASKS: note, WHY: why}


def asked_why(rows: Sequence[StepRow]) -> str:
    """Return the code of :func:`asked_again`; empty where that has none."""
    return next((r.result.get(WHY, "") for r in rows if r.action == Action.PREPARE), "")


def throw_away(session: Session, request: Request, steps: Sequence[StepRow], now: datetime) -> None:
    """Forget a plan with its steps, and what it was made of; what was read for it goes too."""
    made = select(Package.id).where(Package.request_id == request.id)
    for package_id in session.exec(made).all():
        outbox.emit(session, "drop_spools", now=now, package_id=package_id)
    for step in steps:
        session.expunge(step)
    for model in MADE:
        session.execute(delete(model).where(col(model.request_id) == request.id))
