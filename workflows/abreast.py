"""
Several people's erasures side by side in one worker, so that each store is asked once for all.

Where many wait, a worker that takes up one erasure takes up those of the same kind behind it as
well. They go forward step by step together; each keeps its own plan, fence, journal and outcome,
and whoever cannot keep up with the others goes on alone.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from rights.domain.errors import Fenced, LevelTooLow, NotFound
from rights.domain.lifecycle import State, Wait
from rights.logs import get
from rights.store.db import reading
from rights.store.models import Request, StepRow, StepState
from workflows import jointly
from workflows.advance import begin, settle
from workflows.claims import Claim
from workflows.floor import ERASING, Floor
from workflows.handing import hand_back
from workflows.perform import performed

LOOKED_AT: Final = 400
"""Requests that are looked at for companions: the question must not cost more than it saves."""

FEW: Final = 24
"""Companions that one may always have, however short the line."""

SHARE: Final = 8
"""One worker takes no more than one part in so many of what waits: others are free to begin too."""


def companions(floor: Floor, claim: Claim) -> list[str]:
    """
    Return the erasures of the same kind that wait behind *claim*'s, the oldest first.

    Where they cannot be looked for, nobody keeps the claimed step alive any longer.
    """
    try:
        return _waiting_behind(floor, claim.request)
    except BaseException:
        floor.leases.release(claim.step_id)
        raise


def _waiting_behind(floor: Floor, mine: Request) -> list[str]:
    most = floor.context.settings.people_abreast - 1
    if most < 1 or mine.kind not in ERASING:
        return []
    with reading(floor.register) as session:
        waiting = (
            select(Request)
            .where(col(Request.next_at).is_not(None))
            .order_by(col(Request.next_at))
            .limit(LOOKED_AT)
        )
        other = aliased(Request, waiting.subquery())
        at_work = exists().where(
            col(StepRow.request_id) == other.id, col(StepRow.state) == StepState.RUNNING
        )
        query = select(other.id).where(
            other.id != mine.id,
            other.kind == mine.kind,
            other.option == mine.option,
            other.state == State.IN_PROGRESS,
            other.wait == Wait.NONE,
            ~at_work,
        )
        found = session.exec(query).all()
        return list(found[: taken_along(len(found), most)])


def taken_along(waiting: int, most: int) -> int:
    """Return how many of those that wait behind one go along with it."""
    return min(most, max(FEW, waiting // SHARE))


def work_on(floor: Floor, request_ids: Sequence[str]) -> None:
    """Claim and run steps of several requests until nothing is ready or the turn is over."""
    _work_on(floor, [], request_ids)


def go_on(floor: Floor, claim: Claim, others: Sequence[str]) -> None:
    """Run *claim* and what follows it beside the steps of the *others*."""
    _work_on(floor, [claim], others)


def _work_on(floor: Floor, held: list[Claim], request_ids: Sequence[str]) -> None:
    until = time.monotonic() + floor.context.settings.inline_s
    try:
        held += (claim for one in request_ids if (claim := _begun(floor, one)))
        claims = list(held)
        while claims:
            if time.monotonic() > until:
                for claim in claims:
                    hand_back(floor, claim)
                return
            together, claims = _light(floor, claims), []
            for group in _groups(together):
                for new in _round(floor, group):
                    claims.append(new)
                    held.append(new)
    except BaseException:
        # Whatever ends this early ends every heartbeat, or nobody could take the others over.
        for claim in held:
            floor.leases.release(claim.step_id)
        raise


def _begun(floor: Floor, request_id: str) -> Claim | None:
    try:
        return begin(floor, request_id)
    except LevelTooLow as error:
        get().error("request.level_too_low", request_id=request_id, code=error.code)
    except (Fenced, NotFound) as error:
        get().info("request.not_begun", request_id=request_id, code=error.code)
    return None


def _light(floor: Floor, claims: Sequence[Claim]) -> list[Claim]:
    """Return those that may go together: somebody with very many rows goes alone."""
    heavy = [c for c in claims[1:] if jointly.heavy(c)]
    away = list(claims[1:]) if jointly.heavy(claims[0]) else heavy
    for claim in away:
        hand_back(floor, claim)
    gone = {claim.step_id for claim in away}
    return [claim for claim in claims if claim.step_id not in gone]


def _groups(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Return claims of equal action, store and map together, in the order they came."""
    out: dict[Hashable, list[Claim]] = {}
    for claim in claims:
        out.setdefault(jointly.likeness(claim), []).append(claim)
    return list(out.values())


def _round(floor: Floor, group: Sequence[Claim]) -> Iterator[Claim]:
    """Run one step of each, and yield what comes next."""
    together = jointly.perform(floor, group) if len(group) > 1 else {}
    for claim in group:
        try:
            outcome = together.get(claim.step_id) or performed(floor, claim)
            new = settle(floor, claim, outcome)
        except Fenced as error:
            get().info("step.fenced", request_id=claim.request.id, code=error.code)
            continue
        if new is not None:
            yield new
