"""
The first page: what is late, due today, or stuck and why, and what waits for whoever looks.

The number of queries does not depend on how much there is.

Source: NDSR 23 (in time); App-Violation Identification Method 6(4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from rights.domain import duties, minors
from rights.domain.datamap import DataMap
from rights.domain.duties import Act
from rights.domain.errors import Forbidden
from rights.domain.lifecycle import State, Wait
from rights.domain.terms import Standing
from rights.services import (
    acknowledging,
    aftertasks,
    messages,
    redaction_views,
    reviewing,
    settled_time,
    targets,
    tasks,
    untold,
)
from rights.services.console import filters, held
from rights.services.console.filters import Filters
from rights.services.console.listing import Asker, Line, line, rows
from rights.services.console.queues import QUEUES
from rights.services.context import Context
from rights.services.organisation import calendar
from rights.services.ticking import Book
from rights.store.models import (
    Appeal,
    AskProposal,
    Complaint,
    ContentApproval,
    DenialProposal,
    PartProposal,
    PlanRow,
    Request,
    Staff,
)

SHOWN: Final = 10
OTHER: Final = "other"
"""What is owed on closed requests and to stores: no queue of requests has it."""
_STUCK: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Block:
    """Some requests of one sort, and how many there are in all."""

    lines: tuple[Line, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Board:
    """
    What the first page says.

    Args:
        stuck: How many open requests wait, by why.
        mine: How much waits for whoever looks, by what it is; only what their roles let them do.
        unconfirmed: Open requests whose receipt should have been confirmed; ``missed``: that were
            wanted at once and not done in time.
        duties_overdue, duties_soon: Days of the compliance calendar.
        unbelieved: How much of the register's time is not believed; what cannot be undone waits.
    """

    late: Block
    today: Block
    stuck: Mapping[str, int]
    longest: tuple[Line, ...]
    mine: Mapping[str, int]
    assigned: Block
    open: int
    unconfirmed: int
    missed: int
    duties_overdue: int
    duties_soon: int
    unbelieved: timedelta


def board(session: Session, staff: Staff, asker: Asker, context: Context) -> Board:
    """Return what the first page says to *staff* now."""
    waits, book = _by_wait(session), context.regimes
    owed = calendar.counted(session, context, asker.now)
    return Board(
        late=_block(session, book, Filters(clock="late"), asker),
        today=_block(session, book, Filters(clock="today"), asker),
        stuck={wait: count for wait, count in waits.items() if wait},
        longest=_longest(session, book, asker.now),
        mine=_mine(session, staff, asker.now, context.datamap),
        assigned=_block(session, book, Filters(assigned=filters.ME), asker),
        open=sum(waits.values()),
        unconfirmed=_count(session, Request, acknowledging.missed(Request, asker.now)),
        missed=targets.count_missed(session, asker.now),
        duties_overdue=owed[Standing.OVERDUE],
        duties_soon=owed[Standing.SOON],
        unbelieved=asker.now - settled_time.now_of(session, asker.now),
    )


def _block(session: Session, book: Book, asked: Filters, asker: Asker) -> Block:
    given: dict[str, Any] = {"now": asker.now, "zone": asker.zone}
    where = tuple(filters.conditions(asked, book, staff_id=asker.staff_id, **given))
    in_all = func.count().over().label("in_all")
    query = rows(book).add_columns(in_all).where(*where)
    first = query.order_by(col(Request.promised_at), col(Request.id)).limit(SHOWN)
    found = session.execute(first).all()
    return Block(tuple(line(row) for row in found), found[0].in_all if found else 0)


def _count(session: Session, model: Any, *where: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).select_from(model).where(*where)).scalar_one())


def _by_wait(session: Session) -> dict[str, int]:
    query = (
        select(col(Request.wait), func.count())
        .where(col(Request.closed_at).is_(None))
        .group_by(col(Request.wait))
    )
    return {str(wait): count for wait, count in session.execute(query)}


def _longest(session: Session, book: Book, now: datetime) -> tuple[Line, ...]:
    """Return what has waited for a store or for staff the longest, as far as receipt tells."""
    waits = (Wait.TASK, Wait.APPROVAL, Wait.STORE, Wait.DECISION)
    query = (
        rows(book)
        .where(
            col(Request.closed_at).is_(None),
            col(Request.wait).in_(waits),
            col(Request.received_at) < now - _STUCK,
        )
        .order_by(col(Request.received_at), col(Request.id))
        .limit(SHOWN)
    )
    return tuple(line(row) for row in session.execute(query))


# -- what waits for whoever looks ----------------------------------------------------------------


def _mine(session: Session, staff: Staff, now: datetime, datamap: DataMap) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, act in QUEUES.items():
        if _may(staff, act) and (found := COUNTED[name](session, staff, now)):
            counts[name] = found
    if _may(staff, Act.COMPLETE) and (owed := aftertasks.count_open(session, datamap)):
        counts[OTHER] = owed
    return counts


def _may(staff: Staff, act: Act) -> bool:
    try:
        duties.check(staff.roles, act)
    except Forbidden:
        return False
    return True


def _approvals(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    waits = (
        col(Request.closed_at).is_(None),  # an index has those
        col(Request.state) == State.ON_HOLD,
        col(Request.wait) == Wait.APPROVAL,
    )
    planned = select(col(PlanRow.request_id))
    return _count(session, Request, *waits, col(Request.id).in_(planned))


def _tasks(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    return tasks.count_open(session)


def _denials(session: Session, staff: Staff, now: datetime) -> int:
    del now
    return _of_colleagues(session, DenialProposal, staff)


def _asking(session: Session, staff: Staff, now: datetime) -> int:
    del now
    return _of_colleagues(session, AskProposal, staff)


def _parts(session: Session, staff: Staff, now: datetime) -> int:
    del now
    return _of_colleagues(session, PartProposal, staff)


def _of_colleagues(session: Session, model: Any, staff: Staff) -> int:
    """Count what others proposed on open requests: nobody is their own second person."""
    waits = col(model.outcome) == "", col(model.proposed_by) != staff.id
    live = select(col(Request.id)).where(
        col(Request.id) == col(model.request_id), col(Request.closed_at).is_(None)
    )
    return _count(session, model, *waits, live.exists())


def _appeals(session: Session, staff: Staff, now: datetime) -> int:
    del now
    waits = col(Appeal.decided_at).is_(None), col(Appeal.assigned_to).in_(("", staff.id))
    return _count(session, Appeal, *waits)


def _complaints(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    return _count(session, Complaint, col(Complaint.answered_at).is_(None))


def _minors(session: Session, staff: Staff, now: datetime) -> int:
    waits = (
        col(ContentApproval.approved_at).is_(None),
        col(ContentApproval.asked_by) != staff.id,
        col(ContentApproval.asked_at) > now - minors.WAITS,
    )
    return _count(session, ContentApproval, *waits)


def _not_me(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    waits = col(Request.not_me_at).is_not(None), col(Request.closed_at).is_(None)
    return _count(session, Request, *waits)


def _untold(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    return untold.count(session)


def _messages(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    return messages.count_waiting(session)


def _documents(session: Session, staff: Staff, now: datetime) -> int:
    del staff, now
    return reviewing.count_waiting(session)


COUNTED: Final[Mapping[str, Callable[[Session, Staff, datetime], int]]] = {
    "approvals": _approvals,
    "tasks": _tasks,
    "denials": _denials,
    "asking": _asking,
    "parts": _parts,
    "untold": _untold,
    "messages": _messages,
    "appeals": _appeals,
    "complaints": _complaints,
    "minors": _minors,
    "documents": _documents,
    "holds": held.count_waiting,
    "passages": redaction_views.count_waiting,
    "not_me": _not_me,
}
"""How much of each queue waits for a member of staff."""
