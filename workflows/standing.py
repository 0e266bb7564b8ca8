"""
Whether whoever asks for somebody may go on asking, and what no machine decides about it.

Looked at before anything is planned: a child's request waits for its guardian, an authority whose
term has ended is asked for again, and where two people who act for the same one contradict each
other, or the statute does not say what a relative may ask, a member of staff decides.

Source: PIPL 31, 49; Civil Code 165; Minors Regulation 34.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from connectors.sdk import KeySet
from rights.domain.actions import Action
from rights.domain.errors import Refused
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import CALLED_OFF, TERMINAL, State, Wait
from rights.domain.parameters import MEANWHILE
from rights.domain.representation import (
    GAPS,
    STATUTE_LISTS,
    AgeBand,
    Role,
    guardian_confirms,
)
from rights.services import arrangements, guardians, persons, representatives
from rights.services.context import Context
from rights.store.db import reading
from rights.store.models import (
    IdentifierRow,
    Representation,
    RepresentativeContact,
    Request,
    StepRow,
    StepState,
)
from workflows.floor import Floor

STATUTE: Final = "statute_lists_only"
COMPETING: Final = "competing_relatives"
CONTRADICTED: Final = "minor_and_guardian"

_NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        STATUTE: "PIPL 49 lists access, copy, correction and deletion for close relatives:"
        " decide whether this is meant by it",
        COMPETING: "another close relative asks about the same deceased person: decide whose"
        " interest prevails",
        CONTRADICTED: "a minor of fourteen or older and the guardian ask for what contradicts"
        " each other: hear both and decide",
    }
)

BEFORE: Final = -1
"""The phase of what is decided before a plan is made."""


def waits(session: Session, context: Context, request: Request, now: datetime) -> Wait | None:
    """Return what a request waits for because of who asks, and note what has to be asked for."""
    bounded = request.requester_role in (Role.AGENT, Role.GUARDIAN_ADULT) and not _comes(request)
    if bounded and request.irreversible_at is None:
        row = session.get(Representation, request.id)
        missing = representatives.gaps(context, request, row, now) if row else []
        request.needs = [*missing, *(n for n in request.needs if n not in GAPS)]
    if request.needs:
        return Wait.NEEDS_INFO
    row = session.get(Representation, request.id) if _of_a_child(request) else None
    if _of_a_child(request) and (row is None or not guardians.confirmed(row)):
        return Wait.GUARDIAN
    return None


def _comes(request: Request) -> bool:
    """
    Return whether nobody asked for it: it comes of a cancellation that waits, or puts that back.

    Whether they may ask is looked at where they asked.
    """
    back = request.option is Option.LIFT and bool(request.follows)
    return back or MEANWHILE in request.parameters


def _of_a_child(request: Request) -> bool:
    return guardian_confirms(request.requester_role, request.age_band, request.kind, request.option)


def decided_first(session: Session, request: Request) -> list[StepRow]:
    """Return the steps in which staff decide before a plan is made; mostly there are none."""
    return [_step(request, code) for code in _reasons(session, request)]


def _step(request: Request, code: str) -> StepRow:
    return StepRow(
        id=f"{request.id}-00-{Action.REVIEW}-{code}",
        request_id=request.id,
        phase=BEFORE,
        action=Action.REVIEW,
        state=StepState.MANUAL,
        note=_NOTES[code],
    )


def _reasons(session: Session, request: Request) -> Iterator[str]:
    if request.requester_role is Role.CLOSE_RELATIVE:
        if request.kind not in STATUTE_LISTS and not _comes(request):
            yield STATUTE
        if any(_somebody_else(session, request, one) for one in _others(session, request)):
            yield COMPETING
    if request.age_band is AgeBand.FROM_14 and any(
        contradict(request, one) for one in _others(session, request) if _other_side(request, one)
    ):
        yield CONTRADICTED


def arranged(floor: Floor, request: Request, keys: KeySet) -> None:
    """
    Look for an arrangement of the deceased under every identifier that was found to be theirs.

    Raises:
        Refused: they arranged that this relative may not have this: staff deny it.
    """
    if request.requester_role is not Role.CLOSE_RELATIVE:
        return
    blinds = persons.persons(floor.context.vault, floor.context.datamap, keys)
    with reading(floor.register) as session:
        row = session.get_one(Representation, request.id)
        denied = arrangements.forbidden(session, blinds, request.kind, row.relation)
    if denied:
        raise Refused(
            "the deceased arranged that this relative may not have this: deny the request with"
            f" {arrangements.REASON}"
        )


def _others(session: Session, request: Request) -> list[Request]:
    """Return what else is open or was granted about the same person."""
    mine, theirs = aliased(IdentifierRow), aliased(IdentifierRow)
    same = (
        select(theirs.request_id)
        .join(mine, col(mine.blind) == col(theirs.blind))
        .where(col(mine.request_id) == request.id, col(theirs.request_id) != request.id)
    )
    away: tuple[Any, ...] = (*CALLED_OFF, State.EXPIRED, State.OPEN, State.VERIFYING)
    query = select(Request).where(col(Request.id).in_(same), col(Request.state).not_in(away))
    return list(session.exec(query))


def _somebody_else(session: Session, request: Request, other: Request) -> bool:
    if other.requester_role is not Role.CLOSE_RELATIVE:
        return False
    mine, theirs = (
        set(session.exec(select(_BLIND).where(one.id == _OF)).all()) for one in (request, other)
    )
    return not mine & theirs


_BLIND: Final = col(RepresentativeContact.blind)
_OF: Final = col(RepresentativeContact.request_id)


def _other_side(request: Request, other: Request) -> bool:
    """Return whether one of two open requests is the minor's own and the other the guardian's."""
    if request.id == other.follows or other.id == request.follows:
        return False  # one came of the other
    roles = {request.requester_role, other.requester_role}
    return other.state not in TERMINAL and roles == {Role.SELF, Role.GUARDIAN}


_DESTROYS: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})
_KEEPS: Final = frozenset({Kind.COPY, Kind.ACCESS, Kind.PORTABILITY, Kind.CORRECTION})


def contradict(one: Request, other: Request) -> bool:
    """Return whether two requests about the same person cannot both be meant."""
    kinds = {one.kind, other.kind}
    if kinds & _DESTROYS and kinds & {*_KEEPS, Kind.RESTRICTION}:
        return True
    lifts = {one.option, other.option} & {Option.LIFT}
    return kinds == {Kind.RESTRICTION} and bool(lifts) and one.option is not other.option
