"""
What was taken out of a copy, as the console shows it: a worker opens it, and a view is decided on.

The console reaches no package. A view is a look-up: asked by one member of staff, answered by a
worker into a sealed record, forgotten a quarter of an hour later. What is decided is about the
view that was shown, and about nothing else.

Source: NDSR 25(1)(4); PIPL 10, 45, 51; Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Gone, Invalid
from rights.domain.foreign_values import Sort, form_of
from rights.services import (
    audit,
    content_approvals,
    lookups,
    own_requests,
    places,
    redaction_desk,
    redactions,
    staff_views,
)
from rights.services.context import Context
from rights.services.packages import READY
from rights.services.places import Place
from rights.store.models import Entry, Lookup, Package, Request, Staff

PAGE: Final = 100
"""Values of one view."""


@dataclass(frozen=True, slots=True)
class View:
    """
    One look of one member of staff.

    Args:
        start: How many values lie before the first of this view.
        rows: None while it waits, or where it failed.
        code: Why it failed; empty where it did not.
    """

    id: str
    start: int
    code: str
    rows: Sequence[Mapping[str, Any]] | None = field(repr=False)
    more: bool

    @property
    def waits(self) -> bool:
        """Whether a worker is still to answer."""
        return self.rows is None and not self.code


def ask(
    session: Session, context: Context, request: Request, staff: Staff, *, start: int, now: datetime
) -> Lookup:
    """
    Ask for a view of what was taken out; that somebody looks is written down with the question.

    Args:
        request: The caller has locked its row.
        start: How many values to leave out before it.

    Raises:
        Forbidden: their roles do not allow it, or it is a minor's and no approval lets them.
        NotFound: nothing was taken out of a copy of this request, or the copy is gone.
    """
    duties.check(staff.roles, Act.REVIEW)
    allowed = content_approvals.check(session, request, staff, now=now)
    package, place = redaction_desk.place(session, request.id)
    about = {"package": package.id, "place": place, "start": start}
    row = staff_views.ask(session, context, request, staff, lookups.REDACTIONS, about, now=now)
    line = audit.Line("redactions_seen", f"staff:{staff.id}", {**allowed, "from": start + 1})
    audit.append(session, request, [line], now=now)
    return row


def read(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    lookup_id: str,
    *,
    now: datetime,
) -> View:
    """
    Return a view of the member of staff who asked for it.

    Raises:
        Forbidden: their roles do not allow it any more, or an approval is over.
        NotFound: there is no such view of theirs of this request.
        Gone: its quarter of an hour is over.
    """
    duties.check(staff.roles, Act.REVIEW)
    asked = (session, context, request, staff, lookups.REDACTIONS, lookup_id)
    row, answer = staff_views.read(*asked, now=now)
    start, found = staff_views.about(context, row)["start"], answer or {"rows": None, "more": False}
    return View(row.id, start, row.code, found["rows"], found["more"])


def release(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    lookup_id: str,
    *,
    numbers: Iterable[int],
    because: str,
    now: datetime,
) -> None:
    """
    Say that some of a view is the person's own: the copy is made anew, and leaves it in.

    Args:
        request: The caller has locked its row.
        because: One of :data:`redactions.BECAUSE`.

    Raises:
        Forbidden, NotFound: as :func:`read`; or they brought the request in.
        Conflict: the view is over, or not of the copy that is there now; or as
            :func:`redactions.release`.
        Invalid: a number that is not in the view, or no reason of the list.
    """
    own_requests.check(session, request.id, staff)
    shown = _shown(session, context, request, staff, lookup_id, now)
    wanted = set(numbers)
    forms = {
        int(row["number"]): form_of(Sort(row["what"]), row["value"])
        for row in shown.rows or ()
        if row["number"] in wanted
    }
    if not wanted or wanted - forms.keys():
        wrong = FieldError("numbers", "is nothing of what was shown", rule="not_shown")
        raise Invalid("choose of what was shown", [wrong])
    given: dict[str, Any] = {"because": because, "actor": f"staff:{staff.id}", "now": now}
    vault, datamap = context.vault, context.datamap
    given["view"] = _decided(session, context, request, shown)
    redactions.release(session, vault, datamap, request, forms.values(), **given)


def confirm(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    lookup_id: str,
    *,
    now: datetime,
) -> None:
    """
    Say that all of a view is somebody else's, and stays out.

    Raises:
        Forbidden, NotFound, Conflict: as :func:`release`.
    """
    shown = _shown(session, context, request, staff, lookup_id, now)
    data = _decided(session, context, request, shown)
    line = audit.Line("redactions_confirmed", f"staff:{staff.id}", data)
    audit.append(session, request, [line], now=now)


def _decided(session: Session, context: Context, request: Request, shown: View) -> dict[str, Any]:
    """
    Return what an entry says of a view that was decided on: which copy, from where to where.

    ``settled`` is true once every value of that copy was: some of many leave the rest waiting.
    """
    about = staff_views.about(context, session.get_one(Lookup, shown.id))
    first, last = shown.start + 1, shown.start + len(shown.rows or ())
    before = select(Entry.data).where(
        Entry.chain == request.id, col(Entry.event).in_(redactions.DECIDED)
    )
    same = (data for data in session.exec(before) if data.get("package") == about["package"])
    parts, reached = [(first, last), *((data["from"], data["to"]) for data in same)], 0
    for start, end in sorted(parts):
        reached = max(reached, end) if start <= reached + 1 else reached
    settled = not shown.more and reached >= last
    if settled:
        redactions.settle(session, request.id)
    return {"package": about["package"], "from": first, "to": last, "settled": settled}


def _shown(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    lookup_id: str,
    now: datetime,
) -> View:
    """Return a view that can be decided on: nobody decides on what they have not seen."""
    try:
        view = read(session, context, request, staff, lookup_id, now=now)
    except Gone as error:
        raise Conflict(str(error), code="view_changed") from error
    about = staff_views.about(context, session.get_one(Lookup, lookup_id))
    package, place = redaction_desk.place(session, request.id)
    if not view.rows or (about["package"], about["place"]) != (package.id, place):
        message = "this is not the copy that was looked at: open it again"
        raise Conflict(message, code="view_changed")
    return view


# -- what waits ----------------------------------------------------------------------------------


def waiting(
    session: Session, now: datetime, *, limit: int = 200, after: Place | None = None
) -> list[tuple[Request, Package]]:
    """Return requests of whose copy something was taken out that nobody has decided on."""
    oldest = (col(Package.created_at), col(Package.id))
    query = select(Request, Package).where(*_undecided(now), *places.later(*oldest, after))
    found = session.exec(query.order_by(*oldest).limit(limit))
    return [(request, package) for request, package in found]


def count_waiting(session: Session, staff: Staff, now: datetime) -> int:
    """Return how many there are."""
    del staff
    query = select(func.count(col(Package.id))).select_from(Package, Request)
    return int(session.exec(query.where(*_undecided(now))).one())


def _undecided(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Request.id) == col(Package.request_id),
        # Not "is true": the index is of those that are undecided.
        col(Package.undecided) & (col(Package.state) == READY),
        col(Package.purged_at).is_(None),
        col(Package.expires_at) > now,
    )
