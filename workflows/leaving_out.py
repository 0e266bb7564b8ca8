"""
A plan without what two people left out of it: each part is a step of its own, refused by name.

What is left out is neither erased nor read, and so is not read back either; the outcome names it
with its reason, as it does every step that is not done.

Source: PIPL 45, 50; GDPR 12(4); decided in ADR 0087.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from sqlmodel import Session

from rights.domain.actions import Action
from rights.domain.errors import Refused
from rights.services import parts_left_out
from rights.services.part_choices import ACTIONS
from rights.services.replanning import asking as asks
from rights.store.db import reading
from rights.store.models import Request, StepRow
from workflows.floor import Floor
from workflows.plan import Step

LEFT_OUT: Final = "a part was left out"
"""Why a plan waits for an approval whatever the kind of its request."""


def asking(session: Session, request: Request, first: StepRow) -> StepRow:
    """
    Return the step that makes a plan; where parts were left out, that plan is approved.

    Also where a law that was added knows no reason for it: what two people left out is done only
    once somebody let that through.
    """
    if parts_left_out.decided(session, request.id):
        first.result = {**first.result, **asks(LEFT_OUT, "part_left_out")}
    return first


def steps(floor: Floor, request: Request, planned: tuple[Step, ...]) -> tuple[Step, ...]:
    """
    Return the steps of a request without what was left out of it.

    Raises:
        Refused: nothing is left to be done. That is a denial, and no plan.
    """
    with reading(floor.register) as session:
        left = parts_left_out.in_force(session, request)
    if not left:
        return planned
    found = tuple(one for step in planned for one in _parted(step, left))
    if not any(s.action in ACTIONS and not s.refused for s in found):
        raise Refused("everything of this plan is left out with a reason: deny the request")
    return found


def _parted(step: Step, left: Mapping[str, str]) -> Iterator[Step]:
    """Yield a step without what is left out of it, and a refused one for each reason."""
    stays = [path for path in step.collections if path in left]
    if step.refused or not stays or step.action not in ACTIONS | {Action.VERIFY}:
        yield step
        return
    if rest := tuple(path for path in step.collections if path not in left):
        yield replace(step, collections=rest)
    if step.action is not Action.VERIFY:
        yield from _refused(step, stays, left)


def _refused(step: Step, stays: Iterable[str], left: Mapping[str, str]) -> Iterator[Step]:
    by_code: dict[str, list[str]] = {}
    for path in stays:
        by_code.setdefault(left[path], []).append(path)
    for number, (code, paths) in enumerate(sorted(by_code.items()), start=1):
        part = "-".join(filter(None, (step.part, f"left-{number}")))
        yield replace(step, collections=tuple(paths), manual="", part=part, refused=code)
