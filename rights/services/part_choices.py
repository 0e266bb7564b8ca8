"""
What of a request can be left out before its plan is approved, and with which reasons.

A part is a collection of the plan that is read, erased or restricted. Whatever is left out, the
rest is done; to leave everything out is a denial.

Source: PIPL 45, 50; GDPR 12(4), 15(4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlmodel import Session

from rights.domain import hanging
from rights.domain.actions import Action
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.kinds import Option
from rights.domain.lifecycle import State, Wait
from rights.services import reasons, replanning, written_answers
from rights.services.context import Context
from rights.services.denials import NO_GROUND
from rights.services.steps import steps_of
from rights.store.models import PlanRow, Request, StepState

ACTIONS: Final = frozenset({Action.COLLECT, Action.COUNT, Action.ERASE, Action.RESTRICT})
"""What is done to a collection that can be left out."""

_WAITS: Final = (Wait.APPROVAL, Wait.TASK, Wait.STORE, Wait.DECISION)


def check(
    session: Session, context: Context, request: Request, parts: Mapping[str, str], facts: str
) -> None:
    """
    Make sure that *parts*, path to reason, can be left out of *request* as it stands now.

    Raises:
        Conflict: like :func:`stands`; or everything would be left out.
        Invalid: names every collection that is none of the plan, every reason that is none for
            this kind under these laws or for that collection, what stays and hangs on what goes,
            and missing facts.
    """
    plan = stands(session, request)
    known = paths(plan)
    wrong = [*_wrong(context, request, plan, parts), *_unsaid(context, request, parts, facts)]
    if wrong:
        raise Invalid("this cannot be left out like that", wrong)
    if parts and not known - parts.keys():
        message = "that leaves everything out: it is a denial, and is proposed as one"
        raise Conflict(message, code="all_left_out")


def stands(session: Session, request: Request) -> PlanRow:
    """
    Return the plan of which parts can still be left out.

    Raises:
        Conflict: it was approved or work on it has begun, there is none yet, or somebody is at it.
    """
    plan = session.get(PlanRow, request.id)
    steps = steps_of(session, request.id)
    if plan is not None and (plan.approved_at is not None or replanning.begun(steps)):
        message = "the plan was approved, or its work has begun: leave single steps out"
        raise Conflict(message, code="plan_settled")
    if plan is None or not waits(request) or any(s.state is StepState.RUNNING for s in steps):
        message = "there is no plan yet that waits for staff"
        raise Conflict(message, code="plan_not_waiting")
    return plan


def waits(request: Request) -> bool:
    """Return whether a request waits for something that a plan made anew may answer."""
    return request.state is State.ON_HOLD and request.wait in _WAITS


def paths(plan: PlanRow) -> frozenset[str]:
    """Return the collections of a plan that can be left out, those that are among them."""
    return frozenset(_paths(plan.body))


def _paths(body: Mapping[str, Any]) -> Iterator[str]:
    for step in body["steps"]:
        if step["action"] in ACTIONS:
            yield from step["collections"]


def _wrong(
    context: Context, request: Request, plan: PlanRow, parts: Mapping[str, str]
) -> Iterator[FieldError]:
    known = paths(plan)
    allowed = reasons.for_a_part(request.kind, request.regimes)
    for path, code in parts.items():
        if path not in known:
            yield FieldError(f"part.{path}", "is nothing of this plan", rule="not_shown")
        elif code not in allowed:
            message = f"is no reason for this kind under {', '.join(request.regimes)}"
            yield FieldError(f"part.{path}", message, allowed)
        elif code == NO_GROUND and not _groundless(plan, path):
            message = "there is a ground to delete it, or nobody looked"
            yield FieldError(f"part.{path}", message, rule="ground_there")
    if _deletes(request, plan):
        for path, parent in hanging.lost(context.datamap, parts.keys(), known - parts.keys()):
            message = f"hangs on {parent}, which would go: leave that out as well"
            yield FieldError(f"part.{path}", message, rule="hangs_on", bound=parent)


def _groundless(plan: PlanRow, path: str) -> bool:
    """Return whether every ground was looked at for a collection, and none applies."""
    judged = plan.body.get("grounds", {}).get(path)
    return bool(judged) and not any(judged.values())


def _deletes(request: Request, plan: PlanRow) -> bool:
    erases = any(step["action"] == Action.ERASE for step in plan.body["steps"])
    return erases and request.option is not Option.ANONYMISE


def _unsaid(
    context: Context, request: Request, parts: Mapping[str, str], facts: str
) -> Iterator[FieldError]:
    known = reasons.catalogue()
    wanted = any(known[code].facts for code in parts.values() if code in known)
    if parts:
        written_answers.check(context, request, facts)
    if wanted and not facts.strip():
        message = "say what is the case, in words for the person"
        yield FieldError("facts", message, rule="missing")
