"""Lists that somebody comes back to: their filters, under a name. One's own alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from rights.domain.errors import Conflict, FieldError, Invalid, NotFound
from rights.services.console import searching
from rights.services.console.vocabulary import Vocabulary
from rights.store.models import SavedView, Staff

MOST: Final = 30
_LONGEST: Final = 60
_QUERY: Final = 1_000


def listed(session: Session, staff: Staff) -> Sequence[SavedView]:
    """Return what somebody keeps, by name."""
    mine = select(SavedView).where(SavedView.staff_id == staff.id)
    return session.exec(mine.order_by(col(SavedView.name), col(SavedView.id))).all()


def keep(
    session: Session,
    staff: Staff,
    name: str,
    query: Mapping[str, str],
    *,
    known: Vocabulary,
    now: datetime,
) -> SavedView:
    """
    Keep a list under a name; the same name again replaces what was kept under it.

    Args:
        known: The words there are. What is kept lies there in clear, and others may be anything:
            somebody's name, too.

    Raises:
        Invalid: the name is none, the list is too long to keep, or has words that are none of ours.
        Conflict: there are too many.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST or not name.isprintable():
        raise Invalid(
            "a list needs a name",
            [FieldError("name", f"has 1 to {_LONGEST} signs", rule="line_of", bound=str(_LONGEST))],
        )
    said = _said(query, known)
    mine = select(SavedView).where(SavedView.staff_id == staff.id)
    row = session.exec(mine.where(SavedView.name == name)).first()
    if row is None:
        count = session.exec(
            select(func.count()).select_from(SavedView).where(SavedView.staff_id == staff.id)
        ).one()
        if count >= MOST:
            raise Conflict(f"you keep {MOST} lists already: forget one", code="too_many_views")
        row = SavedView(staff_id=staff.id, name=name, query=said, created_at=now)
    row.query = said
    session.add(row)
    return row


def _said(query: Mapping[str, str], known: Vocabulary) -> str:
    if not all(searching.of_ours(word, known) for word in query.get("q", "").split()):
        raise Invalid(
            "this list has words that stand in no request",
            [FieldError("query", "has a word that stands in no request", rule="not_of_ours")],
        )
    said = urlencode(sorted(query.items()))
    if len(said) > _QUERY:
        raise Invalid(
            "this list has too many filters",
            [FieldError("query", "is too long", rule="too_many_filters")],
        )
    return said


def forget(session: Session, staff: Staff, view_id: str) -> None:
    """Forget a list. Raises NotFound: there is none, or it is another's: the two look the same."""
    mine = delete(SavedView).where(
        col(SavedView.id) == view_id, col(SavedView.staff_id) == staff.id
    )
    if not session.connection().execute(mine).rowcount:
        raise NotFound("there is no such list")
