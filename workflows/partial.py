"""
An erasure of a part: what of it went, what stayed, and by what it is known should it come back.

Where data stays in use on purpose (a contract runs, only one ground applied), the person's
account leads to newer rows as well as to old ones. So the keys of the rows that go are marked
before anything is changed, and only by them is it looked for later: a row counts that has such a
key and is the person's still. Where a key may come again by itself nothing is marked, and that is
written down. Where staff left a step out the person is meant to be gone; only what was left out
says so no more.

Source: NDSR 24; PIPL 47.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from connectors.sdk import (
    Collection,
    Connector,
    Inventory,
    Key,
    KeySet,
    Reach,
    Role,
    Standing,
    Target,
    Verb,
    Work,
)
from connectors.sdk import gone as gone_anchor
from connectors.sdk import held as held_anchor
from rights.domain.actions import Action
from rights.domain.conversation import is_part
from rights.domain.errors import Misconfigured
from rights.domain.products import named
from rights.store.models import Request, StepRow, StepState
from workflows import capsules, holding
from workflows.floor import ERASING, Floor
from workflows.holds import Rulings
from workflows.plan import Plan, Step
from workflows.routes import Routes
from workflows.tables import table_of
from workflows.where import at

UNMARKED: Final = "unmarked"
"""In the result of the step that makes the plan: what goes and will not be known again."""

Live = Mapping[str, Inventory]


# -- before anything goes ---------------------------------------------------------------------


def marked(
    floor: Floor,
    request: Request,
    routes: Routes,
    steps: Iterable[Step],
    keys: KeySet,
    ruled: Rulings,
    live: Live,
) -> tuple[KeySet, dict[str, int]]:
    """
    Return *keys* with those of every row that an erasure of a part is about to take.

    Beside them, collection to rows of what cannot be known again: a store that does not name its
    rows, more than a capsule keeps, or a key that a new row may have. Nothing will be looked for
    there, and every report says so; nought stands for a number that nobody can tell.

    Raises:
        ConnectorError: a store could not be asked.
    """
    if request.kind not in ERASING or not (ruled.kept or of_a_part(request)):
        return keys, {}
    erasing = [s for s in steps if s.action is Action.ERASE and s.by_worker]
    paths = {p for s in erasing for p in s.collections if p not in ruled.kept}
    new: dict[str, dict[Standing, tuple[Key, ...]]] = {}
    missed: dict[str, int] = {}
    for path in sorted(paths):
        collection = ruled.of(routes.datamap.collection(path))
        target = Target(collection, keys, routes.predicates[path])
        going, number = _about_to_go(floor, target)
        if going is not None and (not going or _known_again(target, live)):
            new |= {gone_anchor(path): {Standing.SOLE: going}} if going else {}
        elif number != 0:
            missed[path] = number or 0
    return keys.merged(KeySet(new)), missed


def _about_to_go(floor: Floor, target: Target) -> tuple[tuple[Key, ...] | None, int | None]:
    """
    Return the keys of the rows that are the person's alone and that nothing holds, and how many.

    The keys are None where they cannot be told, the number where it cannot.
    """
    collection, path = target.collection, target.collection.path
    connector = floor.connector(collection.store)
    verbs = connector.manifest.verbs
    with at(collection.store):
        number = _rows(floor, connector, target) if Verb.LOCATE in verbs else None
        if Verb.FREEZE not in verbs or number is None or number > capsules.MOST:
            return None, number
        try:
            rows = _frozen(connector, target)
        except Misconfigured:
            return None, number  # its rows have no key
    kept = set(rows.keys(held_anchor(path)))
    going = tuple(key for key in rows.keys(path, Standing.SOLE) if key not in kept)
    return going, len(going)


def _known_again(target: Target, live: Live) -> bool:
    """Return whether a row with the key of one that went, of the same person, is that row."""
    collection = target.collection
    inventory = live.get(collection.store)
    tables = inventory.tables if inventory else ()
    table = next((t for t in tables if t.name == table_of(collection)), None)
    if table is None or not table.lasting:
        return False
    kept = (len(target.keys.keys(r.anchor)) <= capsules.MOST for r in target.predicate)
    key = set(collection.key or table.key)
    return bool(key) and not key & _naming(collection) and all(kept)


def _naming(collection: Collection) -> set[str]:
    """Return the columns that say whose a row is or what it hangs on: a new row has the same."""
    return {*collection.identifies.values(), *(c for one in collection.links for c in one.columns)}


def _frozen(connector: Connector, target: Target) -> KeySet:
    keys: KeySet = connector.freeze(target.collection, target.keys, target.predicate, ((),))  # type: ignore[attr-defined]  # whoever calls it knows that it can
    return keys


def _rows(floor: Floor, connector: Connector, target: Target) -> int:
    now = floor.now()
    name = f"mark-{target.collection.path}"[:64]
    work = Work(name, 0, 0, now + connector.manifest.timeout, now=now)
    return int(connector.locate(target, work).rows)  # type: ignore[attr-defined]  # checked before


# -- afterwards -------------------------------------------------------------------------------


def unmarked(rows: Iterable[StepRow]) -> dict[str, int]:
    """Return what went and cannot be known again: collection to rows, as written down then."""
    return {path: n for row in rows for path, n in row.result.get(UNMARKED, {}).items()}


def in_use(request: Request, rows: Iterable[StepRow]) -> bool:
    """Return whether an erasure left data in use on purpose: the person is still one of ours."""
    return bool(_kept(rows)) or of_a_part(request)


def of_a_part(request: Request) -> bool:
    """Return whether it was about a part: a trigger's, rows that were named, or products."""
    said = request.parameters
    return bool(said.get("trigger")) or is_part(said) or bool(named(said))


def _kept(rows: Iterable[StepRow]) -> set[str]:
    return {path for row in rows for path in row.result.get("holds", {}).get("kept", {})}


def went(plan: Plan, rows: Sequence[StepRow]) -> frozenset[str]:
    """Return the collections that were erased; what a hold keeps in them is out of use."""
    return frozenset(_erased(plan, rows)) - _kept(rows)


def stayed(plan: Plan, rows: Sequence[StepRow]) -> frozenset[str]:
    """Return the collections that were to be erased and that staff left out."""
    wanted = {p for s in plan if s.action is Action.ERASE for p in s.collections}
    return frozenset(wanted) - set(_erased(plan, rows))


def _erased(plan: Plan, rows: Iterable[StepRow]) -> Iterator[str]:
    done = {r.id.partition("-")[2] for r in rows if r.state is StepState.DONE}
    for step in plan:
        if step.action is Action.ERASE and step.name in done:
            yield from step.collections


def whole(request: Request, plan: Plan, rows: Sequence[StepRow]) -> bool:
    """Return whether an erasure left nothing in use: neither on purpose nor by staff."""
    return not (in_use(request, rows) or stayed(plan, rows))


# -- by their own keys ------------------------------------------------------------------------


def is_marked(keys: KeySet, path: str) -> bool:
    """Return whether there is anything of *path* to be known again."""
    return bool(keys.keys(gone_anchor(path)))


def only_marked(
    rows: Iterable[tuple[Connector, Target, Work]],
) -> Iterator[tuple[Connector, Target, Work]]:
    """
    Narrow targets to the rows that were marked and are the person's now, as they were then.

    A key alone says too little: the row that has it may be somebody else's.
    """
    for connector, target, work in rows:
        path = target.collection.path
        gone = set(target.keys.keys(gone_anchor(path)))
        with at(target.collection.store):
            theirs = _frozen(connector, target).keys(path, Standing.SOLE)
        own = {path: {Standing.SOLE: tuple(key for key in theirs if key in gone)}}
        narrow = replace(
            target,
            collection=holding.plain(target.collection),
            keys=KeySet({**target.keys.anchors, **own}),
            predicate=(Reach((), path, Role.OWNER),),
        )
        yield connector, narrow, work
