"""
Holds as staff see them: what was placed, what waits for a second person, and what ends soon.

Whom a hold is on is not told: the register keeps a keyed hash of it.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, and_, col, or_, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import FieldError, Invalid
from rights.services import audit, holds, subjects
from rights.services.context import Context
from rights.store.models import HeldRows, IdentifierRow, LegalHold, Request, Staff

SOON: Final = timedelta(days=30)
"""How long before its end a hold is named."""

BACK: Final = timedelta(days=90)
"""How long after its end it still is."""

MOST: Final = 100
"""Lines of one list: those that end first."""


@dataclass(frozen=True, slots=True)
class Held:
    """
    What is held, and what ends.

    Args:
        legal: Legal holds that are neither released nor over, those that wait first.
        ending: Legal holds whose end is near, or that ended or were released not long ago.
        rows: Rows of requests whose end is near or past, or that staff have to look at.
    """

    legal: Sequence[LegalHold]
    ending: Sequence[LegalHold]
    rows: Sequence[HeldRows]


def read(session: Session, now: datetime) -> Held:
    """Return the holds of every request and of none, at most :data:`MOST` of each sort."""
    first = col(LegalHold.approved_at).is_not(None), col(LegalHold.placed_at), col(LegalHold.id)
    legal = select(LegalHold).where(*_alive(now)).order_by(*first).limit(MOST)
    ended = _near(LegalHold.until, now), _near(LegalHold.released_at, now)
    ending = select(LegalHold).where(or_(*ended)).order_by(col(LegalHold.until), col(LegalHold.id))
    kept = (
        select(HeldRows)
        .where(or_(and_(HeldRows.state != "ended", _ends(HeldRows.latest, now)), _stuck()))
        .order_by(col(HeldRows.latest), col(HeldRows.id))
    )
    return Held(
        legal=session.exec(legal).all(),
        ending=session.exec(ending.limit(MOST)).all(),
        rows=session.exec(kept.limit(MOST)).all(),
    )


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    until = col(LegalHold.until)
    return col(LegalHold.released_at).is_(None), or_(until.is_(None), until > now)


def _ends(moment: Any, now: datetime) -> ColumnElement[bool]:
    """Say that it ends soon or has ended, however long ago: rows that are still there are late."""
    return col(moment) < now + SOON


def _near(moment: Any, now: datetime) -> ColumnElement[bool]:
    return and_(col(moment) > now - BACK, _ends(moment, now))


def _stuck() -> ColumnElement[bool]:
    return col(HeldRows.state) == "stuck"


def of_request(session: Session, request_id: str) -> Sequence[HeldRows]:
    """Return what a request left because something holds it, and what became of that."""
    query = select(HeldRows).where(HeldRows.request_id == request_id)
    return session.exec(query.order_by(col(HeldRows.collection)).limit(MOST)).all()


def waiting(session: Session, now: datetime, *, limit: int = MOST) -> Sequence[LegalHold]:
    """Return legal holds that wait for a second person, the oldest first."""
    query = select(LegalHold).where(*_undecided(now))
    return session.exec(query.order_by(col(LegalHold.placed_at)).limit(limit)).all()


def count_waiting(session: Session, staff: Staff, now: datetime) -> int:
    """Return how many legal holds wait for *staff*: not those that they placed themselves."""
    others = col(LegalHold.placed_by) != f"staff:{staff.id}"
    query = select(func.count(col(LegalHold.id))).where(*_undecided(now), others)
    return session.exec(query).one()


def _undecided(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(LegalHold.approved_at).is_(None), *_alive(now)


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
