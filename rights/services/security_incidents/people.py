"""
The people whom an incident hit, a page at a time: where each is reached, and guardians of minors.

Source: PIPL 31, 57; Minors Regulation 35.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_
from sqlmodel import Session, col, select

from rights.domain.representation import Role
from rights.logs import get
from rights.services import contacts, representatives
from rights.services.contacts import Contact, Way
from rights.services.context import Context
from rights.services.security_incidents import touched
from rights.services.security_incidents.scope import Scope
from rights.store.db import streamed
from rights.store.keys import Tampered
from rights.store.models import (
    IdentifierRow,
    Representation,
    RepresentativeContact,
    Request,
)

BATCH: Final = 100
VOUCHED: Final = "assertion"
"""How an identifier is proved by the signed word of a product."""


@dataclass(frozen=True, slots=True)
class Person:
    """
    One person.

    Args:
        key: "The same person": a keyed hash, or a request's id.
        request_id: One of their requests that were touched.
    """

    key: str
    request_id: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """
    Where a letter for one person goes.

    Args:
        role: ``person``, ``guardian`` or ``representative``.
        contact: None where nothing is known, or no longer.
    """

    role: str
    contact: Contact | None


def following(
    connection: Connection, scope: Scope, after: str = "", *, batch: int = BATCH
) -> Iterator[list[Person]]:
    """Yield the people behind *after* in batches, in the order of their keys; one query for all."""
    found = touched.requests(scope).subquery()
    query = (
        select(found.c.person, func.min(found.c.id), func.max(found.c.minor))
        .where(found.c.person > after)
        .group_by(found.c.person)
        .order_by(found.c.person)
    )
    result: Any = streamed(connection, query, batch=batch)
    for rows in result.partitions(batch):
        yield [Person(row[0], row[1], bool(row[2])) for row in rows]


def reached(
    session: Session, context: Context, scope: Scope, people: Sequence[Person]
) -> dict[str, list[Reached]]:
    """Return, for each person by key, everybody who is written to; the person first."""
    keys = [one.key for one in people]
    own, acting = _own(session, scope, keys), _acting(session, scope, keys)
    return {
        one.key: [*_reached(context, one, own.get(one.key, []), acting.get(one.key, []))]
        for one in people
    }


def ways(
    session: Session, context: Context, scope: Scope, people: Sequence[Person]
) -> dict[str, list[tuple[str, Way | None]]]:
    """Return, for each person by key, who is to be told and how; no contact is opened for it."""
    keys, kinds = [one.key for one in people], contacts.kinds(context.datamap)
    own, acting = _own(session, scope, keys), _acting(session, scope, keys)

    def way(rows: Sequence[Any]) -> Way | None:
        return next((kinds[row.type] for row in _reachable(context, rows)), None)

    def told(one: Person) -> Iterator[tuple[str, Way | None]]:
        theirs = acting.get(one.key, [])
        guarding = [c for role, c in theirs if role == Role.GUARDIAN]
        others = [c for role, c in theirs if role != Role.GUARDIAN]
        yield "person", way(own.get(one.key, []))
        if one.minor:
            yield "guardian", way(guarding)
        if others and (found := way(others)):
            yield "representative", found

    return {one.key: [*told(one)] for one in people}


def guardians(context: Context, session: Session, people: Sequence[Person]) -> dict[str, list[Any]]:
    """Return of each minor, by key, the contacts of their guardians: type and value."""
    young = [one.key for one in people if one.minor]
    query = _represented(young).where(_is_guardian())
    found: dict[str, list[Any]] = {key: [] for key in young}
    for key, _, contact in session.exec(query):
        said = {"type": contact.type, "value": contacts.value(context.vault, contact)}
        if said not in found[key]:
            found[key].append(said)
    return found


def _reached(
    context: Context, one: Person, own: Sequence[IdentifierRow], acting: Sequence[Any]
) -> Iterator[Reached]:
    yield from _persons(context, own)
    if one.minor:
        theirs = [c for role, c in acting if role == Role.GUARDIAN]
        yield from _each("guardian", context, theirs)
        if not theirs:
            yield Reached("guardian", None)
    others = [c for role, c in acting if role != Role.GUARDIAN]
    yield from _each("representative", context, others)


def _persons(context: Context, own: Sequence[IdentifierRow]) -> Iterator[Reached]:
    """
    Yield where the person is reached: the newest mailbox that a product vouched for.

    What somebody merely typed may be anybody's, though they answered a code there: where none is
    vouched for, every one is written to, so that nobody else stands in the person's way.
    """
    mail, kinds = Way.EMAIL, contacts.kinds(context.datamap)
    known = [row for row in own if row.proof == VOUCHED and kinds.get(row.type) is mail]
    vouched = _reachable(context, known)
    found = [Reached("person", row) for row in vouched[:1]] or [*_each("person", context, own)]
    yield from found or [Reached("person", None)]


def _each(role: str, context: Context, rows: Sequence[Any]) -> Iterator[Reached]:
    """Yield every mailbox, or else every telephone, once, however often it was given."""
    seen = set[str]()
    for row in _reachable(context, rows):
        try:
            place = contacts.place(context, row)
        except Tampered as error:  # one that does not open keeps back nobody else's letter
            get().error("incident.contact_damaged", code=error.code)
            continue
        if place not in seen:
            seen.add(place)
            yield Reached(role, row)


def _reachable(context: Context, rows: Sequence[Any]) -> list[Any]:
    """Return mailboxes, those that were proved first; where there are none, telephones."""
    kinds = contacts.kinds(context.datamap)
    mail = contacts.reachable(context, [r for r in rows if kinds.get(r.type) is Way.EMAIL])
    return mail or [r for r in rows if kinds.get(r.type) is Way.SMS]


def _own(session: Session, scope: Scope, keys: Sequence[str]) -> dict[str, list[IdentifierRow]]:
    """Return the contacts of people in what was touched: elsewhere others may have named them."""
    query = (
        select(touched.PERSON, IdentifierRow)
        .join(Request, col(Request.id) == col(IdentifierRow.request_id))
        .where(touched.of_people(keys), touched.is_one(scope))
        .order_by(col(Request.received_at).desc(), col(IdentifierRow.id))
    )
    found: dict[str, list[IdentifierRow]] = {}
    for key, row in session.exec(query):
        found.setdefault(key, []).append(row)
    return found


def _acting(
    session: Session, scope: Scope, keys: Sequence[str]
) -> dict[str, list[tuple[Role, RepresentativeContact]]]:
    """Return who acts for people: guardians wherever, others in what was touched."""
    others = and_(col(Representation.role) != Role.GUARDIAN, touched.is_one(scope))
    query = _represented(keys).where(or_(_is_guardian(), others))
    found: dict[str, list[tuple[Role, RepresentativeContact]]] = {}
    for key, role, row in session.exec(query):
        found.setdefault(key, []).append((role, row))
    return found


def _is_guardian() -> ColumnElement[bool]:
    """Say that somebody is a guardian as was shown: by a product, documents, or the person."""
    shown = or_(
        col(Representation.attested),
        col(Representation.result) == representatives.ACCEPTED,
        col(Representation.delegated_at).is_not(None),
    )
    return and_(col(Representation.role) == Role.GUARDIAN, shown)


def _represented(keys: Sequence[str]) -> Any:
    return (
        select(touched.PERSON, Representation.role, RepresentativeContact)
        .select_from(Request)
        .join(Representation, col(Representation.request_id) == col(Request.id))
        .join(RepresentativeContact, col(RepresentativeContact.request_id) == col(Request.id))
        .where(touched.of_people(keys))
        .order_by(col(Request.received_at).desc(), col(RepresentativeContact.id))
    )
