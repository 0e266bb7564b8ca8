"""
What waits in a queue of its own: messages, appeals, complaints, denials for a second look, and who
asks to read a minor's request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain.lifecycle import Wait
from rights.logs import get
from rights.services import (
    appeals,
    complaints,
    content_approvals,
    denial_proposals,
    messages,
    parts_left_out,
)
from rights.services.messages import Waiting
from rights.store.db import reading
from rights.store.models import (
    Appeal,
    Complaint,
    ContentApproval,
    DenialProposal,
    PartProposal,
    Request,
)

_SAID: Final = {"appeal": "appeal.late", "complaint": "complaint.late"}
"""What has no clock of its own is late with its request, and stands as that."""


def open_tasks(session: Session, now: datetime) -> list[dict[str, str]]:
    """Return them as lines among the tasks, each queue with the most urgent first."""
    return [
        *(_appeal(*found, now) for found in appeals.open_ones(session)),
        *(_complaint(found, now) for found in complaints.open_ones(session)),
        *(_message(found, now) for found in messages.waiting(session)),
        *(_asked(*found, now) for found in content_approvals.waiting(session, now)),
        *(_denial(*found, now) for found in denial_proposals.open_ones(session)),
        *(_parts(*found, now) for found in parts_left_out.open_ones(session)),
    ]


def watch(register: Engine, now: Callable[[], datetime]) -> int:
    """Say in the log what is late in a queue of its own; return how much is."""
    at = now()
    with reading(register) as session:
        late = [one for one in open_tasks(session, at) if one["state"] == "late"]
    for one in late:
        if said := _SAID.get(one["action"]):
            get().error(said, step=one["step"], request_id=one["request"])
    return len(late)


def _appeal(appeal: Appeal, request: Request, now: datetime) -> dict[str, str]:
    do = "decide" if appeal.assigned_to else "assign"
    note = f"an appeal{_late(appeal.promised_at, now)}: rights appeals {do} {appeal.id}"
    kind = str(request.kind)
    return _line("appeal", appeal.id, request.id, appeal.promised_at, now, note) | {"kind": kind}


def _complaint(complaint: Complaint, now: datetime) -> dict[str, str]:
    due = complaint.promised_at
    note = f"a complaint{_late(due, now)}: rights complaints show {complaint.id}"
    return _line("complaint", complaint.id, complaint.request_id, due, now, note)


def _message(found: Waiting, now: datetime) -> dict[str, str]:
    note = f"a message of the person: rights messages show {found.request_id}"
    return _line("message", found.request_id, found.request_id, found.due, now, note)


def _asked(found: ContentApproval, request: Request, now: datetime) -> dict[str, str]:
    note = (
        f"a colleague asks to open a minor's request ({found.purpose}):"
        f" rights minors approve {found.id}"
    )
    kind, due = str(request.kind), request.promised_at
    return _line("approval", found.id, request.id, due, now, note) | {"kind": kind}


def _denial(found: DenialProposal, request: Request, now: datetime) -> dict[str, str]:
    due = request.promised_at
    held = request.wait is Wait.DECISION and request.next_at
    holds = f", the request until {request.next_at:%Y-%m-%d %H:%M} UTC" if held else ""
    note = (
        f"a denial waits for a second person{holds}{_late(due, now)}:"
        f" rights denials show {found.id}"
    )
    line = _line("denial", found.id, request.id, due, now, note)
    return line | {"kind": str(request.kind), "code": found.reason}


def _parts(found: PartProposal, request: Request, now: datetime) -> dict[str, str]:
    note = "parts that are to be left out wait for a second person: the page of the request"
    line = _line("parts", found.id, request.id, request.promised_at, now, note)
    return line | {"kind": str(request.kind)}


def _late(due: datetime, now: datetime) -> str:
    return ", LATE" if due < now else ""


def _line(
    action: str, name: str, request: str, due: datetime, now: datetime, note: str
) -> dict[str, str]:
    return {
        "step": f"{action}-{name}",
        "request": request,
        "kind": "",
        "action": action,
        "store": "",
        "state": "late" if due < now else "waiting",
        "code": "",
        "note": note,
        "due": due.isoformat(),
    }
