"""
Whether receipt was confirmed in time: of requests and of complaints.

The letter that says so settles it where one was written, once it has gone out; so does the
answer itself. Where nobody gave an address, who asked here read it in the answer to their call;
who wrote, called or came did not: staff tell them, and say so.

Source: 11 CCR 7021(a); UK GDPR as amended in 2025, on complaints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights.domain import alerts
from rights.domain.errors import NotFound
from rights.domain.lifecycle import State
from rights.services import alarms, audit, notices, requests
from rights.store import moments
from rights.store.models import Alert, Complaint, Entry, Notice, Request

SOON: Final = "acknowledgement_soon"
MISSED: Final = "acknowledgement_missed"
BATCH: Final = 200

CONFIRM: Final = frozenset({"received", "outcome", "complaint_received", "complaint_answered"})
"""Letters after which nobody need ask whether theirs arrived."""

_TAKEN_BACK: Final = (State.REVOKED, State.EXPIRED)
_MODELS: Final = (Request, Complaint)
_ACK: Final = alarms.ACKNOWLEDGEMENT
_EVENTS: Final = {alerts.SOON: SOON, alerts.LATE: MISSED}

About = Request | Complaint
Found = tuple[type[Request] | type[Complaint], str]
"""What staff have to be told of: its table, and its id."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Something of which receipt has not been confirmed; *stage* as in ``alerts``."""

    id: str
    complaint: bool
    ack_at: datetime
    stage: int


def open_ones(model: type[About]) -> ColumnElement[bool]:
    """Say that receipt is still to be confirmed; what was taken back needs it no more."""
    waits = col(model.ack_at).is_not(None) & col(model.acked_at).is_(None)
    if model is Request:
        return waits & col(Request.state).not_in(_TAKEN_BACK)
    return waits


def is_open(row: About) -> bool:
    """Return the same of one of them."""
    waits = row.ack_at is not None and row.acked_at is None
    return waits and not (isinstance(row, Request) and row.state in _TAKEN_BACK)


def missed(model: type[About], now: datetime) -> ColumnElement[bool]:
    """Say that receipt should have been confirmed by now, and was not."""
    return open_ones(model) & (col(model.ack_at) <= moments.at(now))


def due(session: Session, now: datetime, *, limit: int = BATCH) -> list[Found]:
    """Return what staff have to be told of, of each sort the most urgent first."""
    found: list[Found] = []
    for model in _MODELS:
        told = alarms.stage(now)
        query = (
            sql_select(col(model.id))
            .outerjoin(Alert, (col(Alert.about) == col(model.id)) & (col(Alert.what) == _ACK))
            .where(open_ones(model), _reached(session, model, now) > told)
            .order_by(col(model.ack_at), col(model.id))
            .limit(limit - len(found))
        )
        rows = session.execute(query).scalars() if len(found) < limit else ()
        found += [(model, one) for one in rows]
    return found


def _reached(session: Session, model: type[About], now: datetime) -> ColumnElement[int]:
    received, at = col(model.received_at), moments.at(now)
    gone = moments.seconds(session, at, received)
    whole = moments.seconds(session, col(model.ack_at), received)
    soon = gone * 100.0 >= whole * alerts.SOON
    return case((col(model.ack_at) <= at, alerts.LATE), (soon, alerts.SOON), else_=0)


def tell(session: Session, found: Iterable[Found], now: datetime) -> list[tuple[str, str]]:
    """Write down how far these are; return the ids of what was missed, and their requests'."""
    late: list[tuple[str, str]] = []
    for model, about_id in found:
        row = _locked(session, model, about_id)
        if row is None or row.ack_at is None or row.acked_at is not None:
            continue
        stage = _stage(row, now)
        if stage and _note(session, row, stage, now) and stage == alerts.LATE:
            late.append((row.id, _request_id(row)))
    return late


def _stage(row: About, now: datetime) -> int:
    assert row.ack_at is not None
    if now >= row.ack_at:
        return alerts.LATE
    return alerts.SOON if now >= alerts.moment(row.received_at, row.ack_at, alerts.SOON) else 0


def _locked(session: Session, model: type[About], about_id: str) -> About | None:
    """
    Return it as it is now, locked; a complaint after the request that it is about, as everywhere.
    """
    try:
        if model is Request:
            return requests.locked(session, about_id)
        known = session.get(Complaint, about_id)
        if known is not None and known.request_id:
            requests.locked(session, known.request_id)
    except NotFound:
        pass  # its record is gone; a complaint about it may stay longer
    if model is Request:
        return None
    return session.get(Complaint, about_id, with_for_update=True, populate_existing=True)


def _request_id(row: About) -> str:
    return row.id if isinstance(row, Request) else row.request_id


def _note(session: Session, row: About, stage: int, now: datetime) -> bool:
    given: dict[str, Any] = {"request_id": _request_id(row), "now": now}
    given["before"] = lambda: _told(session, row, now)
    if not alarms.first(session, row.id, _ACK, stage, **given):
        return False
    if isinstance(row, Request):
        audit.append(session, row, [audit.Line(_EVENTS[stage], "system", {})], now=now)
        return True
    line = audit.Line(_EVENTS[stage], "system", {"complaint": row.id})
    request = session.get(Request, row.request_id) if row.request_id else None
    if request is None:
        audit.append_day(session, line, now=now)
    else:
        audit.append(session, request, [line], now=now)
    return True


def _told(session: Session, row: About, now: datetime) -> int:
    """
    Return the last stage that its trail tells of by now.

    A complaint about no request has none of its own: it is told of once more.
    """
    query = sql_select(Entry).where(
        col(Entry.chain) == _request_id(row),
        col(Entry.event).in_(_EVENTS.values()),
        col(Entry.at) <= now + alarms.AHEAD,
    )
    about = "" if isinstance(row, Request) else row.id
    entries = session.execute(query).scalars()
    found = {one.event for one in entries if one.data.get("complaint", "") == about}
    return max((stage for stage, event in _EVENTS.items() if event in found), default=0)


# -- confirmed --------------------------------------------------------------------------------


def went_out(session: Session, sent: Sequence[Notice], now: datetime) -> None:
    """Note of what these letters confirmed the receipt; what was late is told of all the same."""
    ids = sorted({one.request_id for one in sent if one.event in CONFIRM})
    for model in _MODELS if ids else ():
        waits = (
            col(model.id).in_(ids),
            col(model.ack_at).is_not(None),
            col(model.acked_at).is_(None),
        )
        found = session.execute(sql_select(col(model.id)).where(*waits)).scalars().all()
        for about_id in sorted(found):
            row = _locked(session, model, about_id)
            if row is not None and row.acked_at is None:
                confirm(session, row, now)


def begin(session: Session, request: Request, ack_at: datetime | None) -> None:
    """
    Let receipt of *request*, whose row the caller has locked, be confirmed by *ack_at* or earlier.

    A law may be added to a request on its way: a letter that went out before counts.
    """
    if ack_at is None:
        return
    request.ack_at = min(request.ack_at or ack_at, ack_at)
    if request.acked_at is None:
        out = select(func.min(col(Notice.sent_at))).where(
            Notice.request_id == request.id,
            col(Notice.state).in_(("sent", notices.TOLD)),
            col(Notice.event).in_(CONFIRM),
        )
        request.acked_at = session.exec(out).one()
    session.add(request)


def counted_again(session: Session, request: Request, ack_at: datetime) -> None:
    """
    Let receipt of *request*, whose row the caller has locked, be confirmed by *ack_at*, surely.

    Nobody was promised this date: unlike a promise it moves later too, so that staff are not told
    of a day off as of one that was missed. What they were told of before stays told.
    """
    if request.ack_at is not None:
        request.ack_at = ack_at
        session.add(request)


def confirm(session: Session, row: About, now: datetime) -> None:
    """Note that receipt of this, whose row the caller has locked, is confirmed now."""
    if row.ack_at is None or row.acked_at is not None:
        return
    if now > row.ack_at:
        _note(session, row, alerts.LATE, now)
    row.acked_at = now
    session.add(row)


def unconfirmed(session: Session, now: datetime, *, limit: int = 200) -> list[Unconfirmed]:
    """Return what is to be confirmed soon or should have been; of each sort the most urgent."""
    return [one for model in _MODELS for one in _unconfirmed(session, model, now, limit)]


def _unconfirmed(
    session: Session, model: type[About], now: datetime, limit: int
) -> Iterator[Unconfirmed]:
    stage = _reached(session, model, now).label("stage")
    query = (
        sql_select(col(model.id), col(model.ack_at), stage)
        .where(open_ones(model), _reached(session, model, now) > 0)
        .order_by(col(model.ack_at), col(model.id))
        .limit(limit)
    )
    for row in session.execute(query):
        yield Unconfirmed(row.id, model is Complaint, row.ack_at, row.stage)


def counted(session: Session, now: datetime) -> dict[str, int]:
    """Return how many confirmations are late now, of ``request`` and ``complaint``."""
    return {
        name: session.exec(select(func.count()).select_from(model).where(missed(model, now))).one()
        for name, model in (("request", Request), ("complaint", Complaint))
    }
