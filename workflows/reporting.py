"""
What ``rights execute`` says of one request: its outcome, and the files that were asked for.

Nothing is kept here that the register does not say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlmodel import select

from rights.domain.errors import Invalid
from rights.domain.lifecycle import Wait
from rights.services import plan_warnings
from rights.services.plans import sample as sample_of
from rights.services.receipts import export
from rights.store.db import reading
from rights.store.models import Package, ReceiptOpening, ReceiptRow, Request, StepRow
from workflows.floor import Floor
from workflows.outcome import Line, lines
from workflows.packing import files_of
from workflows.plan import Plan, Step
from workflows.plans import read_plan


def report(
    floor: Floor,
    request_id: str,
    given: Mapping[str, Any],
    follows: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """
    Return what came of a request, and write plan, receipt and package where they were asked for.

    Args:
        given: The options of the command line.
        follows: The reports of the requests that this one brought about.
    """
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        planned = bool(given.get("dry_run")) and request.wait is Wait.APPROVAL
        plan, _ = read_plan(session, request_id)
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        receipt = session.get(ReceiptRow, request_id)
        opening = session.get(ReceiptOpening, request_id)
        package = session.exec(select(Package).where(Package.request_id == request_id)).first()
        sample = sample_of(session, floor.context.vault, request_id) if planned else None
    steps = sorted(rows, key=lambda r: (r.phase, r.id))
    names = {f"{request_id}-{s.name}": s.collections for s in plan} if plan else {}
    out = given.get("out")
    return {
        "state": "planned" if planned else str(request.state),
        "request": request_id,
        "kind": str(request.kind),
        "wait": str(request.wait),
        "collections": _planned(plan) if planned else [x.to_json() for x in lines(steps, names)],
        "plan_hash": plan.hash if plan else None,
        "plan": plan.to_json() if plan and planned else None,
        "warnings": plan_warnings.told(plan.to_json()) if plan and planned else [],
        "sample": sample,
        "receipt": _write_receipt(floor, receipt, opening, out),
        "package": _write_package(floor, package, out),
        "problems": [f"{r.id.partition('-')[2]}: {r.note}" for r in steps if r.note],
        "follows": [*follows],
    }


def write_plans(floor: Floor, request_ids: Sequence[str], to: Path) -> None:
    """Write the plan of the first request to a file, with those of what follows it."""
    with reading(floor.register) as session:
        plans = [plan for one in request_ids if (plan := read_plan(session, one)[0])]
    if plans:
        first, *rest = ({"hash": plan.hash, **plan.to_json()} for plan in plans)
        to.write_text(json.dumps({**first, "follows": rest}, indent=2), encoding="utf-8")


def hashes_in(file: Path) -> tuple[str, ...]:
    """
    Return the hashes of the plans in a file that :func:`write_plans` wrote.

    Raises:
        Invalid: somebody else wrote it.
    """
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        return tuple(str(plan["hash"]) for plan in (body, *body.get("follows", ())))
    except (ValueError, KeyError, TypeError, AttributeError):
        said = f"{file} is no plan that --plan-out wrote"
        raise Invalid(f"{said}: make one with --dry-run --plan-out FILE") from None


def _planned(plan: Plan | None) -> list[dict[str, Any]]:
    if plan is None:
        return []
    told = {
        (line["store"], line["collection"], line["action"]): line
        for line in plan.outlook.get("collections", ())
    }
    return [
        _line(plan, s, path, told.get((s.store, path.partition(".")[2], str(s.action)), {}))
        for s in plan
        for path in s.collections
    ]


def _line(plan: Plan, step: Step, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
    line = Line(
        step.store,
        path.partition(".")[2],
        str(step.action),
        affected=plan.counts.get(path, {}).get("rows", 0),
        missing=step.refused or step.manual,
    )
    if not step.by_worker or "deleted" not in told:
        return line.to_json()
    held: Mapping[str, Any] = next(
        (r for r in told["reasons"] if r["what"] in {"held", "kept"}), {}
    )
    foreseen = replace(
        line,
        affected=told["deleted"] + told["anonymised"],
        decorrelated=told["decorrelated"],
        retained=told["held"] + told["kept"],
        because=held.get("basis", ""),
        hold=held["code"] if held.get("rank") else "",
        rank=held.get("rank", ""),
        until=held.get("until", ""),
    )
    return foreseen.to_json()


def _write_receipt(
    floor: Floor, row: ReceiptRow | None, opening: ReceiptOpening | None, out: Path | None
) -> str | None:
    if row is None or out is None:
        return None
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{row.request_id}.receipt.json"
    path.write_text(json.dumps(export(row, floor.signer, opening), indent=2), encoding="utf-8")
    return str(path)


def _write_package(floor: Floor, package: Package | None, out: Path | None) -> str | None:
    if package is None or out is None or package.state != "ready":
        return None
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{package.request_id}.zip"
    with path.open("wb") as file:
        file.writelines(files_of(floor, package))
    return str(path)
