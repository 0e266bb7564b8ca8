"""
Whose work a request is.

It says who looks after something, and gives nobody a right that their roles do not.

Source: PIPL 51.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.services import audit, requests
from rights.services.staff_access import accounts
from rights.store.models import Assignment, Staff


def assign(
    session: Session, ids: Sequence[str], to: str, by: Staff, *, most: int, now: datetime
) -> int:
    """
    Make requests somebody's work, or nobody's; return how many changed hands.

    Args:
        to: Id of a member of staff; empty for nobody.
        most: How many may be named.

    Raises:
        Forbidden: they may not, or an automaton would have them.
        NotFound: there is no such request, or nobody of that id.
        Invalid: none is named, or too many. Conflict: that account is closed.
    """
    duties.check(by.roles, Act.ASSIGN)
    if not 0 < len(ids) <= most:
        wrong = FieldError(
            "requests", f"names none, or more than {most}", rule="count", bound=str(most)
        )
        raise Invalid("choose requests of the list", [wrong])
    if to:
        other = accounts.find(session, to)
        if other.closed_at is not None:
            raise Conflict("this account is closed: choose somebody else", code="account_closed")
        duties.check(other.roles, Act.LOOK)
    return sum(_one(session, one, to, by, now) for one in sorted(set(ids)))


def _one(session: Session, request_id: str, to: str, by: Staff, now: datetime) -> bool:
    request = requests.locked(session, request_id)
    row = session.get(Assignment, request_id)
    if (row.staff_id if row is not None else "") == to:
        return False
    actor = f"staff:{by.id}"
    if row is not None:
        session.delete(row)
        session.flush()
    if to:
        row = Assignment(request_id=request_id, staff_id=to, assigned_by=actor, assigned_at=now)
        session.add(row)
    audit.append(session, request, [audit.Line("assigned", actor, {"to": to})], now=now)
    return True


def of(session: Session, request_id: str) -> str:
    """Return the id of whose work a request is; empty for nobody's."""
    row = session.get(Assignment, request_id)
    return row.staff_id if row is not None else ""
