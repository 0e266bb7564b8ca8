"""
Values that are disputed: the person says they are wrong, and they were not changed as asked.

The mark is set when work on a correction begins and shown with the value from then on. It goes
when the correction is made; it stays when the request ends without it.

Source: PIPL 46; Regulation on Credit Reporting 25.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import String, bindparam, delete
from sqlmodel import Session, col, select

from rights.domain.lifecycle import State
from rights.store.ids import new_id
from rights.store.models import DisputedValue, Request
from rights.store.vault import Vault

NOT_A_DISPUTE: Final = frozenset({"already_filled", "edited_meanwhile", "no_own_record"})
"""Reasons for which a value was not changed although nobody disagrees with the person."""

_DROPPED: Final = (State.REVOKED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Dispute:
    """
    One disputed value.

    Args:
        pending: The correction is still being dealt with.
        claimed: What the person says is right.
    """

    collection: str
    field: str
    pending: bool
    since: datetime
    request_id: str
    claimed: Any = dataclasses.field(repr=False)


def mark(
    session: Session,
    vault: Vault,
    request: Request,
    person: str,
    changes: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """Mark the values that a correction is about; doing it again changes nothing."""
    session.execute(delete(DisputedValue).where(col(DisputedValue.request_id) == request.id))
    for change in changes:
        collection, _, name = str(change["field"]).rpartition(".")
        number = new_id()
        sealed = vault.seal(orjson.dumps(change["value"]), aad=aad(request.id, number))
        session.add(
            DisputedValue(
                id=number,
                request_id=request.id,
                person=person,
                collection=collection,
                field=name,
                since=now,
                sealed=sealed,
            )
        )


def settle(
    session: Session,
    request: Request,
    outcome: Mapping[str, str],
    persons: Collection[str],
) -> None:
    """
    Let a mark stay or go when a correction ends.

    Args:
        outcome: Collection to the code of what was not done there; empty when it was.
        persons: Every hash of the person: a correction that was made ends older disputes too.
    """
    own = col(DisputedValue.request_id) == request.id
    for one in session.exec(select(DisputedValue).where(own)).all():
        code = outcome.get(one.collection, "not_done")
        if code and code not in NOT_A_DISPUTE:
            one.settled = True
            continue
        if not code:
            _end(session, one, persons)
        session.delete(one)


def standing(session: Session, vault: Vault, persons: Collection[str]) -> list[Dispute]:
    """Return what is disputed by a person now, oldest first."""
    query = (
        select(DisputedValue, Request.state)
        .where(col(DisputedValue.request_id) == col(Request.id))
        .where(col(DisputedValue.person).in_(persons), col(Request.state).not_in(_DROPPED))
        .order_by(col(DisputedValue.since), col(DisputedValue.collection), col(DisputedValue.field))
    )
    return [
        Dispute(
            one.collection,
            one.field,
            not one.settled and state is not State.DENIED,
            one.since,
            one.request_id,
            orjson.loads(vault.open(one.sealed, aad=aad(one.request_id, one.id))),
        )
        for one, state in session.exec(query)
    ]


_FORGET: Final = delete(DisputedValue).where(
    col(DisputedValue.person).in_(bindparam("people", expanding=True, type_=String))
)


def forget(session: Session, persons: Collection[str]) -> None:
    """Forget a person's disputes: what they were about is gone."""
    session.connection().execute(_FORGET, {"people": list(persons)})


def aad(request_id: str, number: str) -> str:
    """Return what binds a sealed value to its row."""
    return f"disputed|{request_id}|{number}"


def _end(session: Session, made: DisputedValue, persons: Collection[str]) -> None:
    session.execute(
        delete(DisputedValue).where(
            col(DisputedValue.person).in_(persons),
            col(DisputedValue.collection) == made.collection,
            col(DisputedValue.field) == made.field,
            col(DisputedValue.id) != made.id,
        )
    )
