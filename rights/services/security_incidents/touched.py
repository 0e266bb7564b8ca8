"""
What an incident touched: requests, packages, downloads, documents, and letters that went out.

It comes from the register and the audit trail, one query for each sort, and is read as a stream.
Of a credential it is what was done with it; without one, whatever was there in that time. People
are numbers that mean something within one incident only.

A product's key and a member of staff can see where a request stands without an entry: how many
that could have been is counted beside.

Source: NDSR 11(2); PIPL 57; Minors Regulation 35.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.minors import REGIME
from rights.domain.representation import MINORS, Role
from rights.services.security_incidents.opening import locked, minors_found, note
from rights.services.security_incidents.scope import Scope, of
from rights.store.columns import UtcDateTime
from rights.store.db import picture, streamed
from rights.store.models import Entry, Evidence, Notice, Package, Request, Staff

DOWNLOAD: Final = "download_granted"
DOCUMENTS: Final = ("evidence_received", "evidence_opened", "evidence_redacted")
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Touch:
    """
    One thing that was touched.

    Args:
        what: ``request``, ``package``, ``download``, ``document`` or ``letter``.
        id: Of the thing; of a download that of the leave to download.
        at: When it was first; of a package or document without a credential, when it was made.
        event: The entry, or the letter's occasion.
        minor: Its person is under 18, or a guardian asks for them.
        person: A number within this incident.
    """

    what: str
    id: str
    request: str
    at: datetime
    minor: bool
    person: str
    event: str = ""
    package: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """
    How much was touched.

    Args:
        reachable: Requests whose state could be read with the credential, touched or not.
    """

    requests: int
    persons: int
    minors: int
    reachable: int


# -- which requests ---------------------------------------------------------------------------

PERSON: Final[ColumnElement[str]] = case(
    (col(Request.subject) == "", col(Request.id)), else_=col(Request.subject)
)
"""The same person, as far as the register can tell."""


def _young(request: Any) -> ColumnElement[bool]:
    return or_(
        request.age_band.in_([str(one) for one in MINORS]),
        request.requester_role == Role.GUARDIAN,
        cast(request.regimes, String).contains(f'"{REGIME}"'),
    )


def minor() -> ColumnElement[bool]:
    """Say that a request's person is a minor, here or in another request of theirs."""
    other: Any = aliased(Request)
    same = and_(other.subject == Request.subject, other.subject != "", _young(other))
    elsewhere: Any = select(1).select_from(other).where(same).correlate(Request).exists()
    return or_(_young(Request), elsewhere)


def _said(scope: Scope) -> Iterator[ColumnElement[bool]]:
    """Yield what an entry has to be to count as touched."""
    yield and_(col(Entry.at) >= scope.since, col(Entry.at) < scope.until)
    if scope.actor:
        yield col(Entry.actor) == scope.actor
    if scope.key_id:
        key = col(Entry.data)["key"].as_string()
        yield or_(key.is_(None), key == scope.key_id)
    if scope.subjects:
        yield col(Request.subject).in_(scope.subjects)


def requests(scope: Scope) -> Any:
    """
    Return the touched requests: ``id``, ``person``, ``minor`` (1 or 0) and ``at``.

    Without a credential that is also who owns what lay there, whether or not anything was done.
    """
    who: tuple[ColumnElement[Any], ...] = (
        col(Request.id).label("id"),
        PERSON.label("person"),
        case((minor(), 1), else_=0).label("minor"),
    )
    acted: Any = (
        select(*who, func.min(col(Entry.at)).label("at"))
        .join(Entry, col(Entry.chain) == col(Request.id))
        .where(*_said(scope))
        .group_by(col(Request.id))
    )
    if not scope.narrowed:
        since = literal(scope.since, type_=UtcDateTime()).label("at")
        owned = select(*who, since).where(_owns(scope), ~_is_said(scope))
        acted = union_all(acted, owned)
    found = acted.subquery()
    return select(found.c.id, found.c.person, found.c.minor, found.c.at)


def is_one(scope: Scope) -> ColumnElement[bool]:
    """Say that a request was touched: quick for few of them, by the chain of each."""
    said = _is_said(scope)
    return said if scope.narrowed else or_(said, _owns(scope))


def _owns(scope: Scope) -> ColumnElement[bool]:
    """Say that a package or document of a request lay there in that time."""
    packages = select(col(Package.request_id)).where(*_lay(scope))
    documents = select(col(Evidence.request_id)).where(*_kept(scope))
    return or_(col(Request.id).in_(packages), col(Request.id).in_(documents))


def _lay(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    gone = or_(col(Package.purged_at).is_(None), col(Package.purged_at) > scope.since)
    return col(Package.created_at) < scope.until, gone, col(Package.blob) != ""


def _kept(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    gone = or_(col(Evidence.destroyed_at).is_(None), col(Evidence.destroyed_at) > scope.since)
    return col(Evidence.uploaded_at) < scope.until, gone


def _is_said(scope: Scope) -> ColumnElement[bool]:
    mine: Any = select(1).select_from(Entry).where(col(Entry.chain) == col(Request.id))
    found: ColumnElement[bool] = mine.where(*_said(scope)).correlate(Request).exists()
    return found


def of_people(keys: Sequence[str]) -> ColumnElement[bool]:
    """Say that a request is one of these people's; by index, where :data:`PERSON` has none."""
    alone = and_(col(Request.id).in_(keys), col(Request.subject) == "")
    return or_(col(Request.subject).in_(keys), alone)


# -- lists -------------------------------------------------------------------------------------


def counted(
    session: Session, row_id: str, staff: Staff, *, now: datetime, taken: str = ""
) -> Counts:
    """
    Count what an incident touched, and write down who asked.

    Args:
        taken: Which list is given out, and in which form; empty where it is counted only.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident.
        Conflict: nobody has said yet in which time people were hit.
    """
    duties.check(staff.roles, duties.Act.LIST_TOUCHED)
    row = locked(session, row_id)
    scope = of(row)
    made = _counts(session.connection(), scope)
    if made.minors:
        minors_found(session, row, f"staff:{staff.id}", now=now)
    said = {**asdict(made), "list": taken} if taken else asdict(made)
    note(session, row, "listed", f"staff:{staff.id}", now=now, **said)
    return made


def _counts(connection: Connection, scope: Scope) -> Counts:
    found = requests(scope).subquery()
    each = select(func.max(found.c.minor).label("minor")).group_by(found.c.person).subquery()
    number = connection.execute(select(func.count()).select_from(found)).scalar_one()
    persons, minors = connection.execute(
        select(func.count(), func.coalesce(func.sum(each.c.minor), 0)).select_from(each)
    ).one()
    reachable = connection.execute(_reachable(scope)).scalar_one()
    return Counts(number, persons, int(minors), reachable)


def _reachable(scope: Scope) -> Any:
    query = select(func.count()).select_from(Request).where(col(Request.received_at) < scope.until)
    kind, _, name = scope.actor.partition(":")
    if scope.subjects:
        return query.where(col(Request.subject).in_(scope.subjects))
    return query.where(col(Request.backend_id) == name) if kind == "backend" else query


def listed(engine: Engine, scope: Scope) -> Iterator[Touch]:
    """Yield everything that was touched, sort by sort, from one state of the register."""
    with picture(engine) as connection:
        for query, make in (
            (_requests(scope), _request),
            (_packages(scope), _thing("package")),
            (_acts(scope, (DOWNLOAD,)), _act),
            (_documents(scope), _thing("document")),
            (_letters(scope), _thing("letter")),
        ):
            for row in streamed(connection, query):
                yield make(scope, row)


def _requests(scope: Scope) -> Any:
    return requests(scope).order_by("at", "id")


def _whose() -> tuple[Any, ...]:
    return PERSON.label("person"), case((minor(), 1), else_=0).label("minor")


def _packages(scope: Scope) -> Any:
    query = select(
        col(Package.id), col(Package.request_id), col(Package.created_at).label("at"), *_whose()
    ).join(Request, col(Request.id) == col(Package.request_id))
    if scope.narrowed:
        return query.where(col(Package.id).in_(_named(scope, (DOWNLOAD,), "package")))
    return query.where(*_lay(scope))


def _documents(scope: Scope) -> Any:
    query = select(
        col(Evidence.id), col(Evidence.request_id), col(Evidence.uploaded_at).label("at"), *_whose()
    ).join(Request, col(Request.id) == col(Evidence.request_id))
    if scope.narrowed:
        return query.where(col(Evidence.id).in_(_named(scope, DOCUMENTS, "document")))
    return query.where(*_kept(scope))


def _named(scope: Scope, events: tuple[str, ...], name: str) -> Any:
    """Return the ids that entries name."""
    return (
        select(col(Entry.data)[name].as_string())
        .join(Request, col(Request.id) == col(Entry.chain))
        .where(*_said(scope), col(Entry.event).in_(events))
    )


def _acts(scope: Scope, events: tuple[str, ...]) -> Any:
    return (
        select(
            col(Entry.data).label("data"),
            col(Entry.event),
            col(Entry.chain).label("request_id"),
            col(Entry.at),
            *_whose(),
        )
        .join(Request, col(Request.id) == col(Entry.chain))
        .where(*_said(scope), col(Entry.event).in_(events))
        .order_by(col(Entry.id))
    )


def _letters(scope: Scope) -> Any:
    mine = select(requests(scope).subquery().c.id)
    return (
        select(
            col(Notice.id),
            col(Notice.request_id),
            col(Notice.sent_at).label("at"),
            col(Notice.event),
            *_whose(),
        )
        .join(Request, col(Request.id) == col(Notice.request_id))
        .where(col(Notice.sent_at) >= scope.since, col(Notice.sent_at) < scope.until)
        .where(col(Notice.request_id).in_(mine))
    )


# -- lines -------------------------------------------------------------------------------------


def number(scope: Scope, person: str) -> str:
    """Return by what a person is told from others within this incident, and nowhere else."""
    return hashlib.sha256(f"{scope.salt}|{person}".encode()).hexdigest()[:_DIGITS]


def _request(scope: Scope, row: Any) -> Touch:
    who = number(scope, row.person)
    return Touch("request", row.id, row.id, row.at, bool(row.minor), who)


def _thing(what: str) -> Any:
    def make(scope: Scope, row: Any) -> Touch:
        event = getattr(row, "event", "")
        who = number(scope, row.person)
        return Touch(what, row.id, row.request_id, row.at, bool(row.minor), who, event=event)

    return make


def _act(scope: Scope, row: Any) -> Touch:
    said = row.data
    return Touch(
        "download",
        str(said.get("grant", "")),
        row.request_id,
        row.at,
        bool(row.minor),
        number(scope, row.person),
        event=row.event,
        package=str(said.get("package", "")),
    )
