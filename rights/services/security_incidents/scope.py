"""
In which time an incident hit people, and by what: a credential that was misused, or anything.

Source: NDSR 11(2); PIPL 57.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid, Unauthenticated
from rights.services import portal
from rights.services.context import Context
from rights.services.security_incidents.opening import locked, note
from rights.store.models import Backend, BackendKey, IncidentLetter, SecurityIncident, Staff

BACKEND: Final = "backend"
KEY: Final = "key"
STAFF: Final = "staff"
PERSON: Final = "person"
KINDS: Final = (BACKEND, KEY, STAFF, PERSON)
_EVER: Final = datetime.fromtimestamp(0, UTC)
"""A portal token that was misused is over by now: it is read all the same."""


@dataclass(frozen=True, slots=True)
class Given:
    """
    What somebody says was hit.

    Args:
        since, until: The time of it; the end is not in it.
        by: One of :data:`KINDS`; empty for whatever happened in that time.
        what: Id of the backend, the key or the member of staff; of a person, the portal token.
    """

    since: datetime
    until: datetime
    by: str = ""
    what: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What is looked for in the register.

    Args:
        salt: Makes the numbers of people those of one incident alone.
        actor: As the audit trail has it; empty for anybody.
        key_id: Of the actor's keys, this one alone where an entry names a key.
        subjects: Keyed hashes of the one person whose token it was.
    """

    salt: str
    since: datetime
    until: datetime
    actor: str = ""
    key_id: str = ""
    subjects: tuple[str, ...] = ()

    @property
    def narrowed(self) -> bool:
        """Whether it is about one credential, not about all that happened."""
        return bool(self.actor)


@dataclass(frozen=True, slots=True)
class _By:
    kind: str = ""
    id: str = ""
    key_id: str = ""
    subjects: tuple[str, ...] = ()


def settle(
    session: Session,
    context: Context,
    incident_id: str,
    staff: Staff,
    given: Given,
    *,
    now: datetime,
) -> SecurityIncident:
    """
    Write down whom an incident may have hit.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such incident.
        Invalid: the time ends before it begins, or after now; or there is no such credential.
        Conflict: the incident is closed, or a letter is on its way to those of before.
    """
    duties.check(staff.roles, duties.Act.LIST_TOUCHED)
    row = locked(session, incident_id)
    if row.closed_at is not None:
        raise Conflict("this incident is closed", code="incident_closed")
    if spreading(session, row.id):
        raise Conflict("a letter is on its way to those of before", code="incident_spreading")
    if not given.since < given.until <= now:
        wrong = FieldError("until", "is after now, or not after the beginning", rule="until_past")
        raise Invalid("this is no time in the past", [wrong])
    by = _found(session, context, given)
    row.touched_from, row.touched_to = given.since, given.until
    row.by_kind, row.by_id = by.kind, by.id
    row.key_id, row.subjects = by.key_id, list(by.subjects)
    said = {"since": given.since.isoformat(), "until": given.until.isoformat(), "by": by.kind}
    note(session, row, "scope", f"staff:{staff.id}", now=now, **said, id=by.id, key=by.key_id)
    return row


def spreading(session: Session, incident_id: str) -> bool:
    """Return whether a letter about an incident is still being queued."""
    query = select(IncidentLetter.id).where(
        IncidentLetter.incident_id == incident_id,
        col(IncidentLetter.spread_at).is_(None),
    )
    return session.exec(query).first() is not None


def _found(session: Session, context: Context, given: Given) -> _By:
    by: _By | None = None
    if not given.by and not given.what:
        by = _By()
    elif given.by == PERSON:
        by = _person(context, given.what)
    elif given.by == KEY:
        key = session.get(BackendKey, given.what)
        by = _By(KEY, key.backend_id, key.id) if key else None
    elif given.by in _TABLES:
        row = session.get(_TABLES[given.by], given.what)
        by = _By(given.by, given.what) if row else None
    if by is None:
        raise Invalid(
            "there is no such credential",
            [FieldError("by", "is none of ours", KINDS, rule="not_here")],
        )
    return by


_TABLES: Final[dict[str, type[Backend | Staff]]] = {BACKEND: Backend, STAFF: Staff}


def _person(context: Context, token: str) -> _By | None:
    try:
        person = portal.read(context, token.strip(), now=_EVER)
    except Unauthenticated:
        return None
    return _By(PERSON, person.backend_id, subjects=person.subjects)


def of(row: SecurityIncident) -> Scope:
    """
    Return what to look for.

    Raises:
        Conflict: nobody has said yet in which time people were hit.
    """
    if row.touched_from is None or row.touched_to is None:
        raise Conflict("say first in which time people were hit", code="incident_no_scope")
    found = Scope(row.id, row.touched_from, row.touched_to)
    if row.by_kind == PERSON:
        return replace(found, actor="subject", subjects=tuple(row.subjects))
    if row.by_kind:
        kind = BACKEND if row.by_kind == KEY else row.by_kind
        return replace(found, actor=f"{kind}:{row.by_id}", key_id=row.key_id)
    return found
