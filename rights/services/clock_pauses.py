"""
The times in which the clock of a request stands still: where one ends, and the days of all.

A pause ends by itself when the person is not waited for any more. Its days are added to what was
promised by :mod:`rights.services.standing_still`. Nothing here is about cooling off (``pauses``).

Source: UK GDPR 12A; GDPR 12(6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.clock import paused_days
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.services import audit
from rights.store.models import ClockPause, Request

CLARIFICATION: Final = "clarification"
PROOFS: Final = ("identity", "identity_doubt")
"""Causes for which the person has to prove who they are."""

ENDED: Final = "clock_resumed"


def of_request(session: Session, request_id: str) -> Sequence[ClockPause]:
    """Return the pauses of a request, oldest first."""
    mine = select(ClockPause).where(ClockPause.request_id == request_id)
    return session.exec(mine.order_by(col(ClockPause.began_at), col(ClockPause.id))).all()


def days(pauses: Iterable[ClockPause], now: datetime) -> int:
    """Return the whole days that pauses add; one that lasts counts until now."""
    return paused_days((one.began_at, one.ended_at or now) for one in pauses)


def waited_for(request: Request, cause: str) -> bool:
    """Return whether it is the person who is waited for, and for this."""
    if request.state in TERMINAL:
        return False
    if cause == CLARIFICATION:
        return request.wait is Wait.NEEDS_INFO
    return cause in PROOFS and request.state is State.VERIFYING


def end_if_over(session: Session, request: Request, now: datetime) -> None:
    """End the pause of a request, whose row the caller has locked, if nobody is waited for."""
    if request.pause_cause and not waited_for(request, request.pause_cause):
        closed = request.state in TERMINAL
        end(session, request, "closed" if closed else "answered", actor="system", now=now)


def end(session: Session, request: Request, why: str, *, actor: str, now: datetime) -> None:
    """End the pause that lasts, now; nothing happens where there is none."""
    for row in of_request(session, request.id):
        if row.ended_at is None:
            row.ended_at, row.ended_by = now, why
            session.add(row)
    data = {"cause": request.pause_cause, "why": why}
    request.pause_cause, request.paused_at = "", None
    audit.append(session, request, [audit.Line(ENDED, actor, data)], now=now)
