"""Turn a step's collections into targets, and mark each effect with its unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from connectors.sdk import Connector, Expect, KeySet, Reach, Role, Target, Work
from rights.domain.errors import Misconfigured
from rights.domain.keys import Standing
from rights.domain.kinds import Option
from rights.store.db import reading
from workflows import bystanders
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.graph import left_alone
from workflows.holds import Rulings, rulings_of
from workflows.keyring import opened_keys
from workflows.partial import only_marked
from workflows.recipes import TAGS_SWITCH
from workflows.strain import asked_between

LONGEST_TURN: Final = timedelta(seconds=60)
"""How long a worker for whom nobody waits stays at one step; below the timeout of its job."""


def keys_of(floor: Floor, claim: Claim) -> KeySet:
    """Return the frozen keys: this process's own, else those sealed in the register."""
    if claim.keys is not None:
        return claim.keys
    with reading(floor.register) as session:
        return opened_keys(session, floor.context.vault, claim.request.id)


def targets(
    floor: Floor, claim: Claim, ruled: Rulings | None = None
) -> Iterator[tuple[Connector, Target, Work]]:
    """
    Return what to act on, in the plan's order, with one chunk number per collection.

    Args:
        ruled: What is decided about holds; None: what the finished steps went by.
    """
    found = _targets(floor, claim, ruled)
    return only_marked(found) if claim.marked else found


def _targets(
    floor: Floor, claim: Claim, ruled: Rulings | None
) -> Iterator[tuple[Connector, Target, Work]]:
    step = claim.step
    if step is None:
        raise ValueError("the step that makes the plan has no targets")
    connector = floor.connector(step.store)
    keys = keys_of(floor, claim)
    now, turn = floor.now(), timedelta(seconds=floor.context.settings.inline_s)
    ruled, share = ruled or rulings_of(claim), floor.context.settings.bystander_share
    strained = asked_between(floor, step.store)
    for chunk, path in enumerate(step.collections):
        collection = ruled.of(floor.context.datamap.collection(path))
        predicate = floor.reaching(claim.request)[path]
        if claim.request.option is Option.ANONYMISE:
            predicate = tuple(map(left_alone, predicate))
        unhooked = any(name.partition(":")[0] == path for name in step.unhook)
        target = Target(collection, keys, predicate, unhooked=unhooked)
        work = Work(
            step_id=claim.step_id,
            fence=claim.fence,
            chunk=chunk,
            deadline=now + connector.manifest.timeout,
            anonymise=claim.request.option is Option.ANONYMISE,
            now=now,
            keep_running=lambda: floor.leases.check(claim.step_id),
            until=now + turn,
            waited_for=floor.waited_for,
            at_most=now + max(turn, LONGEST_TURN),
            strained=strained,
            bystanders=bystanders.rows(share),
            sampled=bystanders.sampled(claim.step_id, share),
        )
        yield connector, target, work


def for_switch(target: Target) -> Target:
    """
    Let a switch reach every row that is the person's at all.

    Turning something off for a device that two accounts share protects both; erasing it would
    not. So other owners, who matter for what is destroyed, do not matter here.
    """
    reaches = tuple(
        replace(r, link=None) if r.link is None or not r.link.type_column else r
        for r in target.predicate
        if r.role is Role.OWNER
    )
    return replace(target, collection=replace(target.collection, links=()), predicate=reaches)


def tagged(floor: Floor, target: Target, tags: tuple[str, ...]) -> tuple[Target, tuple[str, ...]]:
    """
    Narrow a target to the tags that were named; return those that the person does not have.

    The person's own rows are frozen by their whole key first: two people may have a tag of the
    same name, and naming one must not reach the other's.

    Raises:
        Misconfigured: the data map does not say which part of the key is the tag.
    """
    collection = target.collection
    switch = next(s for s in floor.context.datamap.switches if s.name == TAGS_SWITCH)
    if switch.column not in collection.key:
        raise Misconfigured(f"{collection.path}: its key must name {switch.column}, the tag")
    place = collection.key.index(switch.column)
    found = frozen(floor, collection, target.keys, target.predicate)
    mine = found.keys(collection.path, Standing.SOLE)
    chosen = tuple(k for k in mine if str(k[place]) in tags)
    own = KeySet({collection.path: {Standing.SOLE: chosen}})
    reach = (Reach(collection.key, collection.path, Role.OWNER),)
    have = {str(k[place]) for k in mine}
    # Whose the rows are was settled when they were frozen: their links would be asked in vain.
    bare = replace(collection, links=())
    return Target(bare, own, reach), tuple(t for t in tags if t not in have)


def expectation(claim: Claim) -> Expect:
    """Return what a VERIFY step looks for."""
    if claim.step is None or not claim.step.expect:
        raise ValueError("this step verifies nothing")
    return Expect(claim.step.expect)
