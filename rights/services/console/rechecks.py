"""
Looks for erased data that came back, or corrections that were undone: when, and what was found.

"Never looked yet" and "nothing found in three looks" are different claims: a look counts by the
entry that the worker wrote, in the trail of its request, and by nothing else.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.services import incidents, places
from rights.services.places import Place
from rights.store.models import Aftercare, Entry

PAGE: Final = 50
LOOKED: Final = "rechecked"
KIND: Final = "recheck"
STATES: Final = ("waiting", "done")
FOUND: Final = (incidents.CAME_BACK, incidents.PERHAPS_NEW, incidents.UNDONE)
"""Codes of what a look may open."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: rows that came back, that are unsure, and that only people can tell of."""

    at: datetime
    back: int
    unsure: int
    by_hand: int
    collections: int


@dataclass(frozen=True, slots=True)
class Run:
    """
    The looks for one closed request.

    Args:
        due_at: When the next one is; None once all were made.
        held_up: Code of why the next one was not possible so far.
        ended_early: Its capsule was destroyed: nothing can be looked for any more.
        opened: Code and state of what the looks opened for staff.
    """

    id: str
    request_id: str
    created_at: datetime
    due_at: datetime | None
    held_up: str
    ended_early: bool
    looks: tuple[Look, ...] = ()
    opened: tuple[tuple[str, str], ...] = field(default=())

    @property
    def place(self) -> str:
        """Where the next page goes on."""
        return str(Place(self.created_at, self.id))


def just_before(row: Aftercare) -> str:
    """Return the place after which a page begins with the looks of *row*."""
    return str(Place(row.created_at + timedelta(microseconds=1), ""))


def page(session: Session, *, state: str = "", after: str = "") -> tuple[list[Run], str]:
    """
    Return one page, the newest first, and where the next one goes on; three queries.

    Args:
        state: ``waiting`` for those with a look to come, ``done``, or nothing for all.
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    row = Aftercare
    newest = col(row.created_at), col(row.id)
    query = select(row).where(row.kind == KIND, *places.earlier(*newest, places.read(after)))
    if state:
        query = query.where(row.state == state)
    order = (one.desc() for one in newest)
    rows = session.exec(query.order_by(*order).limit(PAGE + 1)).all()
    ids = [one.request_id for one in rows[:PAGE]]
    looks, opened = _looks(session, ids), _opened(session, ids)
    found = [_run(one, looks[one.request_id], opened[one.request_id]) for one in rows[:PAGE]]
    return found, found[-1].place if len(rows) > PAGE else ""


def _looks(session: Session, ids: Sequence[str]) -> dict[str, list[Look]]:
    query = select(Entry).where(col(Entry.chain).in_(ids), Entry.event == LOOKED)
    found: dict[str, list[Look]] = defaultdict(list)
    for one in session.exec(query.order_by(col(Entry.chain), col(Entry.seq))):
        found[one.chain].append(_look(one.at, one.data))
    return found


def _look(at: datetime, said: dict[str, Any]) -> Look:
    names = ("back", "unsure", "by_hand", "collections")
    return Look(at, *(int(said.get(name, 0)) for name in names))


def _opened(session: Session, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    query = select(Aftercare.request_id, Aftercare.code, Aftercare.state).where(
        col(Aftercare.request_id).in_(ids),
        Aftercare.kind == "incident",
        col(Aftercare.code).in_(FOUND),
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for request_id, code, state in session.exec(query.order_by(col(Aftercare.created_at))):
        found[request_id].append((code, state))
    return found


def _run(row: Aftercare, looks: Sequence[Look], opened: Sequence[tuple[str, str]]) -> Run:
    waits = row.state == "waiting"
    return Run(
        row.id,
        row.request_id,
        row.created_at,
        row.due_at if waits else None,
        row.code if waits and row.attempts else "",
        not waits and bool(row.note),
        tuple(looks),
        tuple(opened),
    )
