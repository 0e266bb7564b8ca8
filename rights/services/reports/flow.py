"""
How many requests came, how they ended, and how many were open before and after.

Every request is counted once in each place: what was open at the start, and what came, is what
ended and what is open at the end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Result, exists, func, or_, select
from sqlmodel import col

from rights.domain.lifecycle import State
from rights.services import not_me, reasons, ticking
from rights.services.reports import groups
from rights.services.reports.groups import Group, Into
from rights.services.reports.register import (
    ANSWERED,
    Window,
    asked,
    count,
    entered,
    laws_since,
    letters,
    out_at,
    promised_before_end,
)
from rights.services.ticking import Book
from rights.store.models import ClockPause, Entry, Request

ENDS: Final = (
    "fulfilled",
    "partially_fulfilled",
    "denied",
    "revoked",
    "merged",
    "expired",
)
COLUMNS: Final = ("open_before", "received", "accepted", *ENDS, "open_after")
STANDING: Final = ("unsent", "overdue")

Counts = Mapping[Group, Counter[str]]


def ended(at: Window, name: str) -> ColumnElement[bool]:
    """Say that a request ended so in the period; one that was a repeat was not revoked."""
    in_it, repeat = at.holds(col(Request.closed_at)), col(Request.merged_into) != ""
    if name == "merged":
        return in_it & repeat
    return in_it & (col(Request.state) == State(name)) & ~repeat


def here(at: Window) -> ColumnElement[bool]:
    """Say that a request had to do with the period."""
    return (entered() < at.end) & (
        col(Request.closed_at).is_(None) | (col(Request.closed_at) >= at.start)
    )


def overdue(at: Window, book: Book) -> ColumnElement[bool]:
    """
    Say that what was promised was over at the end, and that the clock did not stand still.

    Before it was proved who asks, the time counts where :mod:`rights.services.ticking` has it.
    """
    still = exists().where(
        col(ClockPause.request_id) == col(Request.id),
        col(ClockPause.began_at) < at.end,
        at.open_at_end(col(ClockPause.ended_at)),
    )
    counts = or_(
        col(Request.verified_at) < at.end,
        *(_under(at, name) for name in ticking.regardless(book)),
        *(_since(at, begins, ends) for begins, ends in _OURS.items()),
    )
    found: ColumnElement[bool] = promised_before_end(at) & counts & ~still
    return found


def _under(at: Window, name: str) -> ColumnElement[bool]:
    """Say that a law was one of a request at the end of the period already."""
    since: ColumnElement[bool] = laws_since(at).contains(f'"{name}"', autoescape=True)
    return ticking.under([name]) & ~since


_OURS: Final = {"evidence_received": "evidence_decided", not_me.CODE: "not_me_released"}
"""Entries from which on, and until which, the next act is ours though nobody proved anything."""


def _since(at: Window, begins: str, ends: str) -> ColumnElement[bool]:
    """Say that something had begun at the end of the period, and had not ended since."""
    mine = col(Entry.chain) == col(Request.id), col(Entry.at) < at.end
    began, over = (
        select(func.max(col(Entry.seq)))
        .where(*mine, col(Entry.event) == name)
        .correlate(Request)
        .scalar_subquery()
        for name in (begins, ends)
    )
    found: ColumnElement[bool] = began > func.coalesce(over, 0)
    return found


def _measures(at: Window, book: Book) -> tuple[Any, ...]:
    after = at.open_at_end(col(Request.closed_at))
    accepted = at.holds(col(Request.verified_at))
    late = overdue(at, book)
    return (
        count(entered() < at.start).label("open_before"),
        count(at.holds(entered())).label("received"),
        count(accepted).label("accepted"),
        *(count(ended(at, name)).label(name) for name in ENDS),
        count(after).label("open_after"),
        count(after & late).label("overdue"),
    )


def of_requests(
    connection: Connection, at: Window, into: Into, book: Book
) -> dict[Group, Counter[str]]:
    """Return what came and what became of it, by the groups that it is counted in."""
    query = select(*groups.columns(at), *_measures(at, book)).where(asked(), here(at))
    rows = connection.execute(query.group_by(*groups.NAMES))
    found = _folded(rows, into, (*COLUMNS, "overdue"))
    for group, unsent in _unsent(connection, at, into).items():
        found[group]["unsent"] += unsent["unsent"]
    return found


def _unsent(connection: Connection, at: Window, into: Into) -> dict[Group, Counter[str]]:
    """Count answers that were made in the period and were not out by its end."""
    letter = letters()
    query = (
        select(*groups.columns(at), count(at.open_at_end(out_at(letter))).label("unsent"))
        .outerjoin(letter, letter.c.request_id == col(Request.id))
        .where(asked(), at.holds(col(Request.closed_at)), col(Request.state).in_(ANSWERED))
    )
    rows = connection.execute(query.group_by(*groups.NAMES))
    return _folded(rows, into, ("unsent",))


def of_reasons(connection: Connection, at: Window, into: Into) -> dict[Group, Counter[str]]:
    """Return for which reasons requests were denied, by group: the columns are the reasons."""
    reason: Any = col(Request.reason).label("reason")
    query = (
        select(*groups.columns(at), reason, count(ended(at, "denied")).label("denied"))
        .where(asked(), ended(at, "denied"))
        .group_by(*groups.NAMES, "reason")
    )
    found: dict[Group, Counter[str]] = defaultdict(Counter)
    with connection.execute(query) as rows:
        for row in rows:
            for group in into(row):
                found[group][reasons.told(row.reason)] += row.denied
    return found


def of_its_own(connection: Connection, at: Window) -> Mapping[str, int]:
    """Return what followed by itself from what people asked: it is in no other figure."""
    measures = [count(at.holds(col(Request.received_at))).label("received")]
    measures += [count(ended(at, name)).label(name) for name in ENDS]
    row = connection.execute(select(*measures).where(~asked())).one()
    return {name: int(getattr(row, name)) for name in ("received", *ENDS)}


def _folded(rows: Result[Any], into: Into, names: tuple[str, ...]) -> dict[Group, Counter[str]]:
    found: dict[Group, Counter[str]] = defaultdict(Counter)
    with rows:
        for row in rows:
            counted = {name: getattr(row, name) for name in names}
            for group in into(row):
                found[group].update(counted)
    return found
