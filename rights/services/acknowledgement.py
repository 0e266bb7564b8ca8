"""
What a person gets the moment a request is taken in, and what a reader of it sees later.

It says nothing that depends on whether we know the person.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from rights import yaml_file
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.parameters import SUBJECT
from rights.domain.representation import GAPS, Role
from rights.services import clock_words, contacts, cooling, denials, reasons, requests
from rights.services.context import Context
from rights.store.models import IdentifierRow, RepresentativeContact, Request

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "acknowledgement.yaml"


@cache
def _words() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def of(context: Context, request: Request, *, reachable: bool) -> dict[str, Any]:
    """
    Return the acknowledgement of a request, JSON-native.

    Args:
        reachable: Whether an address was given that a code can go to.
    """
    here = f"/v1/requests/{request.id}"
    words, step = _words(), _next_step(request, reachable=reachable)
    return {
        "id": request.id,
        "kind": str(request.kind),
        "option": str(request.option),
        "state": str(request.state),
        "wait": str(request.wait) or None,
        "bundle_id": request.bundle_id or None,
        "follows": request.follows or None,
        "merged_into": request.merged_into or None,
        "reason": reasons.told(request.reason) or None,
        "denial": denials.shown(context, request),
        "regimes": list(request.regimes),
        "regimes_because": request.regimes_because or None,
        "locale": request.locale,
        "level": request.level,
        "level_needed": request.level_needed,
        "requester_role": str(request.requester_role),
        "subject_age_band": str(request.age_band),
        "delivers_to": request.delivers_to,
        "needs": list(request.needs),
        "received_at": request.received_at.isoformat(),
        "received_at_local": _local(context, request),
        **clock_words.shown(request),
        "waits_until": _moment(cooling.until(request)),
        "closed_at": _moment(request.closed_at),
        "next_step": {"code": step, "text": words["next_step"][step]},
        "information": {"href": f"{here}/information", "text": words["information"]},
        "cancel": {"href": f"{here}/cancel", "text": words[_cancelling(request)]},
        "proceed": _proceed(request, here),
        "contact": context.datamap.controller.get("dpo_contact"),
    }


def _cancelling(request: Request) -> str:
    """Return under which name it stands whether a request can be cancelled."""
    at_once = request.state not in TERMINAL and requests.stands_at_once(request)
    return "counts" if at_once else "cancel"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _proceed(request: Request, here: str) -> dict[str, Any] | None:
    if not cooling.cools(request):
        return None
    return {"href": f"{here}/proceed", "text": _words()["proceed"]}


def reachable(session: Session, context: Context, asked: Sequence[Request]) -> set[str]:
    """Return the ids of those requests that have an address a code can go to."""
    how = [*contacts.ways(context)]
    ids = [r.id for r in asked if r.state not in TERMINAL]
    found: set[str] = set()
    for model in (IdentifierRow, RepresentativeContact) if ids else ():
        mine = select(model.request_id).where(
            col(model.request_id).in_(ids), col(model.type).in_(how)
        )
        found |= set(session.exec(mine))
    return found


def _next_step(request: Request, *, reachable: bool) -> str:
    if request.state in TERMINAL:
        return "closed"
    if SUBJECT in request.needs:
        return "information"
    if request.state in (State.OPEN, State.VERIFYING) and not _lacks_authority(request):
        return "code" if reachable else "proof"
    if request.wait is Wait.GUARDIAN:
        return "guardian"
    if request.needs or request.wait is Wait.NEEDS_INFO:
        return "information"
    return "cooling_off" if cooling.cools(request) else "wait"


def _lacks_authority(request: Request) -> bool:
    """Whoever acts for somebody adds what is missing from their authority before anything else."""
    return request.requester_role is not Role.SELF and bool(set(request.needs) & set(GAPS))


def _local(context: Context, request: Request) -> str:
    regime = context.regimes[request.regimes[0]]
    return request.received_at.astimezone(regime.counting.zone).isoformat()
