"""
Holds as staff see them: on whom one is, what waits for a second person, and how one is placed.

Whom a hold is on is not told: the register keeps a keyed hash of it. By that hash it is found from
the requests of that person, and they from it.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, col, or_, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.services import audit, holds, places, subjects
from rights.services.context import Context
from rights.services.places import Place
from rights.store.keys import Tampered
from rights.store.models import HeldRows, IdentifierRow, LegalHold, Request, Staff

MOST: Final = 100
"""Lines that the page of a request shows, and holds that are looked at together."""

EACH: Final = 5
"""Requests that are named with one hold."""

_MOST_REQUESTS: Final = EACH * MOST


def alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what a legal hold fulfils that is neither released nor over."""
    until = col(LegalHold.until)
    return col(LegalHold.released_at).is_(None), or_(until.is_(None), until > now)


def of_request(session: Session, request_id: str) -> Sequence[HeldRows]:
    """
    Return what a request left because something holds it, and what became of that.

    One more than :data:`MOST` says that there are more: the receipt has them all.
    """
    query = select(HeldRows).where(HeldRows.request_id == request_id)
    order = col(HeldRows.collection), col(HeldRows.id)
    return session.exec(query.order_by(*order).limit(MOST + 1)).all()


def on_person(session: Session, context: Context, request_id: str) -> Sequence[LegalHold]:
    """
    Return the legal holds on whom a request is about, those that are over or released too.

    Found by what was proved, under every key that is set: a hold on an address that somebody only
    typed says nothing about this request. One more than :data:`MOST` says that there are more: the
    page of holds has them all.
    """
    rows = _proved(session, request_id)
    blinds = {row.blind for row in rows}
    for name, value in _opened(context, rows):
        blinds.update(subjects.blinds(context.vault, name, value))
    query = select(LegalHold).where(col(LegalHold.blind).in_(sorted(blinds - {""})))
    newest = col(LegalHold.placed_at).desc(), col(LegalHold.id)
    return session.exec(query.order_by(*newest).limit(MOST + 1)).all()


def _opened(context: Context, rows: Iterable[IdentifierRow]) -> Iterator[tuple[str, str]]:
    """Yield what opens; a value whose key is gone is found by the hash that is kept."""
    for row in rows:
        with suppress(Tampered, ConfigError):
            yield row.type, subjects.value(context.vault, row)


def requests_of(session: Session, found: Iterable[LegalHold]) -> dict[str, list[str]]:
    """Return the requests of whom legal holds are on, by hold: the latest few of each."""
    by_blind: dict[str, list[str]] = {}
    blinds = sorted({one.blind for one in found if one.blind})
    query = (
        select(IdentifierRow.blind, Request.id)
        .join(Request, col(Request.id) == col(IdentifierRow.request_id))
        .where(col(IdentifierRow.blind).in_(blinds), col(IdentifierRow.proof) != "")
        .order_by(col(Request.received_at).desc(), col(Request.id))
        .limit(_MOST_REQUESTS)
    )
    for blind, request_id in session.exec(query) if blinds else ():
        mine = by_blind.setdefault(blind, [])
        if len(mine) < EACH and request_id not in mine:
            mine.append(request_id)
    return {one.id: by_blind.get(one.blind, []) for one in found}


def waiting(
    session: Session, now: datetime, *, limit: int = MOST, after: Place | None = None
) -> Sequence[LegalHold]:
    """Return legal holds whose approval or release waits for a second person, the oldest first."""
    oldest = (_since(), col(LegalHold.id))
    query = select(LegalHold).where(*_undecided(now), *places.later(*oldest, after))
    return session.exec(query.order_by(*oldest).limit(limit)).all()


def since(hold: LegalHold) -> datetime:
    """Return since when a hold waits for a second person."""
    return hold.release_proposed_at or hold.placed_at


def _since() -> ColumnElement[datetime]:
    return func.coalesce(col(LegalHold.release_proposed_at), col(LegalHold.placed_at))


def count_waiting(session: Session, staff: Staff, now: datetime) -> int:
    """Return how many legal holds wait for *staff*: not what they placed or proposed themselves."""
    asked_by = case(
        (col(LegalHold.approved_at).is_(None), col(LegalHold.placed_by)),
        else_=col(LegalHold.release_proposed_by),
    )
    others = asked_by != f"staff:{staff.id}"
    query = select(func.count(col(LegalHold.id))).where(*_undecided(now), others)
    return session.exec(query).one()


def _undecided(now: datetime) -> tuple[ColumnElement[bool], ...]:
    asked = col(LegalHold.approved_at).is_(None), col(LegalHold.release_proposed_at).is_not(None)
    return or_(*asked), *alive(now)


def names(session: Session, request_id: str) -> list[str]:
    """Return by which identifiers a hold can be placed on the person of a request."""
    return [row.type for row in _proved(session, request_id)]


def _proved(session: Session, request_id: str) -> list[IdentifierRow]:
    return [row for row in subjects.identifier_rows(session, request_id) if row.proof]


def place_on_person(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    by: str,
    rank: str,
    basis: str,
    until: datetime | None,
    now: datetime,
) -> LegalHold:
    """
    Place a legal hold on whom a request is about; who places it is told nothing of them.

    Args:
        request: The caller has locked its row.
        by: The sort of identifier under which the hold is found again.

    Raises:
        Forbidden: their roles do not allow it.
        Invalid: nothing of that sort is proved, or as :func:`holds.place`.
        Conflict: the same is held on the same basis.
    """
    duties.check(staff.roles, Act.PLACE_HOLD)
    rows = [row for row in _proved(session, request.id) if row.type == by]
    if not rows:
        wrong = FieldError("by", "is nothing that was proved", tuple(names(session, request.id)))
        raise Invalid("name an identifier that was proved in this request", [wrong])
    given: dict[str, Any] = {"rank": rank, "basis": basis, "until": until, "now": now}
    on = subjects.opened(context.vault, rows)
    made = holds.place(session, context.vault, context.datamap, staff, on=on, **given)
    data = {"hold": made.id, "rank": rank}
    audit.append(session, request, [audit.Line("hold_placed", made.placed_by, data)], now=now)
    return made
