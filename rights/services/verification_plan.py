"""
Which ways are open to a person to prove who they are: none that asks for more than is held.

Before a code was answered the plan says nothing that depends on the person; after it, a worker
has looked which marked fields hold something of this very person. A document is never among the
ways unless a member of staff has asked for it with a reason.

Source: PIPL 6; GB/T 35273-2020 8.5(c); GDPR 5(1)(c), 12(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid, LevelTooLow
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.policy import ASSERTION
from rights.services import assurance, audit, lookups, matching, not_me, notes, requests
from rights.services.context import Context
from rights.services.way_catalogue import CONTACT, Said, catalogue, marked, named, within
from rights.services.ways import brings, may
from rights.store.models import Backend, Lookup, ProofDemand, Request, Staff

REASON: Final = "proof_reason"
"""Purpose of the sealed note that says why a way outside the plan was asked for."""

_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Open:
    """
    One way that is open.

    Args:
        level: What it brings here.
        fields: What can be given by it: fields of the map.
        ready: It can be taken now; if not, ``beside`` comes first.
        asked: A member of staff has asked for it.
    """

    said: Said
    level: int
    fields: tuple[str, ...]
    ready: bool
    asked: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The ways open for a request.

    Args:
        held: ``unasked`` before a code, ``waiting``, ``known``, ``failed``, or ``forgotten``
            after a quarter of an hour: what is known of what is held of this person.
    """

    level: int
    level_needed: int
    held: str
    ways: tuple[Open, ...]


def plan(session: Session, context: Context, request: Request, *, now: datetime) -> Plan:
    """Return the ways that are open to this person for this request."""
    held, filled = _held(session, context, request, now)
    asked = frozenset(row.way for row in _demands(session, request))
    coded = bool(assurance.coded(session, request))
    ways = tuple(
        Open(
            said,
            brings(session, context, request, said),
            _fields(context, said, filled),
            _ready(request, said, coded=coded),
            said.name in asked,
        )
        for said in catalogue().values()
        if said.name in asked or _offered(session, context, request, said, filled)
    )
    return Plan(request.level, request.level_needed, held, ways)


def _ready(request: Request, said: Said, *, coded: bool) -> bool:
    return not said.staff and request.level >= said.after and (coded or not said.beside)


def _fields(context: Context, said: Said, filled: frozenset[str] | None) -> tuple[str, ...]:
    """Return the fields of the map that a way compares with and that hold something."""
    kinds = said.asks.keys() - {CONTACT}
    found = marked(context.datamap, *kinds) if kinds else {}
    return tuple(path for path in found if filled is None or path in filled)


def _offered(
    session: Session,
    context: Context,
    request: Request,
    said: Said,
    filled: frozenset[str] | None,
) -> bool:
    if not may(context, request, said) or not within(said, context.datamap, filled):
        return False
    if said.name != ASSERTION:
        return brings(session, context, request, said) > 0
    backend = session.get(Backend, request.backend_id)
    taken = ASSERTION in context.policy.ways
    return taken and backend is not None and bool(backend.assertion_keys)


def _held(
    session: Session, context: Context, request: Request, now: datetime
) -> tuple[str, frozenset[str] | None]:
    if not marked(context.datamap) or not assurance.coded(session, request):
        return "unasked", None
    row, answer = lookups.latest(session, context, request, "provable", now=now)
    if row is None:
        return "forgotten", None
    if row.state != "answered":
        return row.state, None
    return "known", frozenset(answer["filled"])


def look(session: Session, context: Context, request: Request, *, now: datetime) -> Lookup:
    """
    Have a worker look which ways are open to this very person.

    Raises:
        Conflict: nothing is left to prove.
        LevelTooLow: no code was answered yet.
        Forbidden: the request is stopped.
    """
    not_me.check(request)
    if request.state in TERMINAL and not matching.wanted(session, request, now):
        raise Conflict("this request needs no further proof", code="closed")
    if not assurance.coded(session, request):
        raise LevelTooLow("answer the code first: what is held depends on who asks")
    row, _ = lookups.latest(session, context, request, "provable", now=now)
    if row is not None and row.state == "waiting":
        return row
    return lookups.of_request(session, context, request, "provable", now=now)


def _demands(session: Session, request: Request) -> list[ProofDemand]:
    query = select(ProofDemand).where(ProofDemand.request_id == request.id)
    return list(session.exec(query))


def demand(
    session: Session,
    context: Context,
    request: Request,
    name: str,
    *,
    staff: str,
    reason: str,
    now: datetime,
) -> None:
    """
    Let a member of staff ask for a way; outside the plan only with a reason, which is kept.

    Args:
        staff: Their id; the caller has made sure that they may.
        reason: Sealed beside the request; empty for a way of the plan.

    Raises:
        Invalid: there is no such way, or the reason is too long.
        Conflict: the way is outside the plan and no reason was given, it is each person's own
            choice, or nothing is to be proved.
    """
    said = _askable(name)
    if len(reason) > _LONGEST:
        wrong = f"is longer than {_LONGEST} characters"
        too_long = FieldError("reason", wrong, rule="too_long", bound=str(_LONGEST))
        raise Invalid("too long", [too_long])
    if request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("this request needs no further proof", code="closed")
    known = {one.said.name for one in plan(session, context, request, now=now).ways}
    outside = said.name not in known
    if outside and not reason.strip():
        raise Conflict(
            f"{said.name} is outside the verification plan ({', '.join(sorted(known))}): take a"
            " way of the plan, or give the reason why this case needs another one",
            code="way_not_open",
        )
    _keep(session, context, request, said.name, outside, staff, reason, now)


def demand_as(
    session: Session,
    context: Context,
    request_id: str,
    name: str,
    staff: Staff,
    *,
    reason: str,
    now: datetime,
) -> None:
    """
    Ask for a way as a member of staff; their roles are checked first.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such request.
        Conflict, Invalid: as :func:`demand`.
    """
    duties.check(staff.roles, duties.Act.ASK_PROOF)
    request = requests.locked(session, request_id)
    by = f"staff:{staff.id}"
    demand(session, context, request, name, staff=by, reason=reason, now=now)


def _askable(name: str) -> Said:
    """Return the way of that name. Raises Invalid, Conflict: see :func:`demand`."""
    said = named(name)
    if said is None:
        raise Invalid("unknown way", [FieldError("way", "is no way of proof", tuple(catalogue()))])
    if said.voluntary:
        raise Conflict(
            f"{said.name} is each person's own choice: nobody may be asked for it",
            code="way_not_open",
        )
    return said


def _keep(
    session: Session,
    context: Context,
    request: Request,
    way: str,
    outside: bool,  # noqa: FBT001 - of this module only
    staff: str,
    reason: str,
    now: datetime,
) -> None:
    row = session.get(ProofDemand, (request.id, way)) or ProofDemand(
        request_id=request.id, way=way, asked_by=staff, at=now
    )
    row.override, row.asked_by, row.at = outside, staff, now
    session.add(row)
    if reason.strip():
        said = {"way": way, "reason": reason.strip()}
        notes.keep(session, context.vault, request.id, REASON, said, now=now)
    data = {"way": way, "override": outside}
    audit.append(session, request, [audit.Line("proof_asked", staff, data)], now=now)
