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
    Integer,
    String,
    bindparam,
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

_NONE: Final = literal("", String)

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

    One query. The worst of it is first, and what a request is kept by is the worst of it: a page
    could not tell otherwise what stood on the one before.

    Args:
        after: Where the page before went on; what cannot be read begins at the beginning.
    """
    every = union_all(_stopped(), _again(), _other(config_hash)).subquery()
    worst = func.min(every.c.part).label("part"), func.max(every.c.store).label("store")
    each = sql_select(every.c.request_id, *worst).group_by(every.c.request_id).subquery()
    order = each.c.part, col(Request.received_at), col(Request.id)
    query = (
        sql_select(*order, each.c.store)
        .join(each, each.c.request_id == col(Request.id))
        .where(*places.behind(*order, places.spot(after)))
        .order_by(*order)
        .limit(most + 1)
    )
    found = session.execute(query).all()
    lines = [Kept(number, _WHY[part], store) for part, _, number, store in found[:most]]
    if len(found) <= most:
        return lines, ""
    part, at, number, _ = found[most - 1]
    return lines, str(Spot(part, Place(at, number)))


def _stopped() -> Any:
    """Return the requests that a drift stopped; a partial index has such steps alone."""
    return _open(StepRow, 0, col(StepRow.store)).where(
        col(StepRow.code) == _DRIFT,
        col(StepRow.state).not_in((StepState.DONE, StepState.LEFT_OUT)),
    )


def _again() -> Any:
    return _open(StepRow, 1).where(
        col(Request.wait) == Wait.APPROVAL,
        col(StepRow.action) == Action.PREPARE,
        col(StepRow.result)[ASKS].as_string() != "",
    )


def _other(config_hash: str) -> Any:
    return _open(PlanRow, 2).where(col(PlanRow.config_hash) != config_hash)


def _open(of: Any, part: int, store: Any = _NONE) -> Any:
    """Return open requests that have a row of a table, as what they stand in one part of a list."""
    named = literal(part, Integer).label("part"), store.label("store")
    about = col(of.request_id)
    whole = sql_select(about.label("request_id"), *named)
    return whole.join(Request, col(Request.id) == about).where(col(Request.closed_at).is_(None))
