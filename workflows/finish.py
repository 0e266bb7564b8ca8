"""
End a request: everything was done, or is named as not done.

State, receipt, notice and events are one transaction. A receipt is written once; whatever is
learnt later is aftercare and never changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, select

from rights.domain.errors import Drift
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event
from rights.services import preferences, requests, webhooks
from rights.services.notices import ask_for
from rights.store.models import Package, ReceiptRow, Request, StepRow, StepState
from workflows.floor import Floor
from workflows.outcome import Line, by_hand, complete, lines
from workflows.plan import Plan
from workflows.recipes import Action

FORMAT = "rights-receipt/1"


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
    _receipt(session, floor, request, rows, found, plan, now)
    if request.kind is Kind.RECOMMENDATION_OPT_OUT:
        stores = sorted({s.store for s in plan if s.store})
        preferences.confirmed(session, request.id, stores=stores, now=now)
    if _packaged(rows):
        webhooks.publish(session, request, "package.ready", now=now)
        ask_for(session, request, "package_ready", now=now)
    requests.record(session, request, event, actor="system", now=now, data={"lines": len(found)})


def _prove(request: Request, rows: Sequence[StepRow], plan: Plan | None) -> None:
    """Prove that all is done: a claim about the plan's steps, not about those that exist."""
    if plan is None or not plan.steps:
        raise Drift(f"request {request.id} has no plan, so nothing was done for it")
    have = {r.id for r in rows}
    lost = [s.name for s in plan if f"{request.id}-{s.name}" not in have]
    if lost:
        raise Drift(f"request {request.id} lost steps of its plan: {', '.join(lost)}")


def _receipt(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    found: Sequence[Line],
    plan: Plan,
    now: datetime,
) -> None:
    body = {
        "format": FORMAT,
        "public_key": floor.signer.public()[floor.signer.key_id],
        "request": request.id,
        "kind": str(request.kind),
        "option": str(request.option),
        "regimes": request.regimes,
        "received_at": request.received_at.isoformat(),
        "answered_at": now.isoformat(),
        "map": {"version": request.map_version, "hash": plan.config_hash},
        "plan": plan.hash,
        "outcome": [line.to_json() for line in found],
        "verified": _verified(rows),
        "proves": _proves(rows, plan),
        "package": _package(session, request) if _packaged(rows) else None,
    }
    text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
    session.add(
        ReceiptRow(
            request_id=request.id,
            body=text,
            key_id=floor.signer.key_id,
            signature=floor.signer.sign(text.encode()),
            created_at=now,
        )
    )


def _packaged(rows: Sequence[StepRow]) -> bool:
    """Return whether there is a package: one that was left out is not announced."""
    return any(r.action == Action.PACKAGE and r.state is StepState.DONE for r in rows)


def _package(session: Session, request: Request) -> dict[str, Any] | None:
    """Return what was packaged, by digest."""
    query = select(Package).where(Package.request_id == request.id)
    package = session.exec(query.order_by(col(Package.created_at))).first()
    return {"sha256": package.sha256, "size": package.size} if package else None


def _verified(rows: Sequence[StepRow]) -> list[str]:
    paths: list[Any] = []
    for row in rows:
        if row.action == Action.VERIFY and row.state is StepState.DONE:
            paths.extend(row.result.get("verified", []))
    return sorted(set(paths))


def _proves(rows: Sequence[StepRow], plan: Plan) -> str:
    """Return what was proved: nothing more than the reading back that really took place."""
    read_back = [r for r in rows if r.action == Action.VERIFY]
    if any(r.state is not StepState.DONE or by_hand(r) for r in read_back):
        return "not_read_back"
    erases = any(s.action is Action.ERASE for s in plan)
    return "logically_gone" if erases else "as_read_back"
