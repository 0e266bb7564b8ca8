"""
Keep a package back until staff have looked at it, and let it out when its request ends.

It is kept back in the transaction that says it was made, and let out in the one that ends the
request and tells the person: a worker that ends in between leaves it where it was.

Source: NDSR 25; PIPL 45, 51. Decided in ADR 0103.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col

from rights.domain.actions import Action
from rights.services import audit, package_reviews, packages
from rights.store.models import Package, Request, StepRow, StepState
from workflows.claims import Done, Settled
from workflows.floor import Floor

_NOTE: Final = "staff look at the package before it goes out: rights packages"


def keep_back(
    session: Session, floor: Floor, request: Request, rows: Sequence[StepRow], outcome: Settled
) -> list[StepRow]:
    """Return the step in which staff look at the package that was made just now, if they do."""
    if not isinstance(outcome, Done) or outcome.package is None:
        return []
    if not package_reviews.applies(floor.context, request, outcome.result):
        return []
    # It has no end before it is let go: a look that comes late must not find it destroyed.
    _change(session, request, packages.READY, state=packages.IN_REVIEW, expires_at=None)
    step = _step(request, max(row.phase for row in rows) + 1)
    session.add(step)
    data = {"sha256": outcome.package["sha256"]}
    line = audit.Line(package_reviews.KEPT_BACK, "system", data)
    audit.append(session, request, [line], now=floor.now())
    return [step]


def _step(request: Request, phase: int) -> StepRow:
    return StepRow(
        id=f"{request.id}-{phase:02}-{Action.REVIEW}-package",
        request_id=request.id,
        phase=phase,
        action=Action.REVIEW,
        state=StepState.MANUAL,
        code=packages.REVIEW,
        note=_NOTE,
    )


def let_out(
    session: Session, floor: Floor, request: Request, rows: Sequence[StepRow], now: datetime
) -> None:
    """Let the person have what was looked at: its days begin now."""
    if not any(row.code == packages.REVIEW for row in rows):
        return
    until = now + timedelta(days=floor.context.settings.package_days)
    _change(session, request, packages.IN_REVIEW, state=packages.READY, expires_at=until)


def _change(session: Session, request: Request, now_is: str, **values: object) -> None:
    mine = (col(Package.request_id) == request.id) & (col(Package.state) == now_is)
    session.connection().execute(update(Package).where(mine).values(**values))
