"""
Searches that were limited, because more would not be proportionate: what was not searched is noted.

The law asks for a reasonable and proportionate search, not for any; who searches less has to be
able to show where, and why. The entry names the collections, the person reads the words.

Source: UK GDPR 15(1A).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.actions import Action, step_name
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.services import audit
from rights.store.models import PlanRow, Request, Staff, StepRow

EVENT: Final = "search_limited"
SEARCHES: Final = frozenset({Action.COLLECT, Action.COUNT})


def record(
    session: Session, request: Request, row: StepRow, staff: Staff, words: str, *, now: datetime
) -> None:
    """
    Note that the search of a step is not made.

    Args:
        words: What is not searched, how far it was, and why; for the person.

    Raises:
        Invalid: the step is no search.
        Conflict: there are no words.
    """
    if row.action not in SEARCHES:
        message = f"{row.action} is no search: only a search can be limited"
        raise Invalid(message, [FieldError("reason", message, rule="no_search")])
    if not words.strip():
        message = "say what is not searched, how far it was, and why: a limited search is recorded"
        raise Conflict(message, code="search_scope_needed")
    data = {"step": row.id.partition("-")[2], "collections": _collections(session, request, row)}
    audit.append(session, request, [audit.Line(EVENT, f"staff:{staff.id}", data)], now=now)


def _collections(session: Session, request: Request, row: StepRow) -> list[str]:
    """Return what the step would have searched; its store where no plan says more."""
    plan = session.get(PlanRow, request.id)
    for step in plan.body.get("steps", ()) if plan else ():
        name = step_name(step["phase"], step["action"], step["store"], step["part"])
        if row.id == f"{request.id}-{name}":
            return [str(path) for path in step["collections"]]
    return [row.store]
