"""
Messages between a person and the privacy staff about one request.

They move nothing: no clock stands still for one, and none counts as what a request waits for.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Subquery, case, func
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict
from rights.domain.plain_text import plain
from rights.services import audit, content_approvals, drafts, notices, places, webhooks, writings
from rights.services.context import Context
from rights.services.places import Place
from rights.services.writings import (
    ANSWER_PERSON,
    MESSAGE_PERSON,
    MESSAGE_STAFF,
    QUESTION,
    Written,
)
from rights.store.models import Request, Staff, Writing

MOST: Final = 50
"""Messages of each side about one request."""

EVENT: Final = "message"
_BOTH: Final = (MESSAGE_PERSON, MESSAGE_STAFF)
_TOLD: Final = (*_BOTH, QUESTION, ANSWER_PERSON)
"""What is read as one conversation: messages, and what staff asked with what was answered."""

OF_PERSON: Final = frozenset({MESSAGE_PERSON, ANSWER_PERSON})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request whose last message is the person's."""

    request_id: str
    since: datetime
    due: datetime


def from_person(
    session: Session, context: Context, request: Request, text: str, *, actor: str, now: datetime
) -> Written:
    """
    Keep what a person writes; the caller has locked the request.

    Raises:
        Invalid: there is nothing in it, or too much.
        Conflict: fifty were written already, or the request's contacts are forgotten.
    """
    return _kept(session, context, request, (MESSAGE_PERSON, text), actor=actor, now=now)


def from_staff(
    session: Session, context: Context, request: Request, text: str, staff: Staff, *, now: datetime
) -> Written:
    """
    Keep what staff write, and tell the person that there is something to read.

    Raises:
        Forbidden: their roles do not allow it. Invalid, Conflict: like :func:`from_person`;
            Invalid too: a blank of a draft was not filled in.
    """
    duties.check(staff.roles, duties.Act.CORRESPOND)
    drafts.refuse_blanks(text)
    made = _kept(
        session, context, request, (MESSAGE_STAFF, text), actor=f"staff:{staff.id}", now=now
    )
    notices.ask_for(session, request, EVENT, now=now)
    webhooks.publish(session, request, "request.message", now=now)
    return made


def _kept(
    session: Session,
    context: Context,
    request: Request,
    said: tuple[str, str],
    *,
    actor: str,
    now: datetime,
) -> Written:
    purpose, text = said[0], plain(said[1])
    remembered(context, request, now)
    if _count(session, request, purpose) >= MOST:
        message = f"{MOST} messages were written about this request, and there is room for no more"
        raise Conflict(message, code="messages_used_up")
    made = writings.keep(session, context.vault, request.id, purpose, text, now=now)
    event = "message_received" if purpose == MESSAGE_PERSON else "message_sent"
    audit.append(session, request, [audit.Line(event, actor, {"message": made.id})], now=now)
    return made


def remembered(context: Context, request: Request, now: datetime) -> None:
    """
    Make sure that who asked is still known for this request.

    Raises:
        Conflict: that was forgotten, as it has to be some time after the answer.
    """
    kept = timedelta(days=context.settings.contact_days)
    if request.closed_at is not None and request.closed_at + kept <= now:
        raise Conflict(
            "whom this request was about has been forgotten: make a new request, or complain",
            code="forgotten",
        )


def _count(session: Session, request: Request, purpose: str) -> int:
    query = select(func.count()).where(
        col(Writing.request_id) == request.id, col(Writing.purpose) == purpose
    )
    return int(session.exec(query).one())


def of_request(session: Session, context: Context, request: Request) -> list[Written]:
    """
    Return the messages about a request for who made it, oldest first; whether they may read them
    is asked before.

    While somebody at a contact on file says that it was not them: only what was written since, for
    what staff wrote before, they wrote to whom they took for the person.
    """
    found = _all(session, context, request)
    return [one for one in found if request.not_me_at is None or one.at >= request.not_me_at]


def _all(session: Session, context: Context, request: Request) -> list[Written]:
    return writings.read(session, context.vault, request.id, _TOLD)


def read_by(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> list[Written]:
    """Return the messages for a member of staff, and note who read them. Raises Forbidden."""
    duties.check(staff.roles, duties.Act.CORRESPOND)
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line("messages_read", f"staff:{staff.id}", allowed)
    audit.append(session, request, [line], now=now)
    return _all(session, context, request)


def waiting(session: Session, *, limit: int = 200, after: Place | None = None) -> Sequence[Waiting]:
    """Return the requests whose last message is the person's, the most urgent first."""
    turn = _turns()
    query = (
        select(Request.id, turn.c.since, Request.promised_at)
        .join(turn, turn.c.request_id == col(Request.id))
        .where(*places.later(col(Request.promised_at), col(Request.id), after))
        .order_by(col(Request.promised_at), col(Request.id))
        .limit(limit)
    )
    return [Waiting(*found) for found in session.exec(query)]


def count_waiting(session: Session) -> int:
    """Return how many requests there are whose last message is the person's."""
    return session.exec(select(func.count()).select_from(_turns())).one()


def _turns() -> Subquery:
    last: dict[str, Any] = {
        purpose: func.max(case((col(Writing.purpose) == purpose, col(Writing.created_at))))
        for purpose in _BOTH
    }
    person, staff = last[MESSAGE_PERSON], last[MESSAGE_STAFF]
    # Whose turn it is, is settled before any request is looked at: there are many more of those.
    return (
        select(col(Writing.request_id).label("request_id"), person.label("since"))
        .where(col(Writing.purpose).in_(_BOTH))
        .group_by(col(Writing.request_id))
        .having(person.is_not(None) & (staff.is_(None) | (staff < person)))
        .subquery()
    )
