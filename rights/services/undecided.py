"""
A request whose denial was proposed waits for the second person, before anything is final.

Planning and reading go on. What cannot be undone and what gives data out wait, for some days at
most: then the request goes on, whoever did not decide.

Source: PIPL 50; NDSR 23.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain import second_look
from rights.domain.lifecycle import Event, State, Wait
from rights.logs import get
from rights.services import requests, settled_time
from rights.services.context import Context
from rights.store.models import DenialProposal, Request


def until(session: Session, context: Context, request: Request) -> datetime | None:
    """
    Return until when a proposed denial holds a request up; None where none does.

    None too once something was done that cannot be undone: it cannot be denied any more.
    """
    if request.irreversible_at is not None or request.closed_at is not None:
        return None
    # Of a proposal a worker may read no more than this.
    query = select(DenialProposal.proposed_at, DenialProposal.outcome)
    mine = query.where(DenialProposal.request_id == request.id)
    found = session.exec(mine.order_by(col(DenialProposal.proposed_at))).all()
    if all(outcome for _, outcome in found):
        return None
    countings = [context.regimes[name].counting for name in request.regimes]
    first, _ = found[0]
    return second_look.until(first, request.received_at, request.promised_at, countings)


def wait(session: Session, context: Context, request: Request, *, now: datetime) -> bool:
    """Let a request wait for the second person, if their time is not over; return whether so."""
    day = until(session, context, request)
    if day is None or day <= settled_time.now_of(session, now):
        return False
    request.wait, request.next_at = Wait.DECISION, day
    data = {"wait": str(Wait.DECISION), "until": day.isoformat()}
    requests.record(session, request, Event.HELD, actor="system", now=now, data=data)
    return True


def look(
    session: Session, context: Context, request: Request, now: datetime, settled: datetime
) -> None:
    """Go on with a request for which nobody decided in time, by settled time; its row is locked."""
    day = until(session, context, request)
    if day is not None and day > settled:
        request.next_at = day
        return
    get().warning("denial.undecided", request_id=request.id)
    requests.record(session, request, Event.RESUMED, actor="system", now=now)


def go_on(session: Session, request: Request, *, actor: str, now: datetime) -> None:
    """Go on at once with a request that waits for nobody else: its denial was not confirmed."""
    if request.state is State.ON_HOLD and request.wait is Wait.DECISION:
        requests.record(session, request, Event.RESUMED, actor=actor, now=now)
