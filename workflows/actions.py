"""What each action does with a connector: one function per action, one receipt per collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from connectors.sdk import Connector, Receipt, Standing, Switch, Target, Verb, Work
from rights.domain.actions import Action
from rights.domain.errors import Drift
from rights.domain.kinds import Option
from rights.domain.tags import REMOVED
from rights.logs import get
from rights.services import held_rows
from rights.store.models import StepState
from workflows import anonymising, choosing, correcting, escrow, holding, lastword, lifting
from workflows.approved import unchanged
from workflows.claims import Claim, Done, Failed, Later, Outcome
from workflows.counting import found_json
from workflows.floor import Floor
from workflows.holding import Seen
from workflows.holds import Rulings, rulings_of, with_legal_holds
from workflows.lastword import Asked
from workflows.plan import Step
from workflows.scopes import restrictable
from workflows.targets import expectation, for_switch, keys_of, tagged, targets

SMALL: Final = 2_000
"""Frozen keys up to which a step's collections share a transaction: whales must not."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

Row = tuple[Connector, Target, Work]


def count(floor: Floor, claim: Claim) -> Outcome:
    """Count what is held, per collection."""
    found = {
        target.collection.path: found_json(connector.locate(target, work))  # type: ignore[attr-defined]  # the planner checked the manifest for the verb
        for connector, target, work in targets(floor, claim)
    }
    return Done({"found": found})


def erase(floor: Floor, claim: Claim) -> Outcome:
    """Erase, children first within the store; what is held is looked up before anything goes."""
    unchanged(floor, claim)
    unknown: list[str] = []
    receipts: dict[str, Receipt] = {}
    keys = keys_of(floor, claim)
    claim = replace(claim, keys=keys)  # opened once: there may be very many
    ruled = with_legal_holds(floor, claim.request, rulings_of(claim), keys, acting=True)
    ruled = escrow.keyed(floor, claim, ruled)
    rows = list(_narrowed(floor, claim, unknown, ruled))
    first = before(ruled, rows)
    with _together(rows, claim.step):
        _unhook(rows, claim.step)
        for connector, target, work in rows:
            receipts[target.collection.path] = connector.erase(target, work)  # type: ignore[attr-defined]  # as above
    if sum(r.affected for r in receipts.values()) > sum(len(t.keys) for _, t, _ in rows):
        unknown.clear()  # erased by an earlier attempt whose answer was lost: not unknown, gone
    asked = _tags(floor, claim)
    results = [{"item": t, "status": 404 if t in unknown else 200} for t in asked.still]
    results += [{"item": t, "status": choosing.SINCE} for t in asked.since]
    told = {"results": results} if results else {}
    return erased(floor, claim, ruled, receipts, first, rows, told)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known before anything goes: the rows that stay, and how rows are anonymised."""

    seen: Sequence[Seen]
    methods: Mapping[str, list[str]]


def before(ruled: Rulings, rows: Sequence[Row]) -> Before:
    """
    Look at what is going to be erased.

    Raises:
        Misconfigured: what would be done to a row is not anonymising.
    """
    return Before(holding.before(ruled, rows), anonymising.methods(rows))


def erased(
    floor: Floor,
    claim: Claim,
    ruled: Rulings,
    receipts: dict[str, Receipt],
    first: Before,
    rows: Sequence[Row],
    told: Mapping[str, Any] = NOTHING,
) -> Done:
    """Return the outcome of an erasure, with the notes of what was held."""
    seen = first.seen
    missing = {
        **_not_restricted(floor, receipts, seen, rows),
        **_without_ground(ruled, receipts),
    }
    done = receipts_of(receipts, told=told, missing=missing)
    held = holding.after(floor, claim.request.id, seen, receipts, rows)
    changed = {path: r.affected + r.retained for path, r in receipts.items()}
    used = anonymising.used(first.methods, changed)
    more = {"holds": ruled.to_json(), "held": held_rows.told(held), "methods": used}
    return replace(done, result={**done.result, **more}, held=tuple(held))


def _without_ground(ruled: Rulings, receipts: Mapping[str, Receipt]) -> dict[str, str]:
    """Name the collections whose rows stay because no ground to delete them was found."""
    if not ruled.kept_code:
        return {}
    stay = [p for p in ruled.kept if p in receipts and p not in ruled.placed]
    left = [
        path
        for path in stay  # what goes because it is overdue is not among what stays
        if receipts[path].retained or (path not in ruled.overdue and receipts[path].affected)
    ]
    return dict.fromkeys(left, ruled.kept_code)


def _not_restricted(
    floor: Floor, receipts: Mapping[str, Receipt], seen: Sequence[Seen], rows: Sequence[Row]
) -> dict[str, str]:
    """Name what is held and that nothing puts out of use: not deleted is not enough (R-24-3)."""
    datamap = floor.context.datamap
    paths = [s.collection.path for s in seen if receipts[s.collection.path].retained]
    known = {t.collection.path: c.manifest.restrictions for c, t, _ in rows}
    loose = [
        path
        for path in paths
        if not restrictable(datamap, of := datamap.collection(path))
        or (of.restriction and of.restriction.strategy not in known[path])
    ]
    for path in loose:
        get().error("hold.not_restricted", collection=path)
    return dict.fromkeys(loose, "not_restricted")


def correct(floor: Floor, claim: Claim) -> Outcome:
    """Compare and set the fields that were named."""
    unchanged(floor, claim)
    changes = correcting.changes_of(floor, claim)
    correcting.guard(floor, claim)
    receipts: dict[str, Receipt] = {}
    missing: dict[str, str] = {}
    for connector, target, work in targets(floor, claim):
        path = target.collection.path
        receipts[path] = connector.correct(target, work, changes[path])  # type: ignore[attr-defined]  # as above
        if _nobody(connector, target, work, receipts[path]):
            missing[path] = "no_own_record"
        elif receipts[path].conflicts and claim.request.option is Option.SUPPLEMENT:
            missing[path] = "already_filled"
    return receipts_of(receipts, missing=missing)


def choose(floor: Floor, claim: Claim) -> Outcome:
    """Write the tags that were chosen."""
    receipts, missing, results = choosing.choose(floor, claim)
    return receipts_of(receipts, told={"results": results}, missing=missing)


def _nobody(connector: Connector, target: Target, work: Work, receipt: Receipt) -> bool:
    """Tell whether nothing was corrected because the person has no record of their own there."""
    if receipt.affected or receipt.conflicts or Verb.LOCATE not in connector.manifest.verbs:
        return False
    found = connector.locate(target, work)  # type: ignore[attr-defined]  # checked just now
    return not found.by_standing.get(Standing.SOLE)


def restrict(floor: Floor, claim: Claim) -> Outcome:
    """Put rows out of use."""
    return receipts_of(
        {
            target.collection.path: connector.restrict(target, work)  # type: ignore[attr-defined]  # as above
            for connector, target, work in targets(floor, claim)
        }
    )


def lift(floor: Floor, claim: Claim) -> Outcome:
    """Let rows be used again that a restriction put out of use."""
    lifting.unchanged(floor, claim)
    return receipts_of(
        {
            target.collection.path: connector.restrict(lifting.reversed_target(target), work)  # type: ignore[attr-defined]  # as above
            for connector, target, work in targets(floor, claim)
        }
    )


def close(floor: Floor, claim: Claim) -> Outcome:
    """Make the account unusable before its data goes."""
    return receipts_of(
        {
            target.collection.path: connector.close(target, work)  # type: ignore[attr-defined]  # as above
            for connector, target, work in targets(floor, claim)
        }
    )


def resume(floor: Floor, claim: Claim) -> Outcome:
    """Turn on again what a restriction turned off."""
    lifting.unchanged(floor, claim)
    return suppress(floor, claim)


def suppress(floor: Floor, claim: Claim) -> Outcome:
    """Turn switches off; those of a restriction that is lifted, on."""
    receipts: dict[str, Receipt] = {}
    for connector, target, work, switch in _switched(floor, claim):
        receipt = connector.suppress(target, work, switch)  # type: ignore[attr-defined]  # as above
        receipts[f"{target.collection.path}#{switch.name}"] = receipt
    if not receipts:
        message = "the data map has none of the switches any more that were to be turned"
        raise Drift(message, why="map_changed")
    return receipts_of(receipts)


def verify(floor: Floor, claim: Claim) -> Outcome:
    """
    Read every effect back. Anything still there is not done, whatever the store answered.

    A lying or lagging store is asked again later; the clock does not stop before it agrees.
    """
    expect = expectation(claim)
    if _left_out(claim, _BY_NAME.get(str(expect))):
        return Done({"verified": [], "kept": {}})
    if expect == "added":
        found_missing = choosing.not_there(floor, claim)
        return _read_back(
            {p: n for p, n in found_missing.items() if n}, dict.fromkeys(found_missing, 0)
        )
    left: dict[str, int] = {}
    kept: dict[str, int] = {}
    changes = correcting.changes_of(floor, claim) if expect == "corrected" else {}
    for connector, target, work, switch in _to_verify(floor, claim):
        found = connector.verify(  # type: ignore[attr-defined]  # as above
            target, work, expect, changes=changes.get(target.collection.path, ()), switch=switch
        )
        if found.rows:
            left[target.collection.path] = found.rows
        kept[target.collection.path] = found.restricted
    if expect == "corrected":
        left = _unexplained(claim, left)
    if left and expect == "corrected":
        return _edited_meanwhile(left)
    return _read_back(left, kept)


def _read_back(left: Mapping[str, int], kept: Mapping[str, int]) -> Outcome:
    if left:
        names = ", ".join(f"{path} ({rows})" for path, rows in left.items())
        return Later("not_read_back", f"the effect cannot be read back yet in: {names}")
    return Done({"verified": sorted(kept), "kept": {p: n for p, n in kept.items() if n}})


_BY_NAME: Final = {
    "corrected": Action.CORRECT,
    "erased": Action.ERASE,
    "added": Action.CHOOSE,
}


def _left_out(claim: Claim, action: Action | None) -> bool:
    """Tell whether the effect was left out by name: there is nothing to read back then."""
    store = claim.step.store if claim.step else ""
    mine = [r for r in claim.rows if r.action == action and r.store == store]
    return bool(mine) and all(r.state is StepState.LEFT_OUT for r in mine)


def _unexplained(claim: Claim, left: Mapping[str, int]) -> dict[str, int]:
    """Leave out what was filled already, where the person only asked to fill what is empty."""
    if claim.request.option is not Option.SUPPLEMENT:
        return dict(left)
    filled: dict[str, int] = {}
    for result in claim.results.values():
        for path, receipt in result.get("collections", {}).items():
            filled[path] = receipt.get("conflicts", 0)
    return {path: rows for path, rows in left.items() if rows > filled.get(path, 0)}


def _edited_meanwhile(left: dict[str, int]) -> Outcome:
    names = ", ".join(f"{path} ({rows})" for path, rows in left.items())
    note = f"values differ from those asked for, edited meanwhile or refused: {names}"
    return Failed("correction_conflict", note)


def _together(rows: Sequence[Row], step: Step | None) -> AbstractContextManager[None]:
    """Let the collections of a small step share one transaction, where the store can."""
    if len(rows) < 2:  # noqa: PLR2004 - one alone has nothing to share with
        return nullcontext()
    connector, target, work = rows[0]
    join = getattr(connector, "together", None)
    chunks = [w.chunk for _, _, w in rows]
    if join is not None and step is not None and step.deferred:
        at_once: AbstractContextManager[None] = join(
            work, range(len(rows) + len(step.unhook)), deferred=True
        )
        return at_once
    if join is None or len(target.keys) > SMALL or any(_large(*row) for row in rows):
        return nullcontext()
    chunks += range(len(rows), len(rows) + len(step.unhook if step else ()))
    shared: AbstractContextManager[None] = join(work, chunks)
    return shared


def _unhook(rows: Sequence[Row], step: Step | None) -> None:
    """Empty the pointers that close a circle of foreign keys, before anything of it goes."""
    by_path = {target.collection.path: (c, target, work) for c, target, work in rows}
    for number, name in enumerate(step.unhook if step else (), start=len(rows)):
        path, _, columns = name.partition(":")
        connector, target, work = by_path[path]
        connector.unhook(target, replace(work, chunk=number), tuple(columns.split(",")))  # type: ignore[attr-defined]  # it surveyed its foreign keys


def _large(connector: Connector, target: Target, work: Work) -> bool:
    """Tell whether the store erases *target* in several transactions of its own."""
    asked = getattr(connector, "in_chunks", None)
    return bool(asked and asked(target, work))


def _narrowed(
    floor: Floor, claim: Claim, unknown: list[str], ruled: Rulings | None = None
) -> Iterator[Row]:
    """Narrow the erasure of tags to those that were named; of all, to those not chosen since."""
    asked = _tags(floor, claim)
    if asked.named and not asked.still:
        return  # none is left of those that were named, which is not "all of them"
    every = claim.request.option is Option.TAGS_DELETE and not asked.named
    stay = lastword.chosen_since(floor, claim) if every else frozenset()
    for connector, target, work in targets(floor, claim, ruled):
        narrow = target
        if asked.named:
            narrow, missing = tagged(floor, target, asked.still)
            unknown.extend(missing)
        elif stay:
            narrow = choosing.all_but(floor, target, stay)
        yield connector, narrow, work


def _tags(floor: Floor, claim: Claim) -> Asked:
    """Return the tags that were named to go, and those of them that were chosen again since."""
    if claim.request.option not in _NAMING:
        return Asked()
    return lastword.asked(floor, claim, _NAMING[claim.request.option])


_NAMING: Final = {Option.TAGS_EDIT: REMOVED, Option.TAGS_DELETE: "tags"}
"""Under which name a request says which tags are to go."""


def _switched(floor: Floor, claim: Claim) -> Iterator[tuple[Connector, Target, Work, Switch]]:
    names = claim.step.switches if claim.step else ()
    chosen = [s for s in floor.context.datamap.switches if s.name in names]
    if lifting.lifts(claim):
        chosen = [lifting.reversed_switch(s) for s in chosen]
    for connector, target, work in targets(floor, claim):
        for number, switch in enumerate(
            s for s in chosen if s.collection == target.collection.path
        ):
            chunk = work.chunk * len(chosen) + number
            yield connector, for_switch(target), _chunk(work, chunk), switch


def _to_verify(
    floor: Floor, claim: Claim
) -> Iterator[tuple[Connector, Target, Work, Switch | None]]:
    if claim.step and claim.step.switches:
        yield from _switched(floor, claim)
        return
    for connector, target, work in _narrowed(floor, claim, []):
        seen = lifting.reversed_target(target) if lifting.lifts(claim) else target
        yield connector, seen, work, None


def _chunk(work: Work, chunk: int) -> Work:
    return Work(
        work.step_id, work.fence, chunk, work.deadline, work.anonymise, work.now, work.keep_running
    )


def receipts_of(
    receipts: dict[str, Receipt],
    *,
    told: Mapping[str, Any] = NOTHING,
    missing: Mapping[str, str] = NOTHING,
) -> Done:
    """Return the outcome of a step that did something in each collection of *receipts*."""
    found = {path: r.to_json() for path, r in receipts.items()}
    for path, code in missing.items():
        found[path]["missing"] = code
    return Done({"collections": found}, told=told)
