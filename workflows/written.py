"""What became of a step, in its row, its journal and the trail; in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from rights.domain.breaker import heeded
from rights.services import (
    audit,
    contact_warnings,
    disturbances,
    incidents,
    notes,
    warnings_due,
)
from rights.store import rows as direct
from rights.store.models import JournalRow, Package, Request, StepRow, StepState
from workflows import bystanders, heldnotes, journalled
from workflows.claims import Claim, Done, Failed, Later
from workflows.floor import Floor
from workflows.plan import Plan
from workflows.planned import keep_plan


def write(
    session: Session,
    floor: Floor,
    request: Request,
    row: StepRow,
    claim: Claim,
    outcome: Done | Later | Failed,
) -> Plan | None:
    """Write what became of a step into its row and the trail; return the plan that it made."""
    now = floor.now()
    row.lease_owner = ""
    match outcome:
        case Done():
            _done(session, floor, request, row, claim, outcome, now)
            return outcome.plan
        case Later(code=code, note=note, after=after):
            pauses = floor.context.settings.backoff_s
            pause = timedelta(seconds=pauses[min(row.attempts, len(pauses)) - 1])
            row.state, row.code, row.note = StepState.TODO, code, note
            row.next_at = now + max(pause, heeded(after))
            incidents.unread(session, request, row, now)
        case Failed(code=code, note=note):
            row.state, row.code, row.note, row.next_at = StepState.FAILED, code, note, None
    data = {"step": row.id.partition("-")[2], "code": row.code, "attempts": row.attempts}
    audit.append(session, request, [audit.Line("step_stopped", "system", data)], now=now)
    return None


def _done(
    session: Session,
    floor: Floor,
    request: Request,
    row: StepRow,
    claim: Claim,
    outcome: Done,
    now: datetime,
) -> None:
    row.state, row.next_at, row.done_at, row.done_by = StepState.DONE, None, now, "system"
    row.code = row.note = ""
    row.result = dict(outcome.result)
    if outcome.plan is not None:
        keep_plan(session, floor, request, claim, outcome, now)
        _warned(session, floor, request, outcome, now)
    if outcome.made is not None:
        new = Package(id=outcome.made.id, request_id=request.id, created_at=now)
        new.wrapped_key = outcome.made.wrapped
        direct.insert_objects(session, [new])
    if outcome.package is not None:
        mine = col(Package.request_id) == request.id
        session.connection().execute(update(Package).where(mine).values(**outcome.package))
    heldnotes.write(session, floor.context.vault, outcome.held)
    bystanders.noted(session, request, row.result, now=now)
    if outcome.told:
        told = dict(outcome.told)
        notes.keep(session, floor.context.vault, request.id, "told", told, now=now)
    journal = journalled.entries(request, row, claim, now)
    if journal:
        direct.insert(session, JournalRow, journal)
    data = {"step": row.id.partition("-")[2], "affected": sum(j["affected"] for j in journal)}
    data |= {"hops": row.result["hops"]} if row.result.get("hops") else {}
    lines = [audit.Line("step_done", "system", data), *_dropped(row)]
    audit.append(session, request, lines, now=now)


def _dropped(row: StepRow) -> Iterator[audit.Line]:
    """Yield what a connector returned and must not have; a field's name may be somebody's own."""
    rows = Counter[tuple[str, str]]()
    for one in row.result.get("alerts", ()):
        rows[one["collection"], str(one["why"])] += one["rows"]
    for (collection, why), count in sorted(rows.items()):
        said = {"collection": collection, "why": why, "rows": count}
        yield audit.Line(disturbances.VALUE_DROPPED, "system", said)


def _warned(session: Session, floor: Floor, request: Request, outcome: Done, now: datetime) -> None:
    """Queue the warnings to every contact that was frozen: before the plan's first effect."""
    event = warnings_due.ASKED
    if warnings_due.applies(request) and warnings_due.begun(session, request.id, event):
        told = outcome.contacts
        contact_warnings.queue(session, floor.context, request, event, told, now=now)
