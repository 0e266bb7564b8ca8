"""
Staff ask the person for what work cannot go on without, and let work go on without it.

What changes what was asked is asked for before anything was changed: the plan is made anew from
the answer. A question in words leaves the plan as it is.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from rights.domain.errors import Conflict
from rights.domain.lifecycle import Event, State, Wait
from rights.services import not_me, points, replanning, requests
from rights.services.askable import Point, is_question
from rights.services.context import Context
from rights.store.models import Request, Staff, StepRow, StepState

_WAITS: Final = frozenset({Wait.NONE, Wait.TASK, Wait.APPROVAL, Wait.STORE, Wait.NEEDS_INFO})


def ask(
    session: Session,
    context: Context,
    request: Request,
    asked: Sequence[Point],
    staff: Staff,
    *,
    supervisor: Staff | None = None,
    now: datetime,
) -> list[str]:
    """
    Let a request wait for what the person is asked; the caller has locked it.

    Returns:
        The names of what was asked for.

    Raises:
        Conflict: it is not being worked on, a worker has it in hand right now, or something was
            changed already and this would change what was asked; or like ``points.from_staff``.
        Forbidden, Invalid: like ``points.from_staff``.
    """
    steps = standing(session, request)
    names = points.from_staff(
        session, context, request, asked, staff, supervisor=supervisor, now=now
    )
    if not all(map(is_question, names)):
        if replanning.begun(steps):
            message = "something was changed already: ask in words, or deny the rest"
            raise Conflict(message, code="work_has_begun")
        replanning.throw_away(session, request, steps, now)
    request.wait, request.next_at = Wait.NEEDS_INFO, None
    if request.state is State.IN_PROGRESS:
        data = {"wait": str(Wait.NEEDS_INFO)}
        requests.record(session, request, Event.HELD, actor=f"staff:{staff.id}", now=now, data=data)
    return names


def at_work(request: Request) -> bool:
    """Return whether a request is one that the person can be asked about now."""
    worked_on = request.state in (State.IN_PROGRESS, State.ON_HOLD)
    return worked_on and request.wait in _WAITS and not not_me.stopped(request)


def standing(session: Session, request: Request) -> Sequence[StepRow]:
    """Return the steps of a request that can be asked about. Raises Conflict."""
    not_me.check(request)
    if not at_work(request):
        message = (
            "it is closed, not proved yet, or waits for a day that was chosen, for a guardian, or"
            " for a second person about a denial"
        )
        raise Conflict(message, code="not_at_work")
    steps = session.exec(select(StepRow).where(StepRow.request_id == request.id)).all()
    if any(step.state is StepState.RUNNING for step in steps):
        message = "a worker has it in hand right now: try again in a moment"
        raise Conflict(message, code="being_worked_on")
    return steps


def go_on(session: Session, request: Request, staff: Staff, *, now: datetime) -> list[str]:
    """
    Go on without the answer; the caller has locked the request. Raises like ``points.drop``.

    Returns:
        The names of what is not waited for any more.
    """
    names = points.drop(session, request, staff, now=now)
    line = points.line(names, staff)
    actor = f"staff:{staff.id}"
    requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
    return names
