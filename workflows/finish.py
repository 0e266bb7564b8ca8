"""
End a request: everything was done, or is named as not done.

State, receipt, notice, events and the beginning of aftercare are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlmodel import Session

from rights.domain.errors import Drift
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event
from rights.services import preferences, requests, webhooks
from rights.services.notices import ask_for
from rights.store.models import Request, StepRow, StepState
from rights.store.rows import gathered
from workflows import aftercare, disputing, receipting
from workflows.floor import Floor
from workflows.keyring import opened_keys
from workflows.outcome import complete, lines
from workflows.plan import Plan
from workflows.returned import erased_partly


def finish(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan | None,
    *,
    now: datetime,
) -> None:
    """
    Close a request whose steps are all finished.

    Raises:
        Drift: it has no plan, or steps of its plan are not there. All of nothing is not done.
    """
    _prove(request, rows, plan)
    if plan is None:
        return
    found = lines(rows, {f"{request.id}-{s.name}": s.collections for s in plan})
    whole = complete(found) and not any(r.state is StepState.LEFT_OUT for r in rows)
    event = Event.COMPLETED if whole else Event.PARTLY_COMPLETED
    frozen = cache(lambda: opened_keys(session, floor.context.vault, request.id))
    # What is read here was committed before, and what is written is read by nobody before the end.
    with session.no_autoflush, gathered(session):
        receipting.write(session, floor, request, rows, found, plan, now=now)
        aftercare.begin(session, floor, request, rows, plan, frozen, now=now)
        disputing.end(session, floor, request, found, frozen, partly=erased_partly(request, rows))
        if request.kind is Kind.RECOMMENDATION_OPT_OUT:
            stores = sorted({s.store for s in plan if s.store})
            preferences.confirmed(session, request.id, stores=stores, now=now)
        if receipting.packaged(rows):
            webhooks.publish(session, request, "package.ready", now=now)
            ask_for(session, request, "package_ready", now=now)
        said = {"lines": len(found)}
        requests.record(session, request, event, actor="system", now=now, data=said)


def _prove(request: Request, rows: Sequence[StepRow], plan: Plan | None) -> None:
    """Prove that all is done: a claim about the plan's steps, not about those that exist."""
    if plan is None or not plan.steps:
        raise Drift(f"request {request.id} has no plan, so nothing was done for it")
    have = {r.id for r in rows}
    lost = [s.name for s in plan if f"{request.id}-{s.name}" not in have]
    if lost:
        raise Drift(f"request {request.id} lost steps of its plan: {', '.join(lost)}")
