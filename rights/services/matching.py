"""
Facts that somebody types, compared by a worker with what the stores hold about that very person.

They are no oracle for strangers: a code comes first, and only rows that the proved identifiers
reach are compared. The answer is enough or not enough; never which, nor whether anything is held.

Source: PIPL 6, 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import facts
from rights.domain.errors import Conflict, FieldError, Invalid, LevelTooLow
from rights.domain.levels import BEFORE, WORTH, Matched
from rights.domain.lifecycle import TERMINAL, State
from rights.services import (
    assurance,
    audit,
    lookups,
    not_me,
    packages,
    proofs,
    requests,
    subjects,
)
from rights.services.context import Context
from rights.services.way_catalogue import marked
from rights.store.models import Backend, Lookup, Request

NAME: Final = "name"
NUMBER: Final = "number"
OF_REAL_NAME: Final = {NAME: "real_name", NUMBER: "id_number"}
"""What the way ``real_name`` is given, and which fields of the data map each is compared with."""

_OUTCOMES: Final = {True: "enough", False: "wrong", None: "unasked"}


@dataclass(frozen=True, slots=True)
class Found:
    """
    What a worker says about a try.

    Args:
        enough: None when a store could not be asked: then the try does not count.
        fields: What it rests on, for the record; empty unless it was enough.
        way: What it turned out to be, where that is less than what was tried.
    """

    enough: bool | None
    fields: tuple[str, ...] = ()
    way: Matched | None = None


def ask(
    session: Session,
    context: Context,
    request: Request,
    way: Matched,
    values: Mapping[str, str],
    *,
    visit: str = "",
    now: datetime,
) -> Lookup:
    """
    Have a worker compare *values*; they are sealed at once, and gone with the question.

    Args:
        visit: Which browser asks; empty for a product's backend.

    Raises:
        Conflict: the request is past proving.
        LevelTooLow: no code was answered yet.
        TooMany: it was tried too often today.
        Forbidden: the request is stopped.
    """
    ready(session, request, way, now=now)
    blinds = proofs.not_too_often(session, context, request, now=now)
    about = {"way": str(way), "values": dict(values)}
    row = lookups.of_request(session, context, request, "match", now=now, about=about)
    proofs.count(session, row, way, blinds, visit=visit, now=now)
    return row


def ready(session: Session, request: Request, way: Matched, *, now: datetime) -> None:
    """Make sure that a request can be proved by *way* now. Raises like :func:`ask`, but TooMany."""
    not_me.check(request)
    if request.state not in (State.OPEN, State.VERIFYING) and not wanted(session, request, now):
        raise Conflict("this request needs no further proof", code="closed")
    if not assurance.coded(session, request) or request.level < BEFORE[way]:
        raise LevelTooLow("answer the code first, then prove one level after the other")


def wanted(session: Session, request: Request, now: datetime) -> bool:
    """Tell whether there is a copy to download, which asks for a fresh proof."""
    return any(
        one.purged_at is None and (one.expires_at is None or one.expires_at > now)
        for one in packages.of_request(session, request)
    )


def typed_facts(context: Context, given: Mapping[str, str]) -> dict[str, str]:
    """
    Return the facts somebody typed, empty ones left out.

    Raises:
        Invalid: one cannot be read, is none that may be asked for, or they are fewer than two
            that differ.
    """
    asked = marked(context.datamap, "fact")
    wrong = [
        FieldError(f"values.{path}", "is no fact that can be compared", tuple(sorted(asked)))
        for path in given
        if path not in asked
    ]
    said = {path: value for path, value in given.items() if path in asked and value.strip()}
    wrong += _unreadable(said, asked)
    if not wrong:
        plain = [facts.comparable(value, asked[path]) for path, value in said.items()]
        if len(facts.different(plain)) < facts.ENOUGH:
            wrong.append(FieldError("values", "give two different facts", tuple(sorted(asked))))
    if wrong:
        raise Invalid("these facts cannot be compared", wrong)
    return said


def typed_name(context: Context, given: Mapping[str, str]) -> dict[str, str]:
    """Return name and number as somebody typed them. Raises Invalid."""
    del context
    wrong = [
        FieldError(f"values.{name}", "is not asked for", tuple(OF_REAL_NAME))
        for name in given
        if name not in OF_REAL_NAME
    ]
    wrong += _unreadable(
        {name: given.get(name, "") for name in OF_REAL_NAME},
        {NAME: facts.USUALLY["real_name"], NUMBER: facts.USUALLY["id_number"]},
    )
    if wrong:
        raise Invalid("name and number cannot be compared", wrong)
    return dict(given)


def _unreadable(said: Mapping[str, str], how: Mapping[str, str]) -> list[FieldError]:
    return [
        FieldError(f"values.{name}", _READ_AS[how[name]])
        for name, value in said.items()
        if len(value) > facts.LONGEST or not facts.comparable(value, how[name])
    ]


_READ_AS: Final = {
    "text": "cannot be compared: give it as you once gave it to us",
    "name": "is no name",
    "date": "is no day: write it as year-month-day",
    "digits": "holds no number",
    "last_four": "must be the last four digits",
    "number": "is no number of a document",
}


def settle(
    session: Session, context: Context, lookup: Lookup, found: Found, *, now: datetime
) -> None:
    """
    Write down what a worker found, and start the work if it was what was missing.

    In the transaction that answers the look-up. What was typed is wiped out there and then.
    """
    tries = proofs.tries_of(session, lookup.id)
    lookup.sealed_input = b""
    for row in tries:
        row.outcome = _OUTCOMES[found.enough]
        row.way = str(found.way or row.way)
        session.add(row)
    if found.enough is None or not tries:
        return
    request = requests.locked(session, lookup.request_id)
    if not_me.stopped(request):
        return
    way = Matched(tries[0].way)
    data = {"way": str(way)}
    if not found.enough:
        line = audit.Line("proof_refused", "system", {**data, "reason": "not_enough"})
        audit.append(session, request, [line], now=now)
        return
    _enough(session, context, request, way, found.fields, now)
    for other in _of_bundle(session, request):
        _enough(session, context, other, way, found.fields, now)


def _enough(
    session: Session,
    context: Context,
    request: Request,
    way: Matched,
    fields: tuple[str, ...],
    now: datetime,
) -> None:
    rows = [r.type for r in subjects.identifier_rows(session, request.id) if r.proof]
    rests_on = {"identifiers": sorted(rows), "fields": sorted(fields)}
    proofs.keep(session, request, way, rests_on=rests_on, now=now)
    data = {"way": str(way), "level": WORTH[way]}
    audit.append(session, request, [audit.Line("proof_matched", "system", data)], now=now)
    session.flush()
    if request.state in (State.OPEN, State.VERIFYING):
        backend = session.get(Backend, request.backend_id)
        cap = backend.level_cap if backend else 0
        assurance.raise_level(session, context, request, cap=cap, now=now)


def _of_bundle(session: Session, request: Request) -> list[Request]:
    """Return the other requests of a bundle for which the same identifiers were proved."""
    if not request.bundle_id:
        return []
    query = select(Request).where(
        Request.bundle_id == request.bundle_id,
        Request.id != request.id,
        Request.subject == request.subject,
        col(Request.state).not_in(TERMINAL),
    )
    mine = _proved(session, request)
    others = session.exec(query.order_by(Request.id).with_for_update()).all()
    going = [one for one in others if one.level_needed > 1 and not not_me.stopped(one)]
    return [one for one in going if _proved(session, one) == mine]


def _proved(session: Session, request: Request) -> set[str]:
    return {r.blind for r in subjects.identifier_rows(session, request.id) if r.proof}
