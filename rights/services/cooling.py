"""
The pause that somebody chose before their account is cancelled: it waits, and then goes on.

Nothing shortens or ends it but its day and the person's own word: signing in, a portal token and
an open page mean nothing. Whether it still stands is read from the request, so looking twice is
harmless; a worker looks too, whatever the door let through.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain import cooling
from rights.domain.errors import Conflict, LevelTooLow
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.domain.parameters import WAIT_DAYS
from rights.services import audit, not_me, requests, settled_time
from rights.store.models import IdentifierRow, Request


def until(request: Request) -> datetime | None:
    """Return until when the person chose to wait; None where they did not, or no longer do."""
    days = request.parameters.get(WAIT_DAYS)
    if days is None or request.state in TERMINAL:
        return None
    return cooling.ends(days, request.received_at, request.promised_at)


def cools(request: Request) -> bool:
    """Return whether a request waits now because the person chose so."""
    waits = request.state is State.ON_HOLD and request.wait is Wait.COOLING_OFF
    return waits and until(request) is not None


def hold(session: Session, request: Request, *, now: datetime) -> bool:
    """Let a request that was proved wait, if its day is yet to come; return whether it does."""
    day = until(request)
    settled = settled_time.now_of(session, now) if day is not None else now
    if day is None or day <= settled:
        return False
    # Looked at at once: what is put out of use meanwhile is begun by whoever looks.
    request.wait, request.next_at = Wait.COOLING_OFF, settled
    data = {"wait": str(Wait.COOLING_OFF), "until": day.isoformat()}
    requests.record(session, request, Event.HELD, actor="system", now=now, data=data)
    return True


def look(session: Session, request: Request, now: datetime, settled: datetime) -> None:
    """Go on with a request whose day has come by settled time; its row is locked."""
    day = until(request)
    if day is not None and day > settled:
        request.next_at = day
        return
    requests.record(session, request, Event.RESUMED, actor="system", now=now)


def end_others(session: Session, request: Request, *, now: datetime) -> None:
    """
    End the cancellations of the same person that wait, now that *request* erased the account.

    Whoever registers again is a new person, whom an old request must not reach.
    """
    mine = select(IdentifierRow.blind).where(IdentifierRow.request_id == request.id)
    theirs = select(IdentifierRow.request_id).where(col(IdentifierRow.blind).in_(mine))
    same = select(Request.id).where(
        Request.state == State.ON_HOLD,
        Request.wait == Wait.COOLING_OFF,
        Request.id != request.id,
        col(Request.id).in_(theirs),
    )
    for other_id in session.exec(same.order_by(col(Request.id))).all():
        other = requests.locked(session, other_id)
        if cools(other):
            other.merged_into, other.reason = request.id, "merged"
            data = {"reason": "merged", "into": request.id}
            requests.record(session, other, Event.REVOKED, actor="system", now=now, data=data)


def waiting(request: Request) -> None:
    """
    Make sure that a request waits because the person chose so.

    Raises:
        Conflict: it does not.
        Forbidden: it is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    if not cools(request):
        message = "this request does not wait for a day that the person chose"
        raise Conflict(message, code="not_cooling_off")


def proceed(session: Session, request: Request, *, level: int, actor: str, now: datetime) -> None:
    """
    Go on at once, for the person says so; its row is locked.

    Args:
        level: What was proved here and now. It cannot be taken back, so it takes as much as the
            request itself did.

    Raises:
        Conflict, Forbidden: as for :func:`waiting`.
        LevelTooLow: less was proved.
    """
    waiting(request)
    if level < request.level_needed:
        raise LevelTooLow("to go on at once needs a fresh proof of the level of the request")
    request.parameters = {n: v for n, v in request.parameters.items() if n != WAIT_DAYS}
    line = audit.Line("proceed_asked", actor, {"level": level})
    requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
