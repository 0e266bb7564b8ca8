"""
Run one claimed step.

Whatever a store does wrong comes back as an outcome: unreachable means later, refused or
misconfigured means a person. Nothing here catches ``Exception``: RQ's timeout is one, and a
bug must look like a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rights import metrics, traces
from rights.domain.actions import Action
from rights.domain.errors import (
    ConfigError,
    Drift,
    Misconfigured,
    Overloaded,
    Refused,
    Transient,
    Unfinished,
)
from rights.logs import at_work, get
from workflows import actions, answering, counted, packing, preparing, strain
from workflows.claims import Again, Anew, Claim, Failed, Later, Outcome
from workflows.floor import Floor

DO: Final[Mapping[Action, Callable[[Floor, Claim], Outcome]]] = MappingProxyType(
    {
        Action.PREPARE: preparing.prepare,
        Action.COUNT: actions.count,
        Action.COLLECT: packing.collect,
        Action.CORRECT: actions.correct,
        Action.CHOOSE: actions.choose,
        Action.ERASE: actions.erase,
        Action.RESTRICT: actions.restrict,
        Action.SUPPRESS: actions.suppress,
        Action.CLOSE: actions.close,
        Action.LIFT: actions.lift,
        Action.RESUME: actions.resume,
        Action.VERIFY: actions.verify,
        Action.PACKAGE: answering.package,
    }
)
"""What runs for each action. REVIEW is for people and never runs."""


def perform(floor: Floor, claim: Claim) -> Outcome:
    """
    Do the work of *claim*.

    Raises:
        Fenced: the lease was lost on the way; the newer worker goes on.
    """
    action = claim.step.action if claim.step else Action.PREPARE
    log = get().bind(request_id=claim.request.id, step=str(action))
    try:
        strain.check(floor, claim)
        outcome = DO[action](floor, claim)
    except Unfinished:
        return Again()
    except Transient as error:
        log.warning("step.later", code=error.code, attempts=claim.fence)
        busy = error if isinstance(error, Overloaded) else None
        return Later(error.code, str(error)[:400], error.retry_after, busy)
    except Drift as error:
        log.warning("plan.drifted", code=error.code)
        return Anew(error.code, str(error)[:400], error.why)
    except (Refused, Misconfigured, ConfigError) as error:
        log.warning("step.failed", code=error.code)
        return Failed(error.code, str(error)[:400])
    log.info("step.done", attempts=claim.fence)
    return outcome


def performed(floor: Floor, claim: Claim) -> Outcome:
    """Run a step; whatever ends it early also ends its heartbeat, or nobody could take over."""
    labels = counted.labels(claim)
    ids = {"request_id": claim.request.id, "step_id": claim.step_id, "store": labels["store"]}
    try:
        traced = traces.span("step", claim.request.id, step_id=claim.step_id, **labels)
        with at_work(**ids), metrics.timed("rights_step_seconds", **labels), traced:
            return perform(floor, claim)
    except BaseException:
        floor.leases.release(claim.step_id)
        raise
