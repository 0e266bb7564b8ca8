"""
More time for a request: it counts once the person was told of it, in time.

The law wants the person told before the first due date. Until the notice has gone out the old
dates stand; what is told too late, or to nobody, is void, and staff see it.

Source: GDPR 12(3); 11 CCR 7021(b); App-Violation Identification Method 6(3).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.calendars import DAY
from rights.domain.errors import Conflict, Invalid, NotFound
from rights.domain.lifecycle import TERMINAL
from rights.services import audit, clocks, deadlines, requests, webhooks
from rights.services.context import Context
from rights.services.regimes import extended
from rights.store.models import ExtensionRow, Notice, Request

EVENT: Final = "extended"
"""The notice, and the entry of an extension that counts."""

HOOK: Final = "request.extended"
WAITING: Final = "waiting"
EFFECTIVE: Final = "effective"
VOID: Final = "void"
_IN_HAND: Final = timedelta(minutes=3)
"""A notice that is sent so short before the end may be written down as sent after it."""


def of_request(session: Session, request_id: str) -> list[ExtensionRow]:
    """Return what was asked for of a request, oldest first."""
    mine = select(ExtensionRow).where(ExtensionRow.request_id == request_id)
    found = session.exec(mine.order_by(col(ExtensionRow.asked_at), col(ExtensionRow.id)))
    return list(found)


def to_tell(
    session: Session, request: Request, notice_id: str, now: datetime
) -> tuple[ExtensionRow, datetime] | None:
    """Return what a notice tells, and until when it may; None where it is too late for it."""
    mine = select(ExtensionRow).where(ExtensionRow.notice_id == notice_id)
    row = session.exec(mine).first()
    if row is None or row.state != WAITING or request.state in TERMINAL:
        return None
    until = tell_until(row, request, now) - _IN_HAND
    return (row, until) if now <= until else None


def tell_until(row: ExtensionRow, request: Request, now: datetime) -> datetime:
    """Return until when the person has to be told; a clock that stands still leaves more time."""
    return min(row.first_due_at, request.promised_at) + stood_still(request, now)


def stood_still(request: Request, now: datetime) -> timedelta:
    """Return the whole days for which the clock stands still already, not yet in any date."""
    since = now - request.paused_at if request.paused_at else timedelta()
    return (since // DAY) * DAY


def settle(session: Session, context: Context, notice: Notice, now: datetime) -> None:
    """Let an extension count, or be void, now that its notice has gone out or never will."""
    try:
        request = requests.locked(session, notice.request_id)  # first, as whoever counts does
    except NotFound:
        return
    mine = select(ExtensionRow).where(ExtensionRow.notice_id == notice.id).with_for_update()
    row = session.exec(mine).first()
    if row is None or row.state != WAITING:
        return
    row.settled_at = now
    session.add(row)
    if request.state in TERMINAL:
        _void(session, request, row, "closed", now)
    elif notice.state != "sent":
        _void(session, request, row, notice.state, now)
    elif now > tell_until(row, request, now):
        _void(session, request, row, "too_late", now)
    else:
        _count(session, context, request, row, now)


def _void(session: Session, request: Request, row: ExtensionRow, why: str, now: datetime) -> None:
    row.state = VOID
    line = audit.Line("extension_void", "system", {"reason": row.reason, "why": why})
    audit.append(session, request, [line], now=now)


def _count(
    session: Session, context: Context, request: Request, row: ExtensionRow, now: datetime
) -> None:
    row.state = EFFECTIVE
    request.extension_reason, request.first_due_at = row.reason, request.promised_at
    request.due_at, request.promised_at = row.due_at, row.promised_at
    request.due_provisional = _provisional(context, request)
    data = {
        "reason": row.reason,
        "from": row.first_due_at.isoformat(),
        "until": row.promised_at.isoformat(),
    }
    audit.append(session, request, [audit.Line(EVENT, "system", data)], now=now)
    clocks.anew(session, request, now)
    webhooks.publish(session, request, HOOK, now=now)


def _provisional(context: Context, request: Request) -> bool:
    """Return whether the longer time reaches into a year whose working days are not published."""
    try:
        return deadlines.counted(context, request).due.provisional
    except (Conflict, Invalid):  # its law has changed meanwhile: what the person was told stands
        return request.due_provisional


def count_again(session: Session, context: Context, request: Request) -> None:
    """Bring what waits to be told up to a promise that a pause has moved."""
    for row in of_request(session, request.id):
        if row.state == WAITING:
            # That it was asked for in time was settled then.
            longer = counted(context, request, row.reason, told_at=request.received_at)
            row.first_due_at = request.promised_at
            row.due_at, row.promised_at = longer
            session.add(row)


def counted(
    context: Context,
    request: Request,
    reason: str,
    *,
    told_at: datetime,
    times_used: int = 0,
) -> tuple[datetime, datetime]:
    """
    Return what would be kept and promised with more time.

    Raises:
        Conflict: a law of the request knows no extension, it was used, or it comes too late.
        Invalid: the reason is not one that a law names.
    """
    longer = extended(
        request.kind,
        request.option,
        request.regimes,
        request.received_at,
        reason=reason,
        notified_at=told_at,
        times_used=times_used,
        paused_days=request.paused_days,
        book=context.regimes,
    )
    return longer.due_at, longer.promised_at
