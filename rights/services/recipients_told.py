"""
Whom the company told of what it did: the recipients of a request's stores, one by one.

Everybody the data was given to is told of a correction, an erasure or a restriction, unless that
is impossible or takes disproportionate effort. Staff tell them, and write down whom and when; why
somebody was not is kept, and the person reads it. An entry holds the name of the data map, and no
more. What nobody wrote down counts as not told.

Source: GDPR 19.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import orjson
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.actions import EFFECTS
from rights.domain.datamap import DataMap
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.plain_text import plain
from rights.services import audit, notes
from rights.services.context import Context
from rights.store.models import Entry, ReceiptRow, Request, Staff

EVENT: Final = "recipient_told"
WHY: Final = "recipient_why"
"""Purpose of the sealed note that says why a recipient was not told, for the person."""

KINDS: Final = (Kind.CORRECTION, Kind.DELETION, Kind.ACCOUNT_CANCELLATION, Kind.RESTRICTION)
MOST: Final = 200
"""Requests of one person that are looked through for whom was told, the newest."""

_DONE: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)
_LONGEST: Final = 2_000


class Told(StrEnum):
    """What came of telling a recipient; ``OPEN``: nobody has written anything down yet."""

    OPEN = "open"
    TOLD = "told"
    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"


SAYABLE: Final = (Told.TOLD, Told.IMPOSSIBLE, Told.DISPROPORTIONATE)


@dataclass(frozen=True, slots=True)
class Telling:
    """
    One recipient, and whether they were told of a request.

    Args:
        name: As the data map has it.
        at: When that was written down; None while nothing was.
        because: Why they were not told, for the person.
    """

    request_id: str
    kind: Kind
    name: str
    outcome: Told = Told.OPEN
    at: datetime | None = None
    because: str = field(default="", repr=False)


def due(request: Request) -> bool:
    """Return whether recipients are told of what became of a request: it changed something."""
    return request.kind in KINDS and request.option is not Option.LIFT and request.state in _DONE


def of_request(session: Session, context: Context, request: Request) -> list[Telling]:
    """Return every recipient of a request's stores; also who was told, and left the map since."""
    if not due(request):
        return []
    said = _said(session, context, request)
    names = dict.fromkeys([*_concerned(session, context.datamap, request), *said])
    return [said.get(name) or Telling(request.id, request.kind, name) for name in names]


def _concerned(session: Session, datamap: DataMap, request: Request) -> list[str]:
    """Return the recipients of the stores in which something was done, as the receipt says."""
    receipt = session.get(ReceiptRow, request.id)
    lines = orjson.loads(receipt.body)["outcome"] if receipt else ()
    acted = {
        one["store"]
        for one in lines
        if one["action"] in EFFECTS
        and (one["affected"] or one.get("decorrelated") or one.get("by_hand") or one["retained"])
    }
    every = (to.name for store in datamap if store.name in acted for to in store.recipients)
    return list(dict.fromkeys(every))


def _said(session: Session, context: Context, request: Request) -> dict[str, Telling]:
    """Return what was written down last of each recipient."""
    mine = select(Entry).where(Entry.chain == request.id, Entry.event == EVENT)
    entries = session.exec(mine.order_by(col(Entry.seq))).all()
    kept = notes.read(session, context.vault, request.id, WHY) if entries else []
    why = {one["recipient"]: str(one["because"]) for one in kept}
    found = dict[str, Telling]()
    for one in entries:
        name, outcome = str(one.data["recipient"]), Told(one.data["outcome"])
        because = "" if outcome is Told.TOLD else why.get(name, "")
        found[name] = Telling(request.id, request.kind, name, outcome, one.at, because)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """
    What a member of staff writes down of one recipient.

    Args:
        because: Why they were not told, in words for the person; empty where they were.
    """

    recipient: str
    outcome: str
    because: str = field(default="", repr=False)


def record(
    session: Session, context: Context, request: Request, staff: Staff, said: Said, *, now: datetime
) -> None:
    """
    Write down that a recipient was told of a request, whose row is locked, or why they were not.

    Raises:
        Forbidden: their roles do not allow it: not to tell takes whoever may leave out a step.
        Conflict: nothing was done of which anybody is told, or they were told already.
        Invalid: it is no recipient of what was done, no outcome, or not told without a reason.
    """
    told = said.outcome == Told.TOLD
    duties.check(staff.roles, duties.Act.COMPLETE if told else duties.Act.LEAVE_OUT)
    if not due(request):
        raise Conflict("nothing was done here that recipients are told of", code="nothing_to_tell")
    if said.outcome not in SAYABLE:
        raise Invalid("say what came of it", [FieldError("outcome", "is unknown", SAYABLE)])
    known = {one.name: one for one in of_request(session, context, request)}
    if said.recipient not in known:
        wrong = FieldError("recipient", "is no recipient of what was done", tuple(known))
        raise Invalid("nothing of this was given to them", [wrong])
    if known[said.recipient].outcome is Told.TOLD:
        raise Conflict(f"{said.recipient} was told already", code="told_already")
    if not told:
        because = plain(said.because, field="because", longest=_LONGEST)
        kept = {"recipient": said.recipient, "because": because}
        notes.keep(session, context.vault, request.id, WHY, kept, now=now)
    data = {"recipient": said.recipient, "outcome": said.outcome}
    audit.append(session, request, [audit.Line(EVENT, f"staff:{staff.id}", data)], now=now)


def of_person(session: Session, context: Context, who: Iterable[str]) -> list[Telling]:
    """
    Return whom was told of what a person asked for, and who was not, the newest request first.

    Args:
        who: "The same person", by every name.
    """
    mine = select(Request).where(
        col(Request.subject).in_(list(who)),
        col(Request.kind).in_(KINDS),
        col(Request.state).in_(_DONE),
    )
    found = session.exec(mine.order_by(col(Request.closed_at).desc(), col(Request.id)).limit(MOST))
    return [one for request in found.all() for one in of_request(session, context, request)]
