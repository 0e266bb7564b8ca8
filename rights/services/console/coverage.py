"""
The data map beside what workers saw of the stores: what it stops, and what changed when.

Everything is read from the register; nobody here can reach a store. Names of stores, tables and
columns, references of requests: nothing of anybody.

Source: NDSR 21; PIPL 51; GDPR 30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BindParameter, bindparam
from sqlmodel import Session, col, select

from rights.domain.actions import Action
from rights.domain.errors import Drift
from rights.domain.lifecycle import Wait
from rights.services.replanning import ASKS
from rights.store.models import PlanRow, Request, StepRow, StepState, StoreChange

MOST: Final = 100
"""Lines of a page: changes of one store, or requests that a drift keeps."""

_DRIFT: Final[BindParameter[str]] = bindparam("drift", Drift.code, literal_execute=True)
"""Written into the statement: the index is of such steps alone."""

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


def changes(session: Session, store: str, *, limit: int = MOST) -> Sequence[StoreChange]:
    """Return what changed in a store's schema, the newest first."""
    query = select(StoreChange).where(StoreChange.store == store)
    order = col(StoreChange.seen_at).desc(), col(StoreChange.place), col(StoreChange.id)
    return session.exec(query.order_by(*order).limit(limit)).all()


def kept(session: Session, config_hash: str, *, limit: int = MOST) -> list[Kept]:
    """Return the open requests that a drift keeps, each once, the worst of it first; 3 queries."""
    stopped = (
        select(StepRow.request_id, StepRow.store)
        .join(Request, col(Request.id) == col(StepRow.request_id))
        .where(
            col(Request.closed_at).is_(None),
            col(StepRow.code) == _DRIFT,
            col(StepRow.state).not_in((StepState.DONE, StepState.LEFT_OUT)),
        )
    )
    again = (
        select(StepRow.request_id)
        .join(Request, col(Request.id) == col(StepRow.request_id))
        .where(
            col(Request.closed_at).is_(None),
            Request.wait == Wait.APPROVAL,
            StepRow.action == Action.PREPARE,
            col(StepRow.result)[ASKS].as_string() != "",
        )
    )
    other = (
        select(PlanRow.request_id)
        .join(Request, col(Request.id) == col(PlanRow.request_id))
        .where(col(Request.closed_at).is_(None), PlanRow.config_hash != config_hash)
    )
    oldest = col(Request.received_at), col(Request.id)
    found = [Kept(r, "stopped", s) for r, s in session.exec(stopped.order_by(*oldest).limit(limit))]
    found += [Kept(r, "asked_again") for r in session.exec(again.order_by(*oldest).limit(limit))]
    found += [Kept(r, "other_map") for r in session.exec(other.order_by(*oldest).limit(limit))]
    worst: dict[str, Kept] = {}
    for one in found:
        worst.setdefault(one.request_id, one)
    return [*worst.values()][:limit]
