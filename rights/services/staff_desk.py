"""
The desk of privacy staff: all that waits for somebody, and the one way to say that it was done.

Plans to approve, steps of requests, what is owed on closed ones, and what has a queue of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.services import aftertasks, by_hand, plans, queued, tasks
from rights.store.models import Request, Staff, StepState


def waiting(session: Session, datamap: DataMap, now: datetime) -> list[dict[str, Any]]:
    """
    Return all that waits for staff, of each sort the most urgent first; no personal data.

    Returns:
        Of each: ``step`` (the name it is called by), ``request``, ``kind``, ``action``, ``store``,
        ``state``, ``code``, ``note`` and ``due`` (ISO 8601); what does not apply is empty. Of a
        step that is done by hand in a store also ``by_hand``: whom to ask, where, and how.
    """
    return [
        *(_approval(request) for request, _ in plans.waiting(session)),
        *_steps(session, datamap),
        *aftertasks.open_tasks(session, datamap),
        *queued.open_tasks(session, now),
    ]


def _steps(session: Session, datamap: DataMap) -> Iterator[dict[str, Any]]:
    found = tasks.open_tasks(session)
    manual = [one for one in found if one["state"] == StepState.MANUAL]
    places = plans.places_of(session, (one["request"] for one in manual))
    for one in found:
        told = None
        if one in manual:
            planned = places.get(one["step"], {})
            told = by_hand.work(datamap, one["action"], one["store"], planned)
        yield {**one, "by_hand": told.to_json()} if told else one


def _approval(request: Request) -> dict[str, str]:
    """A plan that waits, as a line among the tasks."""
    return {
        "step": f"plan-{request.id}",
        "request": request.id,
        "kind": str(request.kind),
        "action": "approve",
        "store": "",
        "state": "waiting",
        "code": "",
        "note": f"its plan waits for an approval: rights tasks plan {request.id}",
        "due": request.promised_at.isoformat(),
    }


def complete(session: Session, task: str, staff: Staff, *, now: datetime, proof: str) -> None:
    """
    Say that something was done by hand: a step, an incident, or a store's maintenance.

    Args:
        proof: Reference of the ticket or document that shows it; no personal data.

    Raises:
        NotFound, Conflict, Forbidden: as ``tasks.complete`` and ``aftertasks.complete``.
    """
    done = aftertasks.complete if aftertasks.is_one(task) else tasks.complete
    done(session, task, staff, now=now, proof=proof)
