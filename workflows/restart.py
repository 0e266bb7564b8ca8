"""
Begin again, before anything was changed.

The person must say more, others went first, or what was approved is not what is there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from rights.domain.actions import EFFECTS
from rights.domain.errors import Drift
from rights.domain.lifecycle import Event, Wait
from rights.services import audit, notes, points, requests
from rights.services.replanning import asking, begun, throw_away
from rights.store.models import PlanRow, Request, StepRow
from workflows.claims import Anew, Ask
from workflows.floor import Floor
from workflows.steprows import first_step

SHARED: Final = "others who own some of the rows went first"
FIRST: Final = "others_first"
"""Its code."""


def ask_person(session: Session, floor: Floor, request: Request, asked: Ask) -> None:
    """
    Hold the request until the person says more; its plan is thrown away.

    Raises:
        Drift: something was changed already, so there is no going back to a plan.
    """
    steps = session.exec(select(StepRow).where(StepRow.request_id == request.id)).all()
    if begun(steps):
        raise Drift(f"request {request.id} has begun to change stores: it cannot be planned anew")
    now = floor.now()
    throw_away(session, request, steps, now)
    told = {"needs": asked.needs, "choices": list(asked.choices)}
    notes.keep(session, floor.context.vault, request.id, "told", told, now=now)
    request.needs, request.wait, request.next_at = [asked.needs], Wait.NEEDS_INFO, None
    request.parameters = {k: v for k, v in request.parameters.items() if k != asked.needs}
    audit.append(session, request, [audit.Line("asked", "system", {"needs": asked.needs})], now=now)
    requests.record(session, request, Event.HELD, actor="system", now=now)
    points.tell(session, request, request.needs, now=now)


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
    throw_away(session, request, steps, now)
    line = audit.Line("planned_anew", "system", {"code": drifted.code} if drifted else {})
    audit.append(session, request, [line], now=now)
    request.irreversible_at = None
    row = first_step(request)
    if asks:
        row.result = asking(drifted.note, drifted.why) if drifted else asking(SHARED, FIRST)
    session.add(row)
    return row
