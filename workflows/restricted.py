"""
What a person's closed requests restrict still, worked out from what they really changed.

Requests that restricted and requests that lifted are read in the order in which they ended.

Source: PIPL 44; GDPR 18.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session, col, select

from connectors.sdk import KeySet, Standing
from rights.domain.actions import Action
from rights.domain.datamap import DataMap
from rights.domain.identifiers import normalise
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import subjects
from rights.store.models import Request, StepRow, StepState
from rights.store.vault import Vault
from workflows.plan import Plan
from workflows.plans import read_plan

BEFORE: Final = "before"
"""Under this name a plan's step keeps what was out of use before anything was restricted."""

STOPPING: Final = frozenset({Action.RESTRICT, Action.SUPPRESS})
RESUMING: Final = frozenset({Action.LIFT, Action.RESUME})
PURPOSE: Final = "#purpose:"
_DONE: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)


@dataclass(slots=True)
class Place:
    """
    One collection that a person's requests put out of use, or one switch they turned off.

    Args:
        requests: Those that want it so, still.
        rows: How many rows they changed.
        by_hand: Why only staff can tell what was stopped here; empty where the receipts do.
    """

    requests: set[str] = field(default_factory=set)
    rows: int = 0
    by_hand: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """
    Why a place stays as it is: a code that the answer names, or what staff have to do.

    Args:
        place: ``<store>.<collection>[#<switch>]``.
    """

    place: str
    code: str = ""
    manual: str = ""


def persons(vault: Vault, datamap: DataMap, keys: KeySet) -> frozenset[str]:
    """Return "the same person" by every identifier that is solely theirs, under every live key."""
    return frozenset(
        blind
        for name, known in datamap.identifiers.items()
        if not known.recycled
        for key in keys.keys(f"identifier:{name}", Standing.SOLE)
        for blind in subjects.blinds(vault, name, normalise(str(key[0]), known.normalise))
    )


def chosen(request: Request, places: Mapping[str, Place]) -> dict[str, Place]:
    """Return what stands of that which this request is about."""
    wanted = () if request.follows else tuple(request.parameters.get("purposes", ()))
    return {
        name: place
        for name, place in places.items()
        if place.requests
        and (not request.follows or request.follows in place.requests)
        and (not wanted or (name.rpartition(PURPOSE)[2] in wanted and PURPOSE in name))
    }


def standing(session: Session, who: Iterable[str]) -> dict[str, Place]:
    """
    Return what a person's closed requests stop, by ``<store>.<collection>[#<switch>]``.

    Args:
        who: "The same person", by every name.
    """
    query = select(Request).where(
        col(Request.subject).in_(list(who)),
        Request.kind == Kind.RESTRICTION,
        col(Request.option).in_((Option.RESTRICT, Option.LIFT)),
        col(Request.state).in_(_DONE),
    )
    places: dict[str, Place] = {}
    for request in session.exec(query.order_by(col(Request.closed_at), col(Request.id))):
        rows = session.exec(select(StepRow).where(StepRow.request_id == request.id)).all()
        plan, _ = read_plan(session, request.id)
        if request.option is Option.RESTRICT:
            _restricted(places, request, rows, plan)
        else:
            _lifted(places, request, rows, plan)
    return places


def _restricted(
    places: dict[str, Place], request: Request, rows: Sequence[StepRow], plan: Plan | None
) -> None:
    before: Mapping[str, Mapping[str, int]] = next(
        (r.result[BEFORE] for r in rows if BEFORE in r.result), {}
    )
    for name, affected in _changed(rows, STOPPING).items():
        place = places.setdefault(name, Place())
        if affected and name not in before:
            place.by_hand = "what was out of use before was not looked at: lift the rest by hand"
        elif affected and _mixed(name, before[name], affected, place.rows):
            place.by_hand = "some of it was out of use before: lift what was not by hand"
        place.requests.add(request.id)
        place.rows += affected
    for name in _by_hand(request, rows, plan, STOPPING):
        place = places.setdefault(name, Place())
        place.requests.add(request.id)
        place.by_hand = "it was put out of use by hand: let it be used again by hand"


def _mixed(name: str, before: Mapping[str, int], affected: int, ours: int) -> bool:
    """Tell whether some rows were out of use already, and not by this person's requests."""
    if "#" in name:
        return before["rows"] > affected + ours
    return before["restricted"] > ours


def _lifted(
    places: dict[str, Place], request: Request, rows: Sequence[StepRow], plan: Plan | None
) -> None:
    done = {*_changed(rows, RESUMING), *_by_hand(request, rows, plan, RESUMING)}
    for name, place in chosen(request, places).items():
        others = place.requests - {request.follows} if request.follows else set()
        if name in done or others:
            place.requests = others
        if name in done:
            place.rows, place.by_hand = 0, ""


def _changed(rows: Iterable[StepRow], actions: Collection[str]) -> dict[str, int]:
    """Return what the receipts of these actions say: place to rows."""
    return {
        place: receipt.get("affected", 0)
        for row in rows
        if row.action in actions and row.state is StepState.DONE
        for place, receipt in row.result.get("collections", {}).items()
    }


def changed(rows: Iterable[StepRow]) -> bool:
    """Return whether a restriction put anything out of use, or is at it and may have."""
    return any(_stopped(row) for row in rows if row.action in STOPPING)


def stands(session: Session, request: Request) -> bool:
    """Return whether a person's restrictions put something out of use that this one wants too."""
    found = standing(session, [request.subject]).values()
    return any(place.rows and request.id in place.requests for place in found)


def places(rows: Iterable[StepRow]) -> frozenset[str]:
    """Return the collections of which a restriction put rows out of use."""
    return frozenset(path for path, number in _changed(rows, STOPPING).items() if number)


def _stopped(row: StepRow) -> bool:
    if row.state is not StepState.DONE:
        return row.started_at is not None and row.state is not StepState.LEFT_OUT
    receipts: Mapping[str, Mapping[str, int]] = row.result.get("collections", {})
    return not receipts or any(one.get("affected", 0) for one in receipts.values())


def _by_hand(
    request: Request, rows: Iterable[StepRow], plan: Plan | None, actions: Collection[str]
) -> Iterator[str]:
    """Yield the places at which staff did what the plan says, and left no receipt."""
    steps = {f"{request.id}-{s.name}": s for s in plan or ()}
    for row in rows:
        step = steps.get(row.id)
        told = row.state is StepState.DONE and not row.result.get("collections")
        if step is None or not told or row.action not in actions:
            continue
        for path in step.collections:
            mine = [n for n in step.switches if n]
            yield from (f"{path}#{name}" for name in mine) if mine else (path,)
