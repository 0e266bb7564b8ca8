"""
What must not happen and did: erased data is there again.

The closed request stays closed, and its receipt stays as it is. An incident is an entry in the
request's trail, a task for staff and an alarm in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from rights.domain.errors import Conflict
from rights.logs import get
from rights.services import additions, audit, not_me, places, requests, restores
from rights.services.places import Place
from rights.store.models import Aftercare, Request, Staff, StepRow

CAME_BACK: Final = restores.CAME_BACK
PERHAPS_NEW: Final = "perhaps_new"
UNDONE: Final = "correction_undone"
DIFFERS: Final = "differs"
BY_HAND: Final = "replay_by_hand"
NOT_READ_BACK: Final = "not_read_back"
LIFT_UNTOLD: Final = "lift_untold"
ADDITION_FAILED: Final = additions.FAILED
BYSTANDER_CHANGED: Final = "bystander_changed"
NOT_RESTRICTED: Final = "not_restricted"
"""Rows are held after a restore, and nothing puts them out of use."""

ALARMS: Final = frozenset({CAME_BACK, UNDONE, NOT_READ_BACK, BYSTANDER_CHANGED, NOT_RESTRICTED})
"""Codes that are certain; the others are for staff to look at, without an alarm."""

TRIES: Final = 3
"""Times that a store may not have done what it said, before it is an incident."""

_KINDS: Final = ("incident", "replay", additions.KIND)
"""What is open for staff; of an addition, that a copy waits for a look."""

_LONGEST: Final = 400


def open_for(
    session: Session, request: Request, code: str, found: Mapping[str, int], *, now: datetime
) -> bool:
    """
    Open an incident, or put the newer counts into one that is open already.

    Args:
        found: Collection to rows.

    Returns:
        Whether it is a new one.
    """
    kind = "replay" if code == BY_HAND else "incident"
    note = ", ".join(f"{path} ({rows})" for path, rows in sorted(found.items()))[:_LONGEST]
    query = select(Aftercare).where(
        Aftercare.request_id == request.id,
        Aftercare.kind == kind,
        Aftercare.code == code,
        Aftercare.state == "open",
    )
    row = session.exec(query).first()
    if row is not None:
        row.note, row.result = note, {"found": dict(found)}
        return False
    row = Aftercare(request_id=request.id, kind=kind, created_at=now, due_at=now)
    row.state, row.code, row.note = "open", code, note
    row.result = {"found": dict(found)}
    session.add(row)
    data = {"incident": row.id, "code": code, "collections": sorted(found)}
    audit.append(session, request, [audit.Line("incident_opened", "system", data)], now=now)
    if code in ALARMS:
        get().error("incident.opened", request_id=request.id, code=code)
    return True


def unread(session: Session, request: Request, row: StepRow, now: datetime) -> None:
    """Open one when an effect could not be read back for the third time (R-24-8)."""
    if row.code == NOT_READ_BACK and row.attempts == TRIES:
        open_for(session, request, NOT_READ_BACK, {row.store: row.attempts}, now=now)


def tasks(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> list[dict[str, Any]]:
    """Return the open ones, those that are due first in front."""
    first = col(Aftercare.due_at), col(Aftercare.id)
    query = (
        select(Aftercare)
        .where(*_open(), *places.later(*first, after))
        .order_by(*first)
        .limit(limit)
    )
    return [
        {
            "step": row.id,
            "request": row.request_id,
            "kind": row.kind,
            "action": row.kind,
            "store": row.store,
            "state": row.state,
            "code": row.code,
            "note": row.note,
            "due": row.due_at.isoformat(),
        }
        for row in session.exec(query)
    ]


def count(session: Session) -> int:
    """Return how many are open."""
    return session.exec(select(func.count()).select_from(Aftercare).where(*_open())).one()


def _open() -> tuple[ColumnElement[bool], ...]:
    return col(Aftercare.kind).in_(_KINDS), col(Aftercare.state) == "open"


def complete(session: Session, row: Aftercare, staff: Staff, *, now: datetime, proof: str) -> None:
    """
    Say that staff dealt with it.

    Raises:
        Conflict: it is not open.
    """
    if row.kind not in _KINDS or row.state != "open":
        raise Conflict(f"{row.id} is {row.kind} and {row.state}: it does not wait for a person")
    if row.kind == additions.KIND:
        message = "a copy is let go, or made anew, by its hash: `rights packages`"
        raise Conflict(message, code="package_waits")
    request = requests.locked(session, row.request_id)
    if row.code == not_me.CODE and request.closed_at is None and not_me.stopped(request):
        raise Conflict(
            f"request {request.id} waits for who asked to be found out: `rights not-me release`"
            " lets it go on, `rights tasks deny` ends it"
        )
    row.state, row.done_at, row.done_by = "done", now, f"staff:{staff.id}"
    row.result = {**row.result, "proof": proof[:200]}
    data = {"incident": row.id, "code": row.code, "proof": proof[:200]}
    line = audit.Line("incident_closed", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)
