"""
Do a correction again after a restore, without overwriting what somebody entered since.

The value that was there before is in the capsule, so a row is set only where it holds that one
again. Where it was not known, the store's journal tells: a store that was not restored knows the
step by its id and does nothing; in one that was, the journal is as old as the data. In a store
that is named as restored, every value is older than the correction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from sqlmodel import select

from connectors.sdk import Change, Connector, Expect, Target, Work
from rights.domain.actions import Action
from rights.store.db import reading
from rights.store.models import Request, StepRow, StepState
from workflows import correcting, returned
from workflows.floor import Floor
from workflows.outcome import by_hand
from workflows.plan import Step
from workflows.returned import Closed
from workflows.targets import targets

Unit = tuple[Connector, Target, Work, tuple[Change, ...]]


@dataclass(slots=True)
class Corrected:
    """
    What came of it.

    Args:
        differs: Collection to rows that hold a value that is neither the corrected nor the
            earlier one: edited since, or restored from before that. Staff look.
    """

    affected: dict[str, int] = field(default_factory=dict)
    differs: dict[str, int] = field(default_factory=dict)


def correct_again(
    floor: Floor, one: Closed, stores: Collection[str] | None, again: str
) -> Corrected:
    """
    Set the corrected values where a restore undid them.

    Args:
        stores: The stores that were restored; None where nobody said.
        again: How a step is called that is done anew.

    Raises:
        ConnectorError: a store could not be asked.
    """
    out = Corrected()
    fences = _done(floor, one.request)
    for step in returned.existing(floor.context.datamap, one.plan):
        own = f"{one.request.id}-{step.name}"
        here = stores is None or step.store in stores
        if step.action is not Action.CORRECT or own not in fences or not here:
            continue
        for unit in _units(floor, one, step, f"{again}-{step.name}"):
            path, before = unit[1].collection.path, _wrong(unit)
            if before:
                _act(unit, own, fences[own], named=stores is not None)
                left = _wrong(unit)
                out.affected[path], out.differs[path] = before - left, left
    out.differs = {path: rows for path, rows in out.differs.items() if rows}
    return out


def _act(unit: Unit, own: str, fence: int, *, named: bool) -> None:
    connector, target, work, changes = unit
    if named:
        changes = tuple(replace(c, check_old=False) for c in changes)
    elif not all(c.check_old for c in changes):
        if connector.manifest.journal != "transaction":
            return  # nothing tells a restored value from a newer one
        work = replace(work, step_id=own, fence=fence + 1)
    connector.correct(target, work, changes)  # type: ignore[attr-defined]  # it did so before


def _wrong(unit: Unit) -> int:
    connector, target, work, changes = unit
    found = connector.verify(target, work, Expect.CORRECTED, changes=changes)  # type: ignore[attr-defined]  # as above
    return int(found.rows)


def _done(floor: Floor, request: Request) -> dict[str, int]:
    """Return the correcting steps that a connector really did, with their fences."""
    query = select(StepRow).where(
        StepRow.request_id == request.id, StepRow.action == Action.CORRECT
    )
    with reading(floor.register) as session:
        rows = session.exec(query).all()
    return {r.id: r.fence for r in rows if r.state is StepState.DONE and not by_hand(r)}


def _units(floor: Floor, one: Closed, step: Step, step_id: str) -> Iterator[Unit]:
    changes = correcting.changes(floor.context.datamap, one.request.option, one.values, one.keys)
    for connector, target, work in targets(floor, one.claim(step, step_id, one.keys)):
        yield connector, target, work, changes[target.collection.path]
