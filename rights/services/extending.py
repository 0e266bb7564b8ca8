"""
Staff take more time for a request, where every law of it allows that, and the person is told.

One function for every surface; another for many requests at once, each on its own.

Source: GDPR 12(3); 11 CCR 7021(b); App-Violation Identification Method 6(3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid, RightsError
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.plain_text import plain
from rights.services import (
    audit,
    clock_words,
    extensions,
    notices,
    requests,
    standing_still,
    writings,
)
from rights.services.context import Context
from rights.services.extensions import EFFECTIVE, EVENT, WAITING
from rights.store.models import ExtensionRow, Request, Staff

_LONGEST: Final = 1_000
_AT_WORK: Final = (State.IN_PROGRESS, State.ON_HOLD)


def extend(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    reason: str,
    because: str,
    now: datetime,
) -> ExtensionRow:
    """
    Ask for more time for a request, whose row the caller has locked; the person is told.

    It counts once that notice has gone out in time: until then, or else, the old dates stand.
    *because* is why, in words for the person; sealed.

    Raises:
        Forbidden: they have not the role. Invalid: the reason is none of the law's, or no words.
        Conflict: it is not worked on; a law knows no extension, it was used, or comes too late.
    """
    duties.check(staff.roles, duties.Act.EXTEND)
    _can_be_asked(request)
    text = _said(reason, because)
    standing_still.count(session, context, request, now=now)
    longer = _longer(session, context, request, reason, now)
    row = ExtensionRow(
        request_id=request.id,
        reason=reason,
        said_id=_kept(session, context, request, text, now),
        asked_by=f"staff:{staff.id}",
        asked_at=now,
        notice_id=notices.ask_for(session, request, EVENT, now=now).id,
        first_due_at=request.promised_at,
        due_at=longer[0],
        promised_at=longer[1],
    )
    session.add(row)
    audit.append(session, request, [_line(row)], now=now)
    return row


def _kept(session: Session, context: Context, request: Request, text: str, now: datetime) -> str:
    said = writings.keep(session, context.vault, request.id, writings.EXTENSION, text, now=now)
    return said.id


def _line(row: ExtensionRow) -> audit.Line:
    dates = {"from": row.first_due_at.isoformat(), "until": row.promised_at.isoformat()}
    return audit.Line("extension_asked", row.asked_by, {"reason": row.reason, **dates})


def _can_be_asked(request: Request) -> None:
    if request.state in TERMINAL:
        raise Conflict("this request is closed: its answer needs no more time", code="closed")
    if request.state not in _AT_WORK:
        message = "nobody has proved yet who asks, and no time is taken for that"
        raise Conflict(message, code="not_at_work")


def _said(reason: str, because: str) -> str:
    """Return why, as it is kept. Raises Invalid."""
    if reason not in clock_words.reasons():
        allowed = tuple(clock_words.reasons())
        wrong = FieldError("reason", "is not a reason for more time", allowed)
        raise Invalid("there is no such reason for more time", [wrong])
    return plain(because, field="because", longest=_LONGEST)


def _longer(
    session: Session, context: Context, request: Request, reason: str, now: datetime
) -> tuple[datetime, datetime]:
    """Return the later dates. Raises Conflict, Invalid."""
    told_at = now - extensions.stood_still(request, now)
    used = [
        r for r in extensions.of_request(session, request.id) if r.state in (WAITING, EFFECTIVE)
    ]
    due_at, promised_at = extensions.counted(
        context,
        request,
        reason,
        told_at=told_at,
        times_used=len(used),
    )
    if used:  # where a law knows more than one: we take one
        raise Conflict("more time was taken already, once", code="extension_used")
    if told_at > request.promised_at:
        message = "what was promised has passed: an extension has to be told before"
        raise Conflict(message, code="extension_too_late")
    if promised_at <= request.promised_at:
        message = "the longer period ends before what is promised already"
        raise Conflict(message, code="extension_not_permitted")
    return due_at, promised_at


def extend_each(
    session: Session,
    context: Context,
    request_ids: Iterable[str],
    staff: Staff,
    *,
    reason: str,
    because: str,
    now: datetime,
) -> Mapping[str, RightsError | None]:
    """
    Ask for more time for many requests, each on its own: one that is refused keeps back no other.

    Returns:
        Of each request None, or why it was refused.

    Raises:
        Forbidden: they have not the role.
        Invalid: there are none, or more than the settings' ``bulk_most``; the reason is none of
            the law's, or no words.
    """
    duties.check(staff.roles, duties.Act.EXTEND)
    ids = sorted(set(request_ids))
    most = context.settings.bulk_most
    if not 1 <= len(ids) <= most:
        wrong = FieldError(
            "requests", f"is not a list of one to {most}", rule="count", bound=str(most)
        )
        raise Invalid("these are too many requests, or none", [wrong])
    _said(reason, because)
    done: dict[str, RightsError | None] = {}
    for request_id in ids:
        try:
            with session.begin_nested():
                one = requests.locked(session, request_id)
                extend(session, context, one, staff, reason=reason, because=because, now=now)
            done[request_id] = None
        except RightsError as error:
            done[request_id] = error
    return done
