"""
End a request: everything was done, or is named as not done.

State, receipt, notice, events and the beginning of aftercare are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.actions import Action
from rights.domain.errors import Drift
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import Event
from rights.domain.parameters import MEANWHILE
from rights.services import (
    cooling,
    kept_tags,
    meanwhile,
    person_keys,
    preferences,
    requests,
    tags_said,
    webhooks,
)
from rights.services.notices import ask_for
from rights.services.persons import persons
from rights.services.steps import steps_of
from rights.store.models import Request, StepRow, StepState
from rights.store.rows import gathered
from workflows import (
    aftercare,
    disputing,
    lifting,
    package_reviews,
    receipting,
    restricted,
    switching,
    untagging,
)
from workflows.floor import ERASING, Floor
from workflows.keyring import opened_keys
from workflows.outcome import Line, complete, lines, missing_from
from workflows.partial import in_use, of_a_part, went
from workflows.plan import Plan


def finish(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan | None,
    *,
    now: datetime,
) -> None:
    """
    Close a request whose steps are all finished.

    Raises:
        Drift: it has no plan, steps of its plan are not there, or the outcome would leave out what
            became of a collection. All of nothing is not done.
    """
    _prove(request, rows, plan)
    if plan is None:
        return
    found = lines(rows, {f"{request.id}-{s.name}": s.collections for s in plan})
    _told_of_all(request, rows, plan, found)
    whole = complete(found) and not any(r.state is StepState.LEFT_OUT for r in rows)
    event = Event.COMPLETED if whole else Event.PARTLY_COMPLETED
    frozen = cache(lambda: opened_keys(session, floor.context.vault, request.id))
    # What is read here was committed before, and what is written is read by nobody before the end.
    with session.no_autoflush, gathered(session):
        receipting.write(session, floor, request, rows, found, plan, now=now)
        aftercare.begin(session, floor, request, rows, plan, frozen, now=now)
        disputing.end(session, floor, request, found, frozen, partly=in_use(request, rows))
        _turned(session, floor, request, rows, plan, frozen, now=now)
        _confirmed(session, request, rows, plan, now)
        package_reviews.let_out(session, floor, request, rows, now)
        if receipting.packaged(rows):
            webhooks.publish(session, request, "package.ready", now=now)
            ask_for(session, request, "package_ready", now=now)
        said = {"lines": len(found)}
        requests.record(session, request, event, actor="system", now=now, data=said)
    _forget(session, floor, request, frozen, whole=whole)
    lifting.ended(session, floor, request, frozen, whole=not in_use(request, rows))
    _of_a_wait(session, floor, request, rows, plan, now)


def _confirmed(
    session: Session, request: Request, rows: Sequence[StepRow], plan: Plan, now: datetime
) -> None:
    """Note which stores have read a switch back: not those that staff left out."""
    if request.kind in (Kind.RECOMMENDATION_OPT_OUT, Kind.CONSENT_WITHDRAWAL):
        stores = {s.store for s in plan if s.store}
    elif MEANWHILE in request.parameters or request.option is Option.OBJECT_MARKETING:
        stores = {s.store for s in plan if s.action is Action.SUPPRESS and not s.refused}
    else:
        return
    left_out = {row.store for row in rows if row.state is StepState.LEFT_OUT}
    preferences.confirmed(session, request.id, stores=sorted(stores - left_out), now=now)


def _of_a_wait(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan,
    now: datetime,
) -> None:
    """See to what was put out of use while a cancellation waits, or is used again."""
    if request.option is Option.LIFT:
        meanwhile.lifted(session, request, now=now)
    if MEANWHILE in request.parameters:
        begun = restricted.changed(rows) or restricted.stands(session, request)
        meanwhile.finished(session, floor.context, request, begun=begun, now=now)
    if request.kind is Kind.ACCOUNT_CANCELLATION and of_a_part(request):
        made = meanwhile.of(session, request)
        stopped = restricted.places(steps_of(session, made.id)) if made else frozenset()
        if stopped - went(plan, rows):
            meanwhile.part_ended(session, floor.context, request, now=now)


def _turned(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan,
    frozen: Callable[[], KeySet],
    *,
    now: datetime,
) -> None:
    """Write down what was turned on again, was chosen, or is not to be computed again."""
    if request.option is Option.SWITCH_ON:
        switching.finished(session, floor.context, request, rows, plan, frozen, now=now)
    if request.option in tags_said.OPTIONS:
        untagging.finished(session, floor, request, rows, plan, frozen(), now=now)


def _forget(
    session: Session, floor: Floor, request: Request, frozen: Callable[[], KeySet], *, whole: bool
) -> None:
    """
    Let passkeys, authenticator apps and what keeps tags away go with whom they belong to; and what
    waits to erase the same account does not wait for the next one. What was said of tags before
    goes with what was said now.

    Nothing of it where a deletion took a part only: the account lives on.
    """
    if request.option in tags_said.OPTIONS:
        tags_said.settle(session, request.id)
    if request.kind not in ERASING or of_a_part(request):
        return
    cooling.end_others(session, request, now=floor.now())
    if not whole:
        return
    context = floor.context
    who = persons(context.vault, context.datamap, frozen())
    person_keys.forget(session, who)
    kept_tags.forget(session, who)
    tags_said.forget(session, who)


def _prove(request: Request, rows: Sequence[StepRow], plan: Plan | None) -> None:
    """Prove that all is done: a claim about the plan's steps, not about those that exist."""
    if plan is None or not plan.steps:
        raise Drift(f"request {request.id} has no plan, so nothing was done for it")
    have = {r.id for r in rows}
    lost = [s.name for s in plan if f"{request.id}-{s.name}" not in have]
    if lost:
        raise Drift(f"request {request.id} lost steps of its plan: {', '.join(lost)}")


def _told_of_all(
    request: Request, rows: Sequence[StepRow], plan: Plan, found: Sequence[Line]
) -> None:
    """
    Prove that the outcome names every collection of every step that a person is told about.

    Source: PIPL 50; compliance audit guide item 17(2) (complete outcome).
    """
    # A switch has a line of its own, named after its collection.
    told = {(f"{line.store}.{line.collection.partition('#')[0]}", line.action) for line in found}
    known = {row.id: row for row in rows}
    lost = [
        f"{path} ({step.action})"
        for step in plan
        for path in missing_from(known[f"{request.id}-{step.name}"], step.collections, told)
    ]
    if lost:
        raise Drift(f"the outcome of request {request.id} leaves out {', '.join(lost)}")
