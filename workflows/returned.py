"""
Look for erased data that came back, by the identity that was frozen before the erasure.

What identifies an account, and the keys of rows, belonged to this person alone: whatever is
found by them came back. An address or a device may be somebody else's by now, or the same
person's who registered again, which is a new person: what is found by those alone is unsure,
and where they lead to another account today they are not asked at all.

After an erasure of a part the person's account leads to newer rows too: only rows that were marked
before they went, and that the account leads to, are looked for. What could not be marked is named.
An account that staff left in place proves nothing.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from sqlmodel import Session, select

from connectors.sdk import Expect, KeySet, Standing
from rights.domain.actions import Action
from rights.domain.datamap import DataMap
from rights.domain.keys import CHOSEN, GONE, HELD, OTHERS, Key
from rights.store.models import Request, StepRow, StepState
from workflows import capsules, heldnotes
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.holding import ground_of
from workflows.holds import Placed, rulings_of
from workflows.outcome import by_hand
from workflows.partial import in_use, is_marked, stayed, unmarked, went
from workflows.plan import Plan, Step
from workflows.plans import read_plan
from workflows.resolve import PREFIX
from workflows.targets import targets

FENCE: Final = 1

_NOTED: Final = "noted"


@dataclass(frozen=True, slots=True)
class Closed:
    """
    A closed request, with what it takes to look for its data or to act again.

    Args:
        keys: From its capsule; ``values``: of a correction, from there too.
        checks: The reading back that took place, narrowed to what was found gone.
        results: Results of its finished steps: what they went by about holds is among them,
            but for legal holds, which may have ended.
        partly: Data of the person stayed in use, so what is found by their account may be new.
        left: The collections that staff left out.
        done: Names of the steps that were done.
        noted: Path to the legal hold by which rows are noted as held now.
        unmarked: Path to rows that went and that cannot be known again by a key.
    """

    request: Request = field(repr=False)
    plan: Plan = field(repr=False)
    keys: KeySet = field(repr=False)
    values: Sequence[Mapping[str, Any]] = field(repr=False)
    checks: Sequence[Step] = field(repr=False)
    results: Mapping[str, Mapping[str, Any]] = field(repr=False)
    partly: bool = False
    left: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    noted: Mapping[str, Placed] = field(default_factory=dict)
    unmarked: Mapping[str, int] = field(default_factory=dict)

    def did(self, step: Step) -> bool:
        """Return whether *step* was done, and not left out."""
        return step.name in self.done

    def claim(
        self,
        step: Step,
        step_id: str,
        keys: KeySet,
        *,
        marked: bool = False,
        looking: bool = False,
    ) -> Claim:
        """
        Return the right to do *step* under another id, with what the request went by.

        It has no plan: that the map or a schema changed since is no reason to leave data there.

        Args:
            looking: Rows that are noted as held are where they should be.
        """
        placed = {path: asdict(one) for path, one in self.noted.items()} if looking else {}
        results = {**self.results, _NOTED: {"holds": {"placed": placed}}}
        return Claim(self.request, step_id, FENCE, step, None, keys, results, marked=marked)

    def strong(self, datamap: DataMap, keys: KeySet) -> KeySet:
        """Return the keys that can lead to nothing newer: accounts that went, and keys of rows."""
        return keys.only(*(a for a in keys.anchors if not _weak(datamap, a, self.left)))


@dataclass(frozen=True, slots=True)
class Looked:
    """
    What was found where nothing should be.

    Args:
        back: Collection to rows that came back.
        unsure: Collection to rows found only by an address or a device: perhaps new ones.
        held: Collection to rows that a law or a hold keeps: not back, and no one's to use.
        reused: Types of identifiers that lead to another account today.
        asked: Collections that were looked at.
        by_hand: Collection to rows that went from it, where it cannot be told what came back.
    """

    back: Mapping[str, int] = field(default_factory=dict)
    unsure: Mapping[str, int] = field(default_factory=dict)
    reused: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    by_hand: Mapping[str, int] = field(default_factory=dict)


def closed(session: Session, floor: Floor, request_id: str) -> Closed | None:
    """Read a closed request; None once its capsule was destroyed."""
    request = session.get(Request, request_id)
    plan, _ = read_plan(session, request_id)
    content = capsules.opened(session, floor.context.settings, request_id)
    if request is None or plan is None or content is None:
        return None
    rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
    done = {r.id: r for r in rows if r.state is StepState.DONE}
    results = {name: _unplaced(row.result) for name, row in done.items()}
    checks = [
        replace(step, collections=_gone(done.get(f"{request_id}-{step.name}"), step))
        for step in plan
        if step.action is Action.VERIFY
    ]
    checks = existing(floor.context.datamap, checks)
    names = frozenset(name.partition("-")[2] for name in done)
    noted = heldnotes.placed(session, request_id)
    paths = went(plan, rows) & {c.path for c in floor.context.datamap.collections}
    missed = {path: n for path, n in unmarked(rows).items() if path in paths}
    part = in_use(request, rows), stayed(plan, rows), names, noted, missed
    return Closed(request, plan, content.keys, content.values, checks, results, *part)


def _unplaced(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *result* without the legal holds of then: what of them still keeps rows is noted."""
    holds = result.get("holds")
    return {**result, "holds": {**holds, "placed": {}}} if holds else result


def _gone(row: StepRow | None, step: Step) -> tuple[str, ...]:
    """What was left out or done by hand proved nothing then, so nothing can be missed now."""
    if row is None or by_hand(row):
        return ()
    return tuple(p for p in step.collections if p in row.result.get("verified", ()))


def look(floor: Floor, one: Closed, keys: KeySet, stores: Collection[str] | None = None) -> Looked:
    """
    Verify once more what was found gone.

    Where the person stayed in use, only what was marked is looked for, unless stores are named:
    elsewhere, rows of an account that is in use are newer ones. What could not be marked is left
    to staff.

    Args:
        keys: The request's own, or those of rows that came back beside them.
        stores: Where to look; None for everywhere.

    Raises:
        ConnectorError: a store could not be asked. That is never "nothing".
    """
    marked = one.partly and stores is None
    steps = [s for s in one.checks if stores is None or s.store in stores]
    steps = _with_marks(steps, keys) if marked else steps
    theirs, reused = still_theirs(floor, one.request, keys)
    own = one.strong(floor.context.datamap, theirs)
    back, held = _wrong(floor, one, steps, own, marked=marked)
    every = back
    if len(theirs) > len(own):
        every, held = _wrong(floor, one, steps, theirs, marked=marked)
    unsure = {path: rows - back.get(path, 0) for path, rows in every.items()}
    return Looked(
        back,
        {path: rows for path, rows in unsure.items() if rows > 0},
        reused,
        tuple(p for step in steps for p in step.collections),
        held,
        dict(one.unmarked) if marked else {},
    )


def existing(datamap: DataMap, steps: Iterable[Step]) -> list[Step]:
    """Return *steps* without what the data map has no more: there is nowhere to look."""
    paths = {c.path for c in datamap.collections}
    out = [replace(s, collections=tuple(p for p in s.collections if p in paths)) for s in steps]
    return [s for s in out if s.collections]


def marks(keys: KeySet) -> KeySet:
    """Return the keys of rows that an erasure of a part took."""
    return keys.only(*(a for a in keys.anchors if a.startswith(GONE)))


def _with_marks(steps: Iterable[Step], keys: KeySet) -> list[Step]:
    known = ((s, tuple(p for p in s.collections if is_marked(keys, p))) for s in steps)
    return [replace(s, collections=paths) for s, paths in known if paths]


def _wrong(
    floor: Floor, one: Closed, steps: Sequence[Step], keys: KeySet, *, marked: bool
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the rows that should not be there, and those that are held, by collection."""
    wrong: dict[str, int] = {}
    held: dict[str, int] = {}
    for step in steps:
        claim = one.claim(step, f"{one.request.id}-look", keys, marked=marked, looking=True)
        for connector, target, work in targets(floor, claim):
            found = connector.verify(target, work, Expect.ERASED)  # type: ignore[attr-defined]  # it was verified before
            path = target.collection.path
            wrong |= {path: found.rows} if found.rows else {}
            grounded = ground_of(rulings_of(claim), target.collection) is not None
            held |= {path: found.restricted} if found.restricted and grounded else {}
    return wrong, held


def _weak(datamap: DataMap, anchor: str, left: frozenset[str] = frozenset()) -> bool:
    """
    Return whether *anchor* holds addresses or devices, by whatever name.

    Args:
        left: Collections that are there still: the account or the row may have newer data.
    """
    if anchor.startswith(PREFIX):
        name = anchor.removeprefix(PREFIX)
        kind, at = datamap.identifiers.get(name), (c for c in datamap.collections if c.path in left)
        return kind is None or kind.kind != "account" or any(name in c.identifies for c in at)
    path, _, named = _bare(anchor).partition(":")
    collection = next((c for c in datamap.collections if c.path == path), None)
    if collection is None or path in left:
        return True
    loose = {
        column
        for name, column in collection.identifies.items()
        if datamap.identifiers[name].kind != "account"
    }
    columns = named.split(",") if named else collection.key
    return bool(loose.intersection(columns))


def _bare(anchor: str) -> str:
    return anchor.removeprefix(HELD).removeprefix(OTHERS).removeprefix(GONE).removeprefix(CHOSEN)


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
