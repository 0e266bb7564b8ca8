"""
Look for erased data that came back, by the identity that was frozen before the erasure.

What identifies an account, and the keys of rows, belonged to this person alone: whatever is
found by them came back. An address or a device may be somebody else's by now, or the same
person's who registered again, which is a new person: what is found by those alone is unsure,
and where they lead to another account today they are not asked at all.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlmodel import Session, select

from connectors.sdk import Expect, KeySet, Standing
from rights.domain.datamap import DataMap
from rights.domain.keys import HELD, OTHERS, Key
from rights.store.models import Request, StepRow, StepState
from workflows import capsules
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.outcome import by_hand
from workflows.plan import Plan, Step
from workflows.plans import read_plan
from workflows.recipes import Action
from workflows.resolve import PREFIX
from workflows.targets import targets

FENCE: Final = 1


@dataclass(frozen=True, slots=True)
class Closed:
    """
    A closed request, with what it takes to look for its data or to act again.

    Args:
        keys: From its capsule; ``values``: of a correction, from there too.
        checks: The reading back that took place, narrowed to what was found gone.
        results: Results of its finished steps: what they went by about holds is among them.
        partly: Data of the person stayed in use, so what is found by their account may be new.
    """

    request: Request = field(repr=False)
    plan: Plan = field(repr=False)
    keys: KeySet = field(repr=False)
    values: Sequence[Mapping[str, Any]] = field(repr=False)
    checks: Sequence[Step] = field(repr=False)
    results: Mapping[str, Mapping[str, Any]] = field(repr=False)
    partly: bool = False

    def claim(self, step: Step, step_id: str, keys: KeySet) -> Claim:
        """
        Return the right to do *step* under another id, with what the request went by.

        It has no plan: that the map or a schema changed since is no reason to leave data there.
        """
        return Claim(self.request, step_id, FENCE, step, None, keys, self.results)


@dataclass(frozen=True, slots=True)
class Looked:
    """
    What was found where nothing should be.

    Args:
        back: Collection to rows that came back.
        unsure: Collection to rows found only by an address or a device: perhaps new ones.
        reused: Types of identifiers that lead to another account today.
        asked: Collections that were looked at.
    """

    back: Mapping[str, int] = field(default_factory=dict)
    unsure: Mapping[str, int] = field(default_factory=dict)
    reused: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


def closed(session: Session, floor: Floor, request_id: str) -> Closed | None:
    """Read a closed request; None once its capsule was destroyed."""
    request = session.get(Request, request_id)
    plan, _ = read_plan(session, request_id)
    content = capsules.opened(session, floor.context.settings, request_id)
    if request is None or plan is None or content is None:
        return None
    rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
    done = {r.id: r for r in rows if r.state is StepState.DONE}
    results = {name: row.result for name, row in done.items()}
    checks = [
        replace(step, collections=_gone(done.get(f"{request_id}-{step.name}"), step))
        for step in plan
        if step.action is Action.VERIFY
    ]
    checks = existing(floor.context.datamap, checks)
    partly = erased_partly(request, rows)
    return Closed(request, plan, content.keys, content.values, checks, results, partly)


def erased_partly(request: Request, rows: Iterable[StepRow]) -> bool:
    """Return whether an erasure left data in use on purpose: the person is still one of ours."""
    kept = any(row.result.get("holds", {}).get("kept") for row in rows)
    return kept or bool(request.parameters.get("trigger"))


def _gone(row: StepRow | None, step: Step) -> tuple[str, ...]:
    """What was left out or done by hand proved nothing then, so nothing can be missed now."""
    if row is None or by_hand(row):
        return ()
    return tuple(p for p in step.collections if p in row.result.get("verified", ()))


def look(floor: Floor, one: Closed, keys: KeySet, stores: Collection[str] | None = None) -> Looked:
    """
    Verify once more what was found gone.

    After an erasure of a part only named stores are looked at: in others, rows of an account that
    is in use are newer ones.

    Args:
        keys: The request's own, or those of rows that came back beside them.
        stores: Where to look; None for everywhere.

    Raises:
        ConnectorError: a store could not be asked. That is never "nothing".
    """
    if one.partly and stores is None:
        return Looked()
    steps = [s for s in one.checks if stores is None or s.store in stores]
    own = strong(floor.context.datamap, keys)
    theirs, reused = still_theirs(floor, one.request, keys)
    back = dict(_wrong(floor, one, steps, own))
    every = dict(_wrong(floor, one, steps, theirs)) if len(theirs) > len(own) else back
    unsure = {path: rows - back.get(path, 0) for path, rows in every.items()}
    return Looked(
        back,
        {path: rows for path, rows in unsure.items() if rows > 0},
        reused,
        tuple(p for step in steps for p in step.collections),
    )


def existing(datamap: DataMap, steps: Iterable[Step]) -> list[Step]:
    """Return *steps* without what the data map has no more: there is nowhere to look."""
    paths = {c.path for c in datamap.collections}
    out = [replace(s, collections=tuple(p for p in s.collections if p in paths)) for s in steps]
    return [s for s in out if s.collections]


def _wrong(
    floor: Floor, one: Closed, steps: Sequence[Step], keys: KeySet
) -> Iterator[tuple[str, int]]:
    for step in steps:
        claim = one.claim(step, f"{one.request.id}-look", keys)
        for connector, target, work in targets(floor, claim):
            found = connector.verify(target, work, Expect.ERASED)  # type: ignore[attr-defined]  # it was verified before
            if found.rows:
                yield target.collection.path, found.rows


def strong(datamap: DataMap, keys: KeySet) -> KeySet:
    """Return the keys that can never be another person's: accounts, and keys of rows."""
    return keys.only(*(a for a in keys.anchors if not _weak(datamap, a)))


def _weak(datamap: DataMap, anchor: str) -> bool:
    """Return whether *anchor* holds addresses or devices, by whatever name."""
    if anchor.startswith(PREFIX):
        kind = datamap.identifiers.get(anchor.removeprefix(PREFIX))
        return kind is None or kind.kind != "account"
    path, _, named = anchor.removeprefix(HELD).removeprefix(OTHERS).partition(":")
    collection = next((c for c in datamap.collections if c.path == path), None)
    if collection is None:
        return True
    loose = {
        column
        for name, column in collection.identifies.items()
        if datamap.identifiers[name].kind != "account"
    }
    columns = named.split(",") if named else collection.key
    return bool(loose.intersection(columns))


def still_theirs(floor: Floor, request: Request, keys: KeySet) -> tuple[KeySet, tuple[str, ...]]:
    """
    Return *keys* without addresses that lead to another account today, and their types.

    Such a value goes wherever it stands: a list of subscribers may have it as the key of rows.
    """
    lost = set(_in_new_hands(floor, request, keys))
    values = {str(key[0]).casefold() for _, key in lost}
    kept: dict[str, dict[Standing, tuple[Key, ...]]] = {
        anchor: {
            standing: tuple(k for k in found if not _has(k, values))
            for standing, found in by.items()
        }
        if _weak(floor.context.datamap, anchor)
        else dict(by)
        for anchor, by in keys.anchors.items()
    }
    return KeySet(kept), tuple(sorted({anchor.removeprefix(PREFIX) for anchor, _ in lost}))


def _has(key: Key, values: set[str]) -> bool:
    return any(str(part).casefold() in values for part in key)


def _in_new_hands(floor: Floor, request: Request, keys: KeySet) -> Iterator[tuple[str, Key]]:
    datamap, routes = floor.context.datamap, floor.routes(request.kind)
    for collection in routes.identity:
        kinds = {name: datamap.identifiers[name].kind for name in collection.identifies}
        accounts = [PREFIX + name for name, kind in kinds.items() if kind == "account"]
        own = tuple(r for r in routes.predicates[collection.path] if r.link is None)
        for name in (n for n, kind in kinds.items() if kind != "account" and accounts):
            anchor = PREFIX + name
            for key in keys.keys(anchor):
                rows = frozen(floor, collection, KeySet({anchor: {Standing.SOLE: (key,)}}), own)
                if any(_texts(rows, a) - _texts(keys, a) for a in accounts):
                    yield anchor, key


def _texts(keys: KeySet, anchor: str) -> set[str]:
    return {str(key[0]) for key in keys.keys(anchor) if key[0] is not None}
