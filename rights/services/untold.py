"""
Answers that were written and never reached anybody: letters that were given up, and those to who
wrote, called or came and left no address.

Such a request is closed and not answered: its clock runs until a letter has gone out after all,
the person has fetched what they were given, or staff told them another way and say how.

Source: App-Violation Identification Method 6(4); GDPR 12(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, union_all
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.services import acknowledging, audit, complaints, notices, places
from rights.services.places import Place
from rights.store.models import Complaint, Notice, Package, Request, Staff

OUTCOME: Final = "outcome"
EVENT: Final = "told_otherwise"
WAYS: Final = ("phone", "letter", "counter", "email", "product")
"""How a person can be told whom no letter of ours reached."""


LOST: Final = "lost"
UNCONFIRMED: Final = "unconfirmed"


def unsent() -> Any:
    """Return the requests whose answer waits to go out, or was given up."""
    waits = (
        sql_select(col(Notice.request_id))
        .where(col(Notice.state).in_(notices.UNSENT), col(Notice.event) == OUTCOME)
        .where(col(Notice.next_at).is_not(None))
    )
    return union_all(waits, _given_up())


def given_up() -> ColumnElement[bool]:
    """Say that the answer to a closed request was given up, and the person knows it from nobody."""
    return col(Request.closed_at).is_not(None) & col(Request.id).in_(_given_up())


def _given_up() -> Any:
    other = aliased(Notice)
    told = exists().where(
        col(other.request_id) == col(Notice.request_id),
        col(other.event) == OUTCOME,
        col(other.state).not_in(notices.GIVEN_UP),
    )
    fetched = exists().where(
        col(Package.request_id) == col(Notice.request_id), col(Package.grants_used) > 0
    )
    return sql_select(col(Notice.request_id)).where(
        col(Notice.state).in_(notices.GIVEN_UP), col(Notice.event) == OUTCOME, ~told, ~fetched
    )


def waiting(session: Session, *, limit: int = 200, after: Place | None = None) -> list[Request]:
    """Return the requests whose answer was given up, the most urgent first."""
    urgent = (col(Request.promised_at), col(Request.id))
    query = select(Request).where(given_up(), *places.later(*urgent, after))
    return list(session.exec(query.order_by(*urgent).limit(limit)))


def count(session: Session) -> int:
    """Return how many there are."""
    return session.exec(select(func.count()).select_from(Request).where(given_up())).one()


def to_tell(session: Session, about: str) -> list[Notice]:
    """Return the letters that were given up of which staff can tell the person in another way."""
    query = select(Notice).where(
        Notice.request_id == about,
        col(Notice.state).in_(notices.GIVEN_UP),
        col(Notice.event).in_(notices.TELLABLE),
    )
    return list(session.exec(query.order_by(col(Notice.created_at), col(Notice.id))))


def why(session: Session, request: Request, now: datetime) -> str:
    """
    Return why somebody should be told in another way what letters tell; empty where they do that.

    A letter that still waits confirms receipt by itself, until the day for that is over.

    Returns:
        :data:`LOST`, a letter was given up; :data:`UNCONFIRMED`, none says that it arrived.
    """
    if to_tell(session, request.id):
        return LOST
    if not acknowledging.is_open(request):
        return ""
    late = request.ack_at is not None and request.ack_at <= now
    return UNCONFIRMED if late or not _on_its_way(session, request.id) else ""


def _on_its_way(session: Session, about: str) -> bool:
    waits = select(Notice.id).where(
        Notice.request_id == about,
        col(Notice.state).in_(notices.UNSENT),
        col(Notice.event).in_(acknowledging.CONFIRM),
    )
    return session.exec(waits.limit(1)).first() is not None


def told(session: Session, request: Request, staff: Staff, how: str, *, now: datetime) -> None:
    """
    Write down that staff told the person what letters could not; the caller has locked the row.

    Args:
        how: One of :data:`WAYS`.

    Raises:
        Forbidden: their roles do not allow it.
        Invalid: there is no such way.
        Conflict: every letter went out or waits.
    """
    _check(staff, how)
    letters = to_tell(session, request.id)
    if not (letters or _unconfirmed(request)):
        raise _nothing()
    data = {"how": how, "letters": _settled(session, letters, now) or ["received"]}
    audit.append(session, request, [audit.Line(EVENT, f"staff:{staff.id}", data)], now=now)
    acknowledging.confirm(session, request, now)


def told_of_complaint(
    session: Session, complaint: Complaint, staff: Staff, how: str, *, now: datetime
) -> None:
    """
    Write down the same of who made a complaint; the caller has locked the row.

    Raises:
        Forbidden, Invalid, Conflict: as :func:`told`.
    """
    _check(staff, how)
    letters = to_tell(session, complaint.id)
    if not (letters or _unconfirmed(complaint)):
        raise _nothing()
    _settled(session, letters, now)
    about = complaints.about_of(session, complaint)
    complaints.note(session, complaint, about, EVENT, f"staff:{staff.id}", now)
    acknowledging.confirm(session, complaint, now)


def _check(staff: Staff, how: str) -> None:
    duties.check(staff.roles, duties.Act.CORRESPOND)
    if how not in WAYS:
        raise Invalid("say how they were told", [FieldError("how", "is no such way", WAYS)])


def _unconfirmed(row: Request | Complaint) -> bool:
    return row.ack_at is not None and row.acked_at is None


def _nothing() -> Conflict:
    message = "no letter about this was given up: there is nothing to tell another way"
    return Conflict(message, code="nothing_untold")


def _settled(session: Session, letters: Sequence[Notice], now: datetime) -> list[str]:
    """Mark letters as told another way; return what they were to tell."""
    for notice in letters:
        notice.state, notice.sent_at = notices.TOLD, now
        session.add(notice)
    return [one.event for one in letters]
