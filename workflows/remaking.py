"""
Write the copy of a closed request anew; publish nothing.

The stores are read again by the steps of the plan that made the copy before. Their keys are found
again, since those of then are gone.

Source: PIPL 45; NDSR 25(1)(4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rights.domain.actions import Action
from rights.domain.errors import Drift, Refused
from rights.services.additions import KIND
from rights.store.models import Request, StepRow, StepState
from workflows import actions, answering, packing, preparing
from workflows.claims import Claim, Done, PackageKey
from workflows.floor import Floor
from workflows.outcome import READING, by_hand
from workflows.packages.spool_index import SpoolIndex
from workflows.plan import Plan, Step

_KEPT: Final = ("files", "alerts", "apart", "withheld")
"""What the package step notes of a package."""


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One try.

    Args:
        fence: Its number; ``round``: how often something was let through before it began.
    """

    id: str
    fence: int
    round: int
    request: Request = field(repr=False)
    plan: Plan = field(repr=False)
    rows: tuple[StepRow, ...] = field(repr=False)
    package: PackageKey


@dataclass(frozen=True, slots=True)
class Made:
    """
    A copy that was written and not published yet.

    Args:
        results: Step id to what its step found now.
        gone: Collections of which there is less than in the copy before.
    """

    done: Done = field(repr=False)
    results: Mapping[str, Mapping[str, Any]]
    gone: tuple[str, ...]


def make(floor: Floor, turn: Turn) -> Made:
    """
    Read the stores by the plan's own steps and write the copy.

    Raises:
        Drift: the data map has no more what the plan read.
        Refused: it is not known any more whose request this is, or the person would be asked.
    """
    base = Claim(turn.request, turn.id, turn.fence, None, turn.plan, package=turn.package)
    found = preparing.prepare(floor, base)
    if not isinstance(found, Done):
        raise Refused("the person would have to be asked who they are: answer a new request")
    rows = [_as_of_now(row, found) for row in turn.rows]
    results = {r.id: r.result for r in rows if r.state in (StepState.DONE, StepState.LEFT_OUT)}
    claim = replace(base, keys=found.keys, results=results, rows=tuple(rows))
    fresh = {
        f"{turn.request.id}-{step.name}": _read(floor, claim, step)
        for step in _reading(floor, turn)
    }
    gone = _gone(results, fresh)
    told = {**results, **fresh, KIND: {"gone": gone}}
    last = next(s for s in turn.plan if s.action is Action.PACKAGE)
    done = answering.package(floor, replace(claim, step=last, results=told))
    if not isinstance(done, Done):
        raise Refused("no copy came of it")
    fresh[f"{turn.request.id}-{last.name}"] = {k: done.result.get(k) for k in _KEPT}
    return Made(done, fresh, gone)


def _as_of_now(row: StepRow, found: Done) -> StepRow:
    """Return a step with whom the request is about as that is known now."""
    if row.action != Action.PREPARE:
        return row
    return StepRow(**{**row.model_dump(), "result": dict(found.result)})


def _reading(floor: Floor, turn: Turn) -> list[Step]:
    """
    Return the steps whose stores are read again: not what was left out or done by hand.

    Raises:
        Drift: what one of them read is not in the data map any more.
    """
    known = {c.path for c in floor.context.datamap.collections}
    done = {r.id: r for r in turn.rows if r.state is StepState.DONE and not by_hand(r)}
    steps = [s for s in turn.plan if s.action in READING and f"{turn.request.id}-{s.name}" in done]
    if lost := sorted({p for s in steps for p in s.collections} - known):
        raise Drift(f"the data map has no {', '.join(lost)} any more, which the copy was made of")
    return steps


def _read(floor: Floor, claim: Claim, step: Step) -> Mapping[str, Any]:
    act = packing.collect if step.action is Action.COLLECT else actions.count
    outcome = act(floor, replace(claim, step=step))
    if not isinstance(outcome, Done):
        raise Refused("the person would have to be asked again: answer a new request")
    return outcome.result


def _gone(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the collections of which there is less than there was."""
    had, have = _held(before), _held(now)
    return tuple(path for path, count in had.items() if have.get(path, 0) < count)


def _held(results: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    spools = (SpoolIndex.from_json(r["spool"]) for r in results.values() if "spool" in r)
    return {of.collection: of.records + of.documents for s in spools for of in s.collections}
