"""
Where somebody says that something public is about them: looked at by staff before it counts.

A locator is a claim that no code can prove. Until a member of staff has compared it with what the
request says, nothing is looked up by it. Whoever is not believed loses the locator, not the
request.

Source: NDSR 9, 24, 25(1)(1); PIPL 44, 50.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.datamap import DataMap
from rights.domain.errors import Conflict
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.services import audit, content_approvals, notes, requests, subjects
from rights.services.context import Context
from rights.store.models import IdentifierRow, Request, Staff

PROOF: Final = "review"
"""How a locator is proved that staff believe."""

REFUSED: Final = "locators_refused"
"""Purpose of the sealed note that keeps what was not believed: an appeal may be about it."""


def among(datamap: DataMap, rows: Iterable[IdentifierRow]) -> list[IdentifierRow]:
    """Return the locators that nobody has vouched for."""
    known = datamap.identifiers
    return [r for r in rows if r.type in known and known[r.type].kind == "locator" and not r.proof]


def read_by(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> dict[str, dict[str, str]]:
    """
    Return the locators of a request that wait to be looked at, and the contacts that were proved
    to compare them with, by type; who looked is an entry.

    Raises:
        Forbidden: they are no verifier, or it is a minor's and no approval lets them.
        Conflict: there is none, or the request is closed.
    """
    found = _waiting(session, context, request, staff)
    allowed = content_approvals.check(session, request, staff, now=now)
    line = audit.Line("locators_read", f"staff:{staff.id}", allowed)
    audit.append(session, request, [line], now=now)
    rows = subjects.identifier_rows(session, request.id)
    proved = [row for row in rows if row.proof]
    sides = {"locators": found, "proved": proved}
    return {name: subjects.opened(context.vault, side) for name, side in sides.items()}


def refused(session: Session, context: Context, request: Request) -> dict[str, str]:
    """Return what the person named and was not believed, by type."""
    out: dict[str, str] = {}
    for one in notes.read(session, context.vault, request.id, REFUSED):
        out.update(one)
    return out


def accept(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> None:
    """
    Say that what stands there is about who asks; the request's row is locked by the caller.

    Raises:
        Forbidden: they are no verifier.
        Conflict: there is none to decide on, or the request is closed.
    """
    found = _waiting(session, context, request, staff)
    for row in found:
        row.proof, row.proved_at = PROOF, now
        session.add(row)
    _go_on(session, request, staff, "locators_accepted", found, now)


def refuse(
    session: Session, context: Context, request: Request, staff: Staff, *, now: datetime
) -> None:
    """
    Say that it is not shown to be about who asks: the rest of the request goes on without it.

    Raises:
        Forbidden, Conflict: as for :func:`accept`.
    """
    found = _waiting(session, context, request, staff)
    said = subjects.opened(context.vault, found)
    notes.keep(session, context.vault, request.id, REFUSED, said, now=now)
    for row in found:
        session.delete(row)
    _go_on(session, request, staff, "locators_refused", found, now)


def _waiting(
    session: Session, context: Context, request: Request, staff: Staff
) -> list[IdentifierRow]:
    duties.check(staff.roles, duties.Act.IDENTIFY)
    rows = subjects.identifier_rows(session, request.id)
    found = among(context.datamap, rows)
    if request.state in TERMINAL or not found:
        raise Conflict(f"request {request.id} has no locator to decide on", code="no_locator")
    if request.state in (State.OPEN, State.VERIFYING):
        message = "who asks has not proved a contact yet: there is nothing to compare it with"
        raise Conflict(message, code="no_locator")
    return found


def _go_on(
    session: Session,
    request: Request,
    staff: Staff,
    event: str,
    found: Iterable[IdentifierRow],
    now: datetime,
) -> None:
    actor = f"staff:{staff.id}"
    line = audit.Line(event, actor, {"types": sorted(row.type for row in found)})
    session.flush()
    if request.state is State.ON_HOLD and request.wait is Wait.TASK:
        requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
        return
    audit.append(session, request, [line], now=now)
