"""
What a person adds to an open request: values, parameters, another way to be reached.

A request that waited for it goes on at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.conversation import CONVERSATIONS
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.domain.parameters import PREVAILS, SUBJECT, WAIT_DAYS, lacks, needed
from rights.domain.tags import CHOSEN, REMOVED
from rights.services import (
    askable,
    assurance,
    audit,
    conflicts,
    consents,
    contacts,
    cooling,
    disputes,
    forms,
    lifting,
    naming_grounds,
    notes,
    notices,
    points,
    reaching,
    requests,
    standing_still,
    subjects,
    tags_said,
    verification,
    warnings_due,
)
from rights.services.context import Context
from rights.store.models import Request


@dataclass(frozen=True, slots=True)
class Supplied:
    """
    What somebody adds.

    Args:
        identifiers: Cleaned already.
        answers: To questions that staff asked in words.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> set[str]:
        """The names of what is there now, identifiers aside."""
        every = {**self.parameters, **self.values, **self.answers}
        return {name for name, value in every.items() if value}


def supply(
    session: Session,
    context: Context,
    request: Request,
    given: Supplied,
    *,
    actor: str,
    now: datetime,
) -> None:
    """
    Add to a request, and let it go on if it waited for this.

    Raises:
        Conflict: it is closed, or its work has begun and this would change what was planned.
        Invalid: something given is not known here, or nothing was given.
    """
    _still_open(request, changes=bool(given.parameters or given.values))
    _as_planned(request, {*given.parameters, *given.values})
    if not (given.parameters or given.values or given.identifiers or given.answers):
        raise Invalid("nothing was supplied", [FieldError("values", "is empty")])
    _check(context, request, given.parameters, given.values, now)
    _agreed(session, request, given.values)
    _reach(session, context, request, given.identifiers, now=now)
    points.answer(session, context, request, given.answers, now=now)
    request.parameters = {**request.parameters, **given.parameters}
    if given.values:
        notes.keep(session, context.vault, request.id, "values", dict(given.values), now=now)
    points.over(session, request, given.names, now)
    request.needs = [name for name in request.needs if lacks(name, given.names)]
    _choose(session, context, request, given.names, now)
    if "changes" in given.names and request.state not in (State.OPEN, State.VERIFYING):
        disputes.mark_accepted(session, context, request, now=now)
    _go_on(session, context, request, given, actor, now)


def _go_on(
    session: Session,
    context: Context,
    request: Request,
    given: Supplied,
    actor: str,
    now: datetime,
) -> None:
    line = _line(given.names, given.identifiers, actor)
    if PREVAILS in given.names and not conflicts.settled(session, request, actor=actor, now=now):
        audit.append(session, request, [line], now=now)
        return
    held = request.state is State.ON_HOLD and request.wait is Wait.NEEDS_INFO
    if held and not request.needs:
        requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
        standing_still.count(session, context, request, now=now)
        return
    audit.append(session, request, [line], now=now)
    if given.identifiers:
        _name(session, context, request, given.identifiers, now=now)


def _choose(
    session: Session, context: Context, request: Request, given: set[str], now: datetime
) -> None:
    """Let a choice of tags count from now on, where enough was proved before it was said."""
    if given & {CHOSEN, REMOVED} and request.state not in (State.OPEN, State.VERIFYING):
        session.flush()
        tags_said.of_request(session, context, request, now=now)


def _agreed(session: Session, request: Request, values: Mapping[str, Any]) -> None:
    """Raise Invalid where a child agrees to something later on, and no guardian asked for it."""
    known = reaching.representatives(session, request.id)
    guardian = {row.type: row.blind for row in known}
    consents.of_a_child(request.option, values, request.requester_role, request.age_band, guardian)


def _line(given: Iterable[str], identifiers: Iterable[str], actor: str) -> audit.Line:
    fields = sorted({*given, *(f"subject.{name}" for name in identifiers)})
    return audit.Line("information_supplied", actor, {"fields": fields})


def _name(
    session: Session,
    context: Context,
    request: Request,
    identifiers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Let a request that was about nobody be about whom was named, as if it had been at once."""
    named = subjects.names_somebody(context.datamap, identifiers)
    if SUBJECT not in request.needs or not named:
        return
    request.needs = [name for name in request.needs if name != SUBJECT]
    request.subject = subjects.subject_of(context.vault, context.datamap, identifiers)
    request.wait = Wait.NONE
    if warnings_due.applies(request):
        warnings_due.begin(session, request, warnings_due.ASKED, now=now)
    session.flush()
    contact = contacts.best(context, subjects.identifier_rows(session, request.id))
    code, proves = "", request.level_needed > 0
    if contact and proves:
        code = verification.challenge(session, context, request, contact, now=now).id
    if contact:
        where = {"identifier_id": contact.id, "challenge_id": code}
        notices.ask_for(session, request, "received", now=now, **where)
    if not proves:
        assurance.raise_level(session, context, request, cap=0, now=now)


def _as_planned(request: Request, names: set[str]) -> None:
    """
    Make sure that what is planned stays what was asked.

    A question in words leaves the plan, and its approval, standing: while nothing else is waited
    for, nothing else is taken.
    """
    waits = request.wait is Wait.NEEDS_INFO and bool(request.needs)
    if waits and names and all(map(askable.is_question, request.needs)):
        message = "work on this request is planned as it was: answer what was asked, nothing else"
        raise Conflict(message, code="work_has_begun")


def _still_open(request: Request, *, changes: bool) -> None:
    if request.state in TERMINAL:
        raise Conflict("this request is closed: submit a new one", code="closed")
    before_work = request.state in (State.OPEN, State.VERIFYING)
    waits = request.wait is Wait.NEEDS_INFO or cooling.cools(request)
    if changes and not before_work and not waits:
        message = "work on this request has begun as it was: cancel it, or submit another one"
        raise Conflict(message, code="work_has_begun")


def _check(
    context: Context,
    request: Request,
    parameters: Mapping[str, Any],
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    forms.check(
        context.datamap,
        request.kind,
        request.option,
        parameters=parameters,
        values=values,
    )
    if WAIT_DAYS in parameters:
        wrong = FieldError(f"parameters.{WAIT_DAYS}", "is chosen with the request itself, or not")
        raise Invalid("to wait cannot be chosen later", [wrong])
    if CONVERSATIONS in values:  # what is left out of it would have been asked for before
        message = "is said when the request is made: submit another one"
        wrong = FieldError(f"values.{CONVERSATIONS}", message)
        raise Invalid("this cannot be changed any more", [wrong])
    fixed = [n for n in parameters if request.parameters.get(n) and n not in request.needs]
    if fixed and needed(request.kind, request.option):
        errors = [FieldError(f"parameters.{n}", "was given already") for n in fixed]
        raise Invalid("this cannot be changed any more", errors)
    naming_grounds.check(request.kind, parameters, request.regimes, context.regimes)
    lifting.check_until(parameters, now)


def _reach(
    session: Session,
    context: Context,
    request: Request,
    identifiers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Add identifiers, unproved; a type that was given already stays as it is."""
    if not identifiers:
        return
    if request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("who this request is about is settled already", code="work_has_begun")
    known = {row.type for row in subjects.identifier_rows(session, request.id)}
    if again := sorted(known & set(identifiers)):
        errors = [FieldError(f"subject.{name}", "was given already") for name in again]
        raise Invalid("this identifier cannot be changed: submit a new request", errors)
    session.add_all(subjects.rows_for(context.vault, request, identifiers, proofs={}, now=now))
