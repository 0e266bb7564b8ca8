"""
The data map beside what workers saw of the stores: what it stops, and what changed when.

Everything is read from the register; nobody here can reach a store. Names of stores, tables and
columns, references of requests: nothing of anybody.

Source: NDSR 21; PIPL 51; GDPR 30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    tuple_,
    union_all,
)
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights.domain.actions import Action
from rights.domain.errors import Drift
from rights.domain.lifecycle import Wait
from rights.services import places
from rights.services.places import Place, Spot
from rights.services.replanning import ASKS
from rights.store.models import PlanRow, Request, StepRow, StepState, StoreChange

MOST: Final = 100
"""Lines of a page: changes of one store, or requests that a drift keeps."""

_DRIFT: Final[BindParameter[str]] = bindparam("drift", Drift.code, literal_execute=True)
"""Written into the statement: the index is of such steps alone."""

_STOPPED: Final = (
    col(StepRow.code) == _DRIFT,
    col(StepRow.state).not_in((StepState.DONE, StepState.LEFT_OUT)),
)
"""Of a step that a drift keeps from being done."""

_WHY: Final = ("stopped", "asked_again", "other_map")
"""What keeps a request, the worst first."""

VERBS: Final = (
    *("freeze", "locate", "collect", "correct", "erase"),
    *("restrict", "suppress", "close", "verify", "discover"),
)
"""What a connector may be able to do; those it lacks become tasks of staff."""


@dataclass(frozen=True, slots=True)
class Kept:
    """
    One open request that a drift keeps waiting.

    Args:
        why: ``stopped`` before its first effect, ``asked_again`` to be approved once more, or
            ``other_map``: planned under another data map, and to be planned anew.
        store: Where, if it is one store.
    """

    request_id: str
    why: str
    store: str = ""


def changes(session: Session, store: str, *, after: str = "") -> tuple[Sequence[StoreChange], str]:
    """
    Return a page of what changed in a store's schema, the newest first, and where the next goes on.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    at, place, number = col(StoreChange.seen_at), col(StoreChange.place), col(StoreChange.id)
    query = select(StoreChange).where(StoreChange.store == store)
    if (last := places.read(after)) is not None:
        # A name of a store's own is of any form: an address says the line, and not its name.
        named = sql_select(place).where(number == last.id).scalar_subquery()
        same = tuple_(place, number) > tuple_(func.coalesce(named, ""), last.id)
        query = query.where(at <= last.at, or_(at < last.at, same))
    rows = session.exec(query.order_by(at.desc(), place, number).limit(MOST + 1)).all()
    if len(rows) <= MOST:
        return rows, ""
    return rows[:MOST], str(Place(rows[MOST - 1].seen_at, rows[MOST - 1].id))


def kept(
    session: Session, config_hash: str, *, after: str = "", most: int = MOST
) -> tuple[list[Kept], str]:
    """
    Return a page of the open requests that a drift keeps, each once, and where the next goes on.

    One statement. The worst of it is first, and what a request is kept by is the worst of it: a
    page could not tell otherwise what stood on the one before. Each part is cut to a page before
    the parts are put together, so that a page costs what it shows.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    spot = places.spot(after)
    # A part that is behind the place already has nothing for this page; all may be, with the last.
    found = [_part(config_hash, part, spot, most + 1) for part in _left(spot)]
    every = union_all(*(sql_select(one.subquery()) for one in found)).subquery()
    order = every.c.part, every.c.at, every.c.id
    query = sql_select(*order, _stopped_in(every.c.id)).order_by(*order).limit(most + 1)
    rows = session.execute(query).all()
    lines = [Kept(number, _WHY[part], store or "") for part, _, number, store in rows[:most]]
    if len(rows) <= most:
        return lines, ""
    part, at, number, _ = rows[most - 1]
    return lines, str(Spot(part, Place(at, number)))


def _left(spot: Spot | None) -> range:
    """Return the parts of the list from a place on; the last one where there is no such part."""
    return range(min(spot.part, len(_WHY) - 1) if spot else 0, len(_WHY))


def _part(config_hash: str, part: int, spot: Spot | None, most: int) -> Any:
    """Return the open requests of one part of the list, the earliest first, cut to a page."""
    why = (_stopped(), _again(), _other(config_hash))
    at, number = col(Request.received_at), col(Request.id)
    behind = places.later(at, number, spot.place) if spot and spot.part == part else []
    if spot is not None and spot.part > part:
        behind = [false()]
    return (
        sql_select(literal(part, Integer).label("part"), at.label("at"), number.label("id"))
        .where(col(Request.closed_at).is_(None), why[part], *(~worse for worse in why[:part]))
        .where(*behind)
        .order_by(at, number)
        .limit(most)
    )


def _stopped() -> ColumnElement[bool]:
    """Return that a drift stopped a request; a partial index has such steps alone."""
    return exists().where(col(StepRow.request_id) == col(Request.id), *_STOPPED)


def _stopped_in(request_id: ColumnElement[str]) -> Any:
    """Return the store in which a drift stopped a request; nothing where none did."""
    store = sql_select(func.max(StepRow.store))
    return store.where(col(StepRow.request_id) == request_id, *_STOPPED).scalar_subquery()


def _again() -> ColumnElement[bool]:
    return and_(
        col(Request.wait) == Wait.APPROVAL,
        exists().where(
            col(StepRow.request_id) == col(Request.id),
            col(StepRow.action) == Action.PREPARE,
            col(StepRow.result)[ASKS].as_string() != "",
        ),
    )


def _other(config_hash: str) -> ColumnElement[bool]:
    under = col(PlanRow.config_hash) != config_hash
    return exists().where(col(PlanRow.request_id) == col(Request.id), under)
