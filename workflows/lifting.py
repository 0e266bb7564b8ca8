"""
Lifting a restriction: what may be used again, what stays and why, and how it is done.

What was out of use before, what another restriction stops too, what a law holds, or a consent that
was taken back, stays as it is: the answer names it, or staff look. Nothing is switched on because
it happens to be off.

Source: PIPL 44; GDPR 18(3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from connectors.sdk import KeySet, Target, Verb
from rights.domain.datamap import DataMap, Switch
from rights.domain.errors import Drift
from rights.domain.kinds import Kind, Option
from rights.services import consents, lifting, preferences
from rights.store.db import reading
from rights.store.models import Consent, Preference, Request
from workflows import held, switching
from workflows.claims import Claim
from workflows.counting import located
from workflows.floor import ERASING, Floor
from workflows.plan import LIFTING, Asked, Step
from workflows.resolve import resolve
from workflows.restricted import BEFORE, PURPOSE, STOPPING, Place, Why, chosen, persons, standing
from workflows.routes import Routes
from workflows.targets import keys_of


def asked(floor: Floor, request: Request, routes: Routes, given: Mapping[str, str]) -> Asked:
    """
    Return what lifting comes to for this person: what is lifted, and what stays and why.

    Raises:
        ConnectorError: a store that says who the person is could not be asked.
    """
    datamap = floor.context.datamap
    paths = {c.path for c in datamap.collections if c.restriction}
    paths |= {s.collection for s in datamap.switches}
    keys, _ = resolve(floor, routes, given, paths)
    lifted, stays = _judged(floor, request, routes, keys)
    told = tuple((why.place, why.code, why.manual) for why in stays)
    return Asked(request.kind, request.option, lifted=lifted, stays=told)


def unchanged(floor: Floor, claim: Claim) -> None:
    """
    Make sure that what a step is about to lift may still be lifted.

    Raises:
        Drift: since it was planned a hold, a consent taken back or another request came between.
    """
    step = claim.step
    if step is None:
        return
    routes = floor.routes(claim.request.kind)
    lifted, _ = _judged(floor, claim.request, routes, keys_of(floor, claim))
    planned = [
        f"{s.collection}#{s.name}"
        for s in floor.context.datamap.switches
        if s.name in step.switches and s.collection in step.collections
    ]
    places = set(planned if step.switches else step.collections)
    if not places or not places <= set(lifted):
        message = "what may be used again is not what it was when this was planned"
        raise Drift(message, why="restriction_changed")


def _judged(
    floor: Floor, request: Request, routes: Routes, keys: KeySet
) -> tuple[tuple[str, ...], tuple[Why, ...]]:
    """Return the places that are lifted, and why others stay."""
    who = persons(floor.context.vault, floor.context.datamap, keys)
    with reading(floor.register) as session:
        stopped, withdrawn = standing(session, who), _withdrawn(session, who)
        off = _switched_off(session, who)
        if request.option is Option.SWITCH_ON:
            return switching.judged(session, floor.context, request, keys, stopped, withdrawn)
    places = chosen(request, stopped)
    lifted: list[str] = []
    stays: list[Why] = []
    for name, place in sorted(places.items()):
        why = _gone(floor.context.datamap, name) or _stays(request, name, place, withdrawn)
        if why is None and off.get(name.partition("#")[2], set()) - place.requests:
            why = Why(name, "also_switched_off")
        why = why or _shared(floor.context.datamap, name)
        unsaid = (why is None or why.manual) and "#" not in name
        if unsaid and _known(floor.context.datamap, name) and held.among(floor, routes, name, keys):
            manual = "rows held by law have the same flag: lift it on the others alone"
            why = Why(name, manual=manual)
        if why is None:
            lifted.append(name)
        else:
            stays.append(why)
    return tuple(lifted), tuple(stays)


def _known(datamap: DataMap, name: str) -> bool:
    return name.partition("#")[0] in {c.path for c in datamap.collections}


def _gone(datamap: DataMap, name: str) -> Why | None:
    """What the map does not name any more cannot be put back by it, and is not passed over."""
    switches = {f"{s.collection}#{s.name}" for s in datamap.switches}
    if _known(datamap, name) and ("#" not in name or name in switches):
        return None
    return Why(name, manual=f"the data map has no {name} any more: let it be used again by hand")


def _stays(request: Request, name: str, place: Place, withdrawn: Collection[str]) -> Why | None:
    if request.follows and place.requests - {request.follows}:
        return Why(name, "still_restricted")
    if PURPOSE in name and name.rpartition(PURPOSE)[2] in withdrawn:
        return Why(name, "consent_taken_back")
    if place.by_hand:
        return Why(name, manual=place.by_hand)
    return None if place.rows else Why(name, "stopped_otherwise")


def _switched_off(session: Session, who: Iterable[str]) -> dict[str, set[str]]:
    """Return the switches that are off, and the requests that turned each of them off."""
    query = select(Preference).where(
        col(Preference.subject).in_(list(who)), Preference.value == preferences.OFF
    )
    found: dict[str, set[str]] = {}
    for row in session.exec(query):
        found.setdefault(row.name, set()).add(row.request_id)
    return found


def _shared(datamap: DataMap, name: str) -> Why | None:
    """A column that says something else too is no restriction's alone: a closed account, say."""
    path, _, switch = name.partition("#")
    collection = datamap.collection(path)
    here = [s for s in datamap.switches if s.collection == path]
    flag = {collection.restriction.column} if collection.restriction else set()
    columns = {s.column for s in here if s.name == switch} if switch else flag
    others = {s.column for s in here if s.name != switch} | set(collection.close)
    if shared := sorted(columns & (others | flag if switch else others)):
        manual = f"{', '.join(shared)} says more than this restriction: lift it by hand"
        return Why(name, manual=manual)
    return None


def _withdrawn(session: Session, who: Iterable[str]) -> frozenset[str]:
    """Return the purposes whose consent is taken back, at whichever product."""
    query = select(Consent).where(col(Consent.subject).in_(list(who))).order_by(col(Consent.id))
    latest = {(line.backend_id, line.purpose): line.state for line in session.exec(query)}
    return frozenset(p for (_, p), state in latest.items() if state == consents.WITHDRAWN)


def before(
    floor: Floor, request: Request, routes: Routes, steps: Iterable[Step], keys: KeySet
) -> dict[str, Any]:
    """Return what is out of use before a restriction: what that did not stop, no lift resumes."""
    if request.option is not Option.RESTRICT:
        return {}
    found: dict[str, dict[str, int]] = {}
    for step in steps:
        if step.action not in STOPPING or not step.by_worker:
            continue
        for path in step.collections:
            connector = floor.connector(step.store)
            if Verb.LOCATE not in connector.manifest.verbs:
                continue  # not looked at is not "nothing there": a lift is left to staff
            counted = located(floor, connector, path, keys, routes.predicates[path])
            names = [f"{path}#{n}" for n in step.switches] or [path]
            kept = {k: counted[k] for k in ("rows", "restricted")}
            found |= dict.fromkeys(names, kept)
    return {BEFORE: found}


def reversed_target(target: Target) -> Target:
    """Return *target* with the flag that lets its rows be used again."""
    rule = target.collection.restriction
    if rule is None or not rule.lifted:
        return target
    back = replace(rule, value=rule.lifted[0], lifted=(rule.value,))
    return replace(target, collection=replace(target.collection, restriction=back))


def reversed_switch(switch: Switch) -> Switch:
    """Return *switch* the other way round."""
    return replace(switch, on=switch.off, off=switch.on)


def ended(
    session: Session,
    floor: Floor,
    request: Request,
    frozen: Callable[[], KeySet],
    *,
    whole: bool,
) -> None:
    """
    Say what follows from a restriction that was made, or lifted, in the transaction that closes it.

    One that was made ends on the day that was named. One that was lifted need not end again, and
    neither need those of a person who was erased.

    Args:
        whole: Nothing of the person was left in use.
    """
    if request.kind in ERASING and whole:
        who = persons(floor.context.vault, floor.context.datamap, frozen())
        lifting.call_off(session, request, who, now=floor.now())
    if request.kind is not Kind.RESTRICTION:
        return
    lifting.end_as_asked(session, floor.context, request, now=floor.now())
    if request.option is Option.LIFT:
        who = persons(floor.context.vault, floor.context.datamap, frozen())
        lifting.overtaken(session, request, who, now=floor.now())


def lifts(claim: Claim) -> bool:
    """Tell whether a step's request lets things be used again."""
    return claim.request.option in LIFTING
