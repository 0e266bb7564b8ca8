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
from rights.domain.errors import Drift
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import Event
from rights.services import cooling, kept_tags, person_keys, preferences, requests, webhooks
from rights.services.notices import ask_for
from rights.services.persons import persons
from rights.store.models import Request, StepRow, StepState
from rights.store.rows import gathered
from workflows import aftercare, disputing, lifting, receipting, switching, untagging
from workflows.floor import ERASING, Floor
from workflows.keyring import opened_keys
from workflows.outcome import complete, lines
from workflows.partial import in_use, of_a_part
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
        Drift: it has no plan, or steps of its plan are not there. All of nothing is not done.
    """
    _prove(request, rows, plan)
    if plan is None:
        return
    found = lines(rows, {f"{request.id}-{s.name}": s.collections for s in plan})
    whole = complete(found) and not any(r.state is StepState.LEFT_OUT for r in rows)
    event = Event.COMPLETED if whole else Event.PARTLY_COMPLETED
    frozen = cache(lambda: opened_keys(session, floor.context.vault, request.id))
    # What is read here was committed before, and what is written is read by nobody before the end.
    with session.no_autoflush, gathered(session):
        receipting.write(session, floor, request, rows, found, plan, now=now)
        aftercare.begin(session, floor, request, rows, plan, frozen, now=now)
        disputing.end(session, floor, request, found, frozen, partly=in_use(request, rows))
        _turned(session, floor, request, rows, plan, frozen, now=now)
        if request.kind in (Kind.RECOMMENDATION_OPT_OUT, Kind.CONSENT_WITHDRAWAL):
            stores = sorted({s.store for s in plan if s.store})
            preferences.confirmed(session, request.id, stores=stores, now=now)
        if receipting.packaged(rows):
            webhooks.publish(session, request, "package.ready", now=now)
            ask_for(session, request, "package_ready", now=now)
        said = {"lines": len(found)}
        requests.record(session, request, event, actor="system", now=now, data=said)
    _forget(session, floor, request, frozen, whole=whole)
    lifting.ended(session, floor, request, frozen, whole=not in_use(request, rows))


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
    """Write down what was turned on again, or is not to be computed again."""
    if request.option is Option.SWITCH_ON:
        switching.finished(session, floor.context, request, rows, plan, frozen, now=now)
    if request.option is Option.TAGS_DELETE:
        untagging.finished(session, floor, request, frozen(), now=now)


def _forget(
    session: Session, floor: Floor, request: Request, frozen: Callable[[], KeySet], *, whole: bool
) -> None:
    """
    Let passkeys, authenticator apps and what keeps tags away go with whom they belong to; and what
    waits to erase the same account does not wait for the next one.

    Not where a deletion took a part only: the account lives on.
    """
    if request.kind not in ERASING or of_a_part(request):
        return
    cooling.end_others(session, request, now=floor.now())
    if not whole:
        return
    context = floor.context
    who = persons(context.vault, context.datamap, frozen())
    person_keys.forget(session, who)
    kept_tags.forget(session, who)


def _prove(request: Request, rows: Sequence[StepRow], plan: Plan | None) -> None:
    """Prove that all is done: a claim about the plan's steps, not about those that exist."""
    if plan is None or not plan.steps:
        raise Drift(f"request {request.id} has no plan, so nothing was done for it")
    have = {r.id for r in rows}
    lost = [s.name for s in plan if f"{request.id}-{s.name}" not in have]
    if lost:
        raise Drift(f"request {request.id} lost steps of its plan: {', '.join(lost)}")
