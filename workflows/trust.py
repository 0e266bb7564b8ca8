"""
An address that was changed just now proves nothing by itself.

Whoever got into an account changes its e-mail address first and asks for a copy next. So before
anything is given away or destroyed, each contact of the request is looked at: whether it is on
file, and since when. Where the request's level rests on a code at one that was changed lately, it
waits for a real name, or for staff.

Source: NDSR 9, 25(1)(1); PIPL 51, 57.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from rights.domain import takeover
from rights.domain.actions import Action
from rights.domain.errors import Refused
from rights.domain.levels import KEY, Acr
from rights.domain.representation import Role
from rights.services import assurance, not_me, person_keys, proofs, subjects, warnings_due
from rights.store.db import reading, transaction
from rights.store.models import Backend, IdentifierRow, Request, StepRow, StepState
from workflows import contacts
from workflows.floor import Floor
from workflows.routes import Routes

CHANGED: Final = "contact_changed"
"""Code of a first step that waits for a stronger proof."""


def check(floor: Floor, routes: Routes, request: Request) -> None:
    """
    Look at the contacts of a request, and write down how they stand on file.

    Raises:
        Refused: its level rests on a contact that was changed lately.
        ConnectorError: a store that knows people could not be asked.
    """
    if request.channel == warnings_due.INTERNAL or not request.level_needed:
        return  # somebody of the company was sure of the person before
    if not takeover.discloses_or_erases(request.kind):
        return
    rows = _looked_at(floor, routes, request)
    acts = request.requester_role is not Role.SELF  # proved at an address of somebody else
    if acts or request.level >= takeover.REAL_NAME:
        return
    days = floor.context.settings.contact_trust_days
    with reading(floor.register) as session:
        doubtful = _doubtful(session, floor, request, rows)
        if doubtful and _rests(session, request, doubtful):
            raise Refused(
                f"{', '.join(doubtful)} was changed within the last {days} days, and the request"
                " was proved by a code there: it may be an impostor's. It goes on by itself after a"
                " word of the product with a real name; else ask at an older contact, then"
                " `rights not-me trust`, or deny",
                code=CHANGED,
            )


def _looked_at(floor: Floor, routes: Routes, request: Request) -> list[IdentifierRow]:
    """Return the contacts of a request, with how they stand on file."""
    known, vault = floor.context.datamap.identifiers, floor.context.vault
    with reading(floor.register) as session:
        rows = subjects.identifier_rows(session, request.id)
    found = {
        r.id: contacts.standing(floor, routes, r.type, subjects.value(vault, r))
        for r in rows
        if known[r.type].kind == "contact" and not known[r.type].recycled
    }
    if not found:
        return []
    with transaction(floor.register) as session:
        mine = [r for r in subjects.identifier_rows(session, request.id) if r.id in found]
        for row in mine:
            row.on_file, row.changed_at = found[row.id].found, found[row.id].changed_at
            session.add(row)
        return mine


def _doubtful(
    session: Session, floor: Floor, request: Request, rows: Sequence[IdentifierRow]
) -> list[str]:
    """Return the types of the contacts that are not trusted now."""
    since = not_me.trusted_at(session, request.id)
    days, now = floor.context.settings.contact_trust_days, floor.now()
    return [r.type for r in rows if takeover.doubted(r.changed_at, since, days, now)]


def _vouched(session: Session, floor: Floor, request: Request) -> bool:
    """Return whether staff vouched for every contact as it was seen last."""
    known = subjects.identifier_rows(session, request.id)
    since = not_me.trusted_at(session, request.id)
    return since is not None and not _doubtful(session, floor, request, known)


def _rests(session: Session, request: Request, doubtful: Sequence[str]) -> bool:
    backend = session.get(Backend, request.backend_id)
    coded = [row.type for row in assurance.coded(session, request)]
    if request.acr and person_keys.proved(session, request):
        coded.append(KEY)
    return takeover.rests_on(
        Acr(request.acr) if request.acr else None,
        coded,
        doubtful,
        cap=backend.level_cap if backend else 2,
        needed=request.level_needed,
        matched=proofs.matched(session, request.id),
    )


def let_go(session: Session, floor: Floor, request: Request, rows: Sequence[StepRow]) -> None:
    """Begin again what waited for a stronger proof, once there is one."""
    for row in rows:
        waited = row.action == Action.PREPARE and row.state is StepState.FAILED
        if not waited or row.code != CHANGED:
            continue
        proved = request.level >= takeover.REAL_NAME
        if proved or _vouched(session, floor, request):
            row.state, row.next_at, row.attempts, row.code, row.note = (
                StepState.TODO,
                None,
                0,
                "",
                "",
            )
