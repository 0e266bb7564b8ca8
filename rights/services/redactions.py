"""
Values that were taken out of a copy as somebody else's, and that staff found to be the person's.

They are kept as keyed hashes only. Every copy that is made for the same person from then on leaves
them in, and the copy they were taken out of is made anew (``additions``).

Source: NDSR 25(1)(4); PIPL 45.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, bindparam, delete, update
from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.keys import of_identifiers
from rights.services import additions, audit, packages, persons, subjects
from rights.store.models import Entry, Package, ReleasedValue, Request
from rights.store.vault import Vault

_SCOPE: Final = "released"

DECIDED: Final = ("redactions_released", "redactions_confirmed")
"""Entries of a decision; ``settled`` of their data is false where values of the copy still wait."""

OWN: Final = "own"
BECAUSE: Final = (OWN, "own_before", "own_business")
"""Why a value is the person's: in use by them, formerly, or of a business that is theirs alone."""


def release(
    session: Session,
    vault: Vault,
    datamap: DataMap,
    request: Request,
    forms: Iterable[str],
    *,
    actor: str,
    because: str = OWN,
    view: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """
    Say that values are the person's own; the copy they were taken out of is made anew.

    Args:
        forms: The values as they are compared.
        because: One of :data:`BECAUSE`.
        view: What was shown, as the entry says it; None: all that was taken out.

    Raises:
        Invalid: no reason of the list.
        Conflict: what the person proved is forgotten already, so nobody is named.
    """
    if because not in BECAUSE:
        wrong = FieldError("because", "is none of the list", BECAUSE)
        raise Invalid(f"the reason must be one of: {', '.join(BECAUSE)}", [wrong])
    person = _person(session, vault, datamap, request)
    given = list(dict.fromkeys(forms))
    _keep(session, vault, request, person, given, now)
    line = audit.Line(
        "redactions_released", actor, {"values": len(given), "because": because, **(view or {})}
    )
    audit.append(session, request, [line], now=now)
    if view is None:
        settle(session, request.id)
    # What waits for its first look is made anew by whoever looks, before anybody has it. What was
    # let go is on its way without these values, and a request that was denied then has no copy.
    if packages.look(session, request.id) is None:
        additions.owe(session, request, now=now)


def settle(session: Session, request_id: str) -> None:
    """Say that all that was taken out of a request's copies was decided on."""
    mine = (col(Package.request_id) == request_id) & col(Package.undecided)
    session.connection().execute(update(Package).where(mine).values(undecided=False))


def decided(session: Session, request_id: str) -> bool:
    """Say whether staff decided on all that a copy of this request left out: its chain tells."""
    found = select(Entry.data).where(Entry.chain == request_id, col(Entry.event).in_(DECIDED))
    return any(data.get("settled", True) for data in session.exec(found))


def _keep(
    session: Session,
    vault: Vault,
    request: Request,
    person: str,
    given: Iterable[str],
    now: datetime,
) -> None:
    for form in given:
        number = vault.blind(f"{person}|{form}", scope=_SCOPE)
        value = vault.blind(form, scope=_SCOPE)
        session.merge(
            ReleasedValue(
                id=number, request_id=request.id, person=person, value=value, released_at=now
            )
        )


def _person(session: Session, vault: Vault, datamap: DataMap, request: Request) -> str:
    """Return whom a request is about, as a keyed hash. Raises Conflict: that is forgotten."""
    proved = [row for row in subjects.identifier_rows(session, request.id) if row.proof]
    if not proved:
        raise Conflict("who this request is about is forgotten: answer a new request")
    return persons.person(vault, datamap, of_identifiers(subjects.opened(vault, proved)))


def released(session: Session, vault: Vault, people: Collection[str]) -> Callable[[str], bool]:
    """Return what tells whether a value was released to a person."""
    query = select(ReleasedValue.value).where(col(ReleasedValue.person).in_(people))
    known = frozenset(session.exec(query))
    if not known:
        return lambda _: False
    return lambda form: not known.isdisjoint(vault.blinds(form, scope=_SCOPE))


_FORGET: Final = delete(ReleasedValue).where(
    col(ReleasedValue.person).in_(bindparam("people", expanding=True, type_=String))
)


def forget(session: Session, people: Collection[str]) -> None:
    """Forget what was released to a person whose data was erased."""
    session.connection().execute(_FORGET, {"people": list(people)})
