"""
"Technically infeasible": an exception with a date, which staff answer for.

For stores that cannot delete and for nothing else; when its date comes, it is a task again.

Source: NDSR 24; PIPL 47(2); GB/T 35273-2020 8.7(d).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.services import audit, hold_rules
from rights.store.models import HoldException, Staff

CODE: Final = "tech_infeasible"
LONGEST: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Case:
    """
    What is stated.

    Args:
        deletable: The store's connector can delete: then nothing is infeasible.
    """

    statement: str
    alternative: str
    review_at: datetime
    stated_by: Staff
    deletable: bool


def make(session: Session, path: str, case: Case, staff: Staff, *, now: datetime) -> HoldException:
    """
    Approve an exception for a collection.

    Raises:
        Forbidden: not theirs to decide, or they stated it themselves.
        Conflict: the store can delete.
        Invalid: a part is missing, or the date is past or too far.
    """
    hold_rules.legal(staff)
    if staff.id == case.stated_by.id:
        message = "whoever states it does not approve it: somebody else has to"
        raise Forbidden(message, code="own_approval")
    if case.deletable:
        message = f"{path}: its connector can delete, so nothing is infeasible"
        raise Conflict(message, code="can_be_deleted")
    if not case.statement.strip() or not case.alternative.strip():
        raise Invalid("say why it cannot be deleted, and what is done instead")
    if not now < case.review_at <= now + LONGEST:
        raise Invalid(f"the date of review is within {LONGEST.days} days")
    row = HoldException(
        path=path,
        statement=case.statement.strip()[:400],
        alternative=case.alternative.strip()[:400],
        stated_by=f"staff:{case.stated_by.id}",
        approved_by=f"staff:{staff.id}",
        approved_at=now,
        review_at=case.review_at,
    )
    session.add(row)
    data = {"exception": row.id, "collection": path, "until": case.review_at.isoformat()}
    audit.append_day(session, audit.Line("exception_made", row.approved_by, data), now=now)
    return row


def in_force(session: Session, now: datetime) -> dict[str, HoldException]:
    """Return the exceptions that hold now, by the collection that each is about."""
    query = select(HoldException).where(
        col(HoldException.ended_at).is_(None), col(HoldException.review_at) > now
    )
    return {row.path: row for row in session.exec(query)}


def for_paths(session: Session, paths: Iterable[str], now: datetime) -> dict[str, HoldException]:
    """
    Return the exception in force for each of *paths*.

    Raises:
        Conflict: one of them has none.
    """
    found = in_force(session, now)
    wanted = list(paths)
    if missing := [path for path in wanted if path not in found]:
        raise Conflict(
            f"no exception is in force for {', '.join(missing)}: `rights holds except` makes one",
            code="no_exception",
        )
    return {path: found[path] for path in wanted}
