"""
Move a request one notch forward.

``begin`` and ``settle`` are level-triggered: they look at the rows, not at who called them,
and ask what comes next. Calling them twice is harmless, so recovery from any crash is to call
again, which the sweep does for every request whose time has come. A step that crashed is one
whose lease lapsed; a step that met an unreachable store is one that may start later.

Each is one transaction under the request's row lock, so two workers cannot claim one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.actions import FINAL, IRREVERSIBLE, Action
from rights.domain.errors import Fenced, LevelTooLow
from rights.domain.lifecycle import CALLED_OFF, Event, State, Wait
from rights.logs import at_work
from rights.services import (
    audit,
    cooling,
    law_levels,
    meanwhile,
    not_me,
    requests,
    simplified,
    undecided,
)
from rights.services.points import tell
from rights.services.steps import steps_of
from rights.store import rows as direct
from rights.store.db import transaction
from rights.store.models import Request, StepRow, StepState
from workflows import (
    admission,
    breakers,
    counted,
    finish,
    leaving_out,
    locating,
    package_reviews,
    restart,
    standing,
    together,
    trust,
    turns,
    written,
)
from workflows.claims import (
    Again,
    Anew,
    Ask,
    Claim,
    Done,
    Failed,
    Later,
    Outcome,
    PackageKey,
    Settled,
)
from workflows.floor import Floor
from workflows.handing import hand_back, ring
from workflows.leases import give_up
from workflows.plan import Plan, Step
from workflows.planned import wants_approval
from workflows.plans import read_plan
from workflows.steprows import add_steps, first_step, may_start

FINISHED: Final = (StepState.DONE, StepState.LEFT_OUT)


class Kept(NamedTuple):
    """What this process still has in memory from the step before, and which one that was."""

    keys: KeySet | None = None
    package: PackageKey | None = None
    leaving: str = ""


NOTHING_KEPT: Final = Kept()


def begin(floor: Floor, request_id: str) -> Claim | None:
    """Claim the next ready step of a request, if there is one."""
    return _held(floor, _begin(floor, request_id))


def _begin(floor: Floor, request_id: str) -> Claim | None:
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        if request.state is not State.IN_PROGRESS:
            return None
        _enough(floor, request)
        if not_me.stopped(request):
            _hold(session, request, Wait.TASK, floor.now())
            return None
        if wait := standing.waits(session, floor.context, request, floor.now()):
            _hold(session, request, wait, floor.now())
            if wait is Wait.NEEDS_INFO:
                tell(session, request, request.needs, now=floor.now())
            return None
        now = floor.now()
        if cooling.hold(session, request, now=now) or turns.put_off(session, request, now):
            return None
        rows = steps_of(session, request_id)
        if not rows:
            meanwhile.overtaken(session, request, now=now)
            simplified.begin(session, floor.context, request, now=now)
            planning = leaving_out.asking(session, request, first_step(request))
            first = [*standing.decided_first(session, request), planning]
            session.add_all(first)
            return _next(session, floor, request, first, None, approved=True)
        plan, approved = read_plan(session, request_id)
        return _next(session, floor, request, rows, plan, approved=approved)


def settle(floor: Floor, claim: Claim, outcome: Outcome) -> Claim | None:
    """
    Write down what became of a step, and claim the next one.

    Raises:
        Fenced: the step was taken over, or the request called off; nothing is written.
    """
    with at_work(request_id=claim.request.id, step_id=claim.step_id):
        breakers.heard(floor, claim, outcome)
        if isinstance(outcome, Again):
            hand_back(floor, claim)
            counted.settled(claim, outcome)
            return None
        floor.leases.release(claim.step_id)
        following = _settle(floor, claim, outcome)
        counted.settled(claim, outcome)
        return _held(floor, following)


def _held(floor: Floor, claim: Claim | None) -> Claim | None:
    """Begin the heartbeat once the claim is committed: before, it would not find the row."""
    if claim is not None:
        floor.leases.hold(claim.step_id, claim.fence)
    return claim


def _settle(
    floor: Floor, claim: Claim, outcome: Done | Later | Failed | Ask | Anew
) -> Claim | None:
    with transaction(floor.register) as session:
        following = _written(session, floor, claim, outcome)
        admission.left(session, floor, claim.step_id, claim.places)
        return following


def _written(session: Session, floor: Floor, claim: Claim, outcome: Settled) -> Claim | None:
    request = requests.locked(session, claim.request.id)
    rows = steps_of(session, request.id)
    row = next(r for r in rows if r.id == claim.step_id)
    over = row.state is not StepState.RUNNING or row.fence != claim.fence
    begins_anew = isinstance(outcome, (Ask, Anew)) and not_me.stopped(request)
    if over or begins_anew or request.state in CALLED_OFF:
        raise Fenced(f"step {claim.step_id} was taken over or called off: nothing is written")
    if isinstance(outcome, Ask):
        restart.ask_person(session, floor, request, outcome)
        return None
    if isinstance(outcome, Anew):
        if restart.untouched(rows, row):
            anew = restart.plan_anew(session, request, rows, floor.now(), outcome)
            return _next(session, floor, request, [anew], None, approved=True)
        outcome = Failed(outcome.code, outcome.note)
    with direct.gathered(session):
        plan = written.write(session, floor, request, row, claim, outcome) or claim.plan
    if made := outcome_plan(outcome):
        rows = [*rows, *add_steps(session, request, made)]
    rows = [*rows, *package_reviews.keep_back(session, floor, request, rows, outcome)]
    if request.state is not State.IN_PROGRESS:
        return None
    kept = _kept(claim, outcome)
    approved = outcome_plan(outcome) is None or not wants_approval(floor, claim)
    return _next(session, floor, request, rows, plan, kept, approved=approved)


def outcome_plan(outcome: Outcome) -> Plan | None:
    """Return the plan that an outcome brought, if it did."""
    return outcome.plan if isinstance(outcome, Done) else None


def _kept(claim: Claim, outcome: Outcome) -> Kept:
    if not isinstance(outcome, Done):
        return Kept(claim.keys, claim.package, claim.step_id)
    return Kept(outcome.keys or claim.keys, outcome.made or claim.package, claim.step_id)


def _enough(floor: Floor, request: Request) -> None:
    """The minimum level holds here too, whatever the door let through."""
    about = (request.kind, request.option, request.regimes, request.received_at)
    if request.level < law_levels.least(floor.context, *about):
        raise LevelTooLow(
            f"request {request.id} was let through below its level: nothing is done for it"
        )


def _next(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan | None,
    kept: Kept = NOTHING_KEPT,
    *,
    approved: bool,
) -> Claim | None:
    """Claim a ready step of the first unfinished phase; hold or finish when there is none."""
    now = floor.now()
    phase = _current(rows)
    if not phase:
        finish.finish(session, floor, request, rows, plan, now=now)
        if request.kind in turns.ERASING:
            turns.let_go(session, request, now)  # others are let go when they are tidied up
        return None
    if plan is not None and not approved:
        _hold(session, request, Wait.APPROVAL, now)
        return None
    give_up(phase, now)
    trust.let_go(session, floor, request, phase)
    locating.let_go(session, floor, request, phase)
    ready = [row for row in phase if may_start(row, now)]
    if not ready:
        _wait(session, request, phase, now)
        return None
    if _put_off(session, floor, request, ready[0], now):
        return None
    if together.stale(session, floor.context, request, ready[0], rows):
        anew = restart.plan_anew(session, request, rows, now)
        return _next(session, floor, request, [anew], None, approved=True)
    let = admission.first(session, floor, request, ready, now, kept.leaving)
    if let.row is None:
        _wait(session, request, phase, now, let.again_at)
    return _let_in(session, floor, request, let, rows, plan, kept)


def _put_off(session: Session, floor: Floor, request: Request, row: StepRow, now: datetime) -> bool:
    """Tell whether *row* waits for who decides on a denial, or for the person's other requests."""
    if row.action in FINAL and undecided.wait(session, floor.context, request, now=now):
        return True
    if turns.held_up(session, request, row):
        turns.later(session, request, now)
        return True
    return False


def _let_in(
    session: Session,
    floor: Floor,
    request: Request,
    let: admission.Let,
    rows: Sequence[StepRow],
    plan: Plan | None,
    kept: Kept,
) -> Claim | None:
    if let.row is None:
        return None
    now = floor.now()
    for _ in range(let.others):
        ring(session, request, now)  # the other stores of this phase, side by side
    _begun(session, request, let.row, now)
    claim = _claim(floor, request, let.row, rows, plan, kept, now)
    return replace(claim, places=let.places)


def _begun(session: Session, request: Request, row: StepRow, now: datetime) -> None:
    """
    Note what cannot be undone before it is done: no entry, no effect.

    One entry lasts for all the turns of a step that is given back and taken up again.
    """
    given_back = row.state is StepState.TODO and row.started_at is not None and not row.code
    if row.action not in IRREVERSIBLE or given_back:
        return
    request.irreversible_at = request.irreversible_at or now
    data = {"step": row.id.partition("-")[2], "fence": row.fence + 1}
    audit.append(session, request, [audit.Line("step_started", "system", data)], now=now)


def _current(rows: Sequence[StepRow]) -> list[StepRow]:
    """Return the unfinished steps of the first phase that has any."""
    waiting = [row for row in rows if row.state not in FINISHED]
    first = min((row.phase for row in waiting), default=None)
    return [row for row in waiting if row.phase == first]


def _claim(
    floor: Floor,
    request: Request,
    row: StepRow,
    rows: Sequence[StepRow],
    plan: Plan | None,
    kept: Kept,
    now: datetime,
) -> Claim:
    row.state, row.lease_owner = StepState.RUNNING, floor.worker
    row.fence, row.attempts = row.fence + 1, row.attempts + 1
    row.next_at = now + floor.leases.lease
    row.started_at = row.started_at or now
    request.next_at = row.next_at
    step = _step_of(plan, row)
    results = {r.id: r.result for r in rows if r.state in FINISHED}
    return Claim(
        request, row.id, row.fence, step, plan, kept.keys, results, tuple(rows), kept.package
    )


def _step_of(plan: Plan | None, row: StepRow) -> Step | None:
    if plan is None or row.action == Action.PREPARE:
        return None
    name = row.id.partition("-")[2]
    return next(s for s in plan if s.name == name)


def _wait(
    session: Session,
    request: Request,
    phase: Sequence[StepRow],
    now: datetime,
    again_at: datetime | None = None,
) -> None:
    """Nothing can start now: because of a person, a store (*again_at*), or another worker."""
    if any(row.state in (StepState.MANUAL, StepState.FAILED) for row in phase):
        busy = any(row.state in (StepState.RUNNING, StepState.TODO) for row in phase)
        if not busy:
            _hold(session, request, Wait.TASK, now)
            return
    times = [row.next_at for row in phase if row.next_at is not None and row.next_at > now]
    times += [again_at] if again_at else []
    request.next_at = min(times, default=now + timedelta(seconds=30))
    later = any(row.state is StepState.TODO for row in phase)
    request.wait = Wait.STORE if later else Wait.NONE


def _hold(session: Session, request: Request, wait: Wait, now: datetime) -> None:
    request.wait = wait
    request.next_at = None
    data = {"wait": str(wait)}
    requests.record(session, request, Event.HELD, actor="system", now=now, data=data)
