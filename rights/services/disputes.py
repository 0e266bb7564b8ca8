"""
Values that are disputed: the person says they are wrong, and they were not changed as asked.

The mark is set when work on a correction begins, or as soon as it is accepted where a law asks for
that, and shown with the value from then on. It goes when the correction is made; it stays, with
what the person says of it, when the request ends without it.

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

from rights.domain.correctable import added_up, last_text
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import deadlines, notes
from rights.services.context import Context
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
        text: What they say about it in words; empty when nothing.
    """

    collection: str
    field: str
    pending: bool
    since: datetime
    request_id: str
    claimed: Any = dataclasses.field(repr=False)
    text: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """That a value is disputed, without what is said of it: for whom the product tells."""

    collection: str
    field: str
    pending: bool
    since: datetime


def mark(
    session: Session,
    vault: Vault,
    request: Request,
    person: str,
    changes: Iterable[Mapping[str, Any]],
    *,
    text: str = "",
    now: datetime,
) -> None:
    """
    Mark the values that a correction is about; doing it again changes nothing, nor since when.

    Args:
        text: What the person says about it in words.
    """
    own = col(DisputedValue.request_id) == request.id
    fields = select(DisputedValue.collection, DisputedValue.field, DisputedValue.since).where(own)
    since = {(collection, name): at for collection, name, at in session.exec(fields)}
    session.execute(delete(DisputedValue).where(own))
    for change in changes:
        place = _place(change)
        session.add(_row(vault, request, person, change, text, since.get(place, now)))


def mark_accepted(session: Session, context: Context, request: Request, *, now: datetime) -> None:
    """
    Mark what a correction is about as soon as it is accepted, where a law of it asks for that.

    What has a mark keeps it; a worker goes over them when it knows the person's records.

    Source: Regulation on Credit Reporting 25(1).
    """
    if request.kind is not Kind.CORRECTION or not _at_once(context, request):
        return
    said = notes.read(session, context.vault, request.id, "values")
    own = select(DisputedValue.collection, DisputedValue.field)
    have = set(session.exec(own.where(DisputedValue.request_id == request.id)))
    text = last_text(said)
    session.add_all(
        _row(context.vault, request, request.subject, change, text, now)
        for change in added_up(said)
        if _place(change) not in have
    )


def _at_once(context: Context, request: Request) -> bool:
    return deadlines.counted(context, request).duties.dispute_mark_at_once


def _place(change: Mapping[str, Any]) -> tuple[str, str]:
    collection, _, name = str(change["field"]).rpartition(".")
    return collection, name


def _row(
    vault: Vault,
    request: Request,
    person: str,
    change: Mapping[str, Any],
    text: str,
    since: datetime,
) -> DisputedValue:
    number, (collection, name) = new_id(), _place(change)
    said = orjson.dumps({"claimed": change["value"], "text": text})
    return DisputedValue(
        id=number,
        request_id=request.id,
        person=person,
        collection=collection,
        field=name,
        since=since,
        sealed=vault.seal(said, aad=aad(request.id, number)),
    )


def of_request(session: Session, request: Request) -> list[Mark]:
    """Return what a request marked, without a value; nothing once the person took it back."""
    if request.state in _DROPPED:
        return []
    made = select(
        DisputedValue.collection,
        DisputedValue.field,
        DisputedValue.settled,
        DisputedValue.since,
    ).where(DisputedValue.request_id == request.id)
    order = (col(DisputedValue.collection), col(DisputedValue.field))
    return [
        Mark(collection, name, not settled and request.state is not State.DENIED, since)
        for collection, name, settled, since in session.exec(made.order_by(*order))
    ]


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
            *_said(vault, one),
        )
        for one, state in session.exec(query)
    ]


def _said(vault: Vault, one: DisputedValue) -> tuple[Any, str]:
    """Return what is claimed and what is said of it; older marks hold the claim alone."""
    found = orjson.loads(vault.open(one.sealed, aad=aad(one.request_id, one.id)))
    whole = isinstance(found, dict) and found.keys() == {"claimed", "text"}
    return (found["claimed"], found["text"]) if whole else (found, "")


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
