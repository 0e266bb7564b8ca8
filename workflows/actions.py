"""What each action does with a connector: one function per action, one receipt per collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from connectors.sdk import Change, Connector, Receipt, Standing, Switch, Target, Verb, Work
from rights.domain.datamap import Correctable
from rights.domain.errors import Refused
from rights.domain.kinds import Option
from rights.store.db import reading
from workflows.claims import Claim, Done, Failed, Later, Outcome
from workflows.counting import found_json
from workflows.floor import Floor
from workflows.plans import check_drift
from workflows.preparing import schema_hash, values_of
from workflows.targets import expectation, for_switch, tagged, targets

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
    """Erase, children first within the store."""
    _unchanged(floor, claim)
    unknown: list[str] = []
    receipts = {}
    rows = list(_narrowed(floor, claim, unknown))
    with _together(rows):
        for connector, target, work in rows:
            receipts[target.collection.path] = connector.erase(target, work)  # type: ignore[attr-defined]  # as above
    if sum(r.affected for r in receipts.values()) > sum(len(t.keys) for _, t, _ in rows):
        unknown.clear()  # erased by an earlier attempt whose answer was lost: not unknown, gone
    results = [{"item": t, "status": 404 if t in unknown else 200} for t in _tags(floor, claim)]
    return _receipts(receipts, told={"results": results} if results else {})


def correct(floor: Floor, claim: Claim) -> Outcome:
    """Compare and set the fields that were named."""
    _unchanged(floor, claim)
    changes = changes_of(floor, claim)
    receipts: dict[str, Receipt] = {}
    nowhere: list[str] = []
    for connector, target, work in targets(floor, claim):
        wanted = changes[target.collection.path]
        receipts[target.collection.path] = connector.correct(target, work, wanted)  # type: ignore[attr-defined]  # as above
        if _nobody(connector, target, work, receipts[target.collection.path]):
            nowhere.append(target.collection.path)
    return _receipts(receipts, missing=dict.fromkeys(nowhere, "no_own_record"))


def _nobody(connector: Connector, target: Target, work: Work, receipt: Receipt) -> bool:
    """Tell whether nothing was corrected because the person has no record of their own there."""
    if receipt.affected or receipt.conflicts or Verb.LOCATE not in connector.manifest.verbs:
        return False
    found = connector.locate(target, work)  # type: ignore[attr-defined]  # checked just now
    return not found.by_standing.get(Standing.SOLE)


def restrict(floor: Floor, claim: Claim) -> Outcome:
    """Put rows out of use."""
    return _receipts(
        {
            target.collection.path: connector.restrict(target, work)  # type: ignore[attr-defined]  # as above
            for connector, target, work in targets(floor, claim)
        }
    )


def close(floor: Floor, claim: Claim) -> Outcome:
    """Make the account unusable before its data goes."""
    return _receipts(
        {
            target.collection.path: connector.close(target, work)  # type: ignore[attr-defined]  # as above
            for connector, target, work in targets(floor, claim)
        }
    )


def suppress(floor: Floor, claim: Claim) -> Outcome:
    """Turn switches off."""
    receipts: dict[str, Receipt] = {}
    for connector, target, work, switch in _switched(floor, claim):
        receipt = connector.suppress(target, work, switch)  # type: ignore[attr-defined]  # as above
        receipts[f"{target.collection.path}#{switch.name}"] = receipt
    return _receipts(receipts)


def verify(floor: Floor, claim: Claim) -> Outcome:
    """
    Read every effect back. Anything still there is not done, whatever the store answered.

    A lying or lagging store is asked again later; the clock does not stop before it agrees.
    """
    expect = expectation(claim)
    left: dict[str, int] = {}
    kept: dict[str, int] = {}
    changes = changes_of(floor, claim) if expect == "corrected" else {}
    for connector, target, work, switch in _to_verify(floor, claim):
        found = connector.verify(  # type: ignore[attr-defined]  # as above
            target, work, expect, changes=changes.get(target.collection.path, ()), switch=switch
        )
        if found.rows:
            left[target.collection.path] = found.rows
        kept[target.collection.path] = found.restricted
    if left and expect == "corrected":
        return _edited_meanwhile(left)
    if left:
        names = ", ".join(f"{path} ({rows})" for path, rows in left.items())
        return Later("not_read_back", f"the effect cannot be read back yet in: {names}")
    return Done({"verified": sorted(kept), "kept": {p: n for p, n in kept.items() if n}})


def _edited_meanwhile(left: dict[str, int]) -> Outcome:
    names = ", ".join(f"{path} ({rows})" for path, rows in left.items())
    note = f"values differ from those asked for, edited meanwhile or refused: {names}"
    return Failed("correction_conflict", note)


def changes_of(floor: Floor, claim: Claim) -> dict[str, tuple[Change, ...]]:
    """
    Return the changes of a correction by collection.

    Raises:
        Refused: a value does not fit the field's declared check.
    """
    with reading(floor.register) as session:
        values = values_of(session, floor, claim.request)
    supplement = claim.request.option is Option.SUPPLEMENT
    out: dict[str, tuple[Change, ...]] = {}
    for given in values.get("changes", ()):
        path, _, name = given["field"].rpartition(".")
        known = floor.context.datamap.collection(path).field(name)
        _check(given["field"], given["value"], known.correct if known else None)
        check_old = supplement or "old" in given
        change = Change(name, given["value"], given.get("old"), check_old=check_old)
        out[path] = (*out.get(path, ()), change)
    return out


def _check(field: str, value: Any, rule: Correctable | None) -> None:
    if rule is None:
        raise Refused(f"{field}: the data map does not say how it may be corrected")
    if rule.mode == "refused":
        raise Refused(f"{field} may not be corrected: {rule.because}")
    text = str(value)
    if len(text) > rule.max_length or (rule.pattern and not re.fullmatch(rule.pattern, text)):
        raise Refused(f"{field}: the new value does not have the form the data map asks for")


def _together(rows: Sequence[Row]) -> AbstractContextManager[None]:
    """Let the collections of a small step share one transaction, where the store can."""
    if len(rows) < 2:  # noqa: PLR2004 - one alone has nothing to share with
        return nullcontext()
    connector, target, work = rows[0]
    join = getattr(connector, "together", None)
    if join is None or len(target.keys) > SMALL:
        return nullcontext()
    shared: AbstractContextManager[None] = join(work, [w.chunk for _, _, w in rows])
    return shared


def _unchanged(floor: Floor, claim: Claim) -> None:
    """The approved plan is the executed plan: drift stops it before the first change."""
    if claim.plan is None or claim.step is None:
        return
    schema = schema_hash(floor, claim.plan.steps) if claim.plan.schema_hash else ""
    check_drift(claim.plan, floor.context.datamap.hash, schema)


def _narrowed(floor: Floor, claim: Claim, unknown: list[str]) -> Iterator[Row]:
    """Narrow the erasure of tags to those that were named."""
    tags = _tags(floor, claim)
    for connector, target, work in targets(floor, claim):
        narrow = target
        if tags:
            narrow, missing = tagged(floor, target, tags)
            unknown.extend(missing)
        yield connector, narrow, work


def _tags(floor: Floor, claim: Claim) -> tuple[str, ...]:
    if claim.request.option is not Option.TAGS_DELETE:
        return ()
    with reading(floor.register) as session:
        return tuple(values_of(session, floor, claim.request).get("tags", ()))


def _switched(floor: Floor, claim: Claim) -> Iterator[tuple[Connector, Target, Work, Switch]]:
    names = claim.step.switches if claim.step else ()
    chosen = [s for s in floor.context.datamap.switches if s.name in names]
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
        yield connector, target, work, None


def _chunk(work: Work, chunk: int) -> Work:
    return Work(
        work.step_id, work.fence, chunk, work.deadline, work.anonymise, work.now, work.keep_running
    )


def _receipts(
    receipts: dict[str, Receipt],
    *,
    told: Mapping[str, Any] = NOTHING,
    missing: Mapping[str, str] = NOTHING,
) -> Outcome:
    found = {path: asdict(r) for path, r in receipts.items()}
    for path, code in missing.items():
        found[path]["missing"] = code
    return Done({"collections": found}, told=told)
