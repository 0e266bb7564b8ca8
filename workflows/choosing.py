"""
Tags that a person chooses: written where the data map offers them, and read back.

A row is named by the person's own frozen key and the tag, so that it is theirs whatever else
there is. What the person has said otherwise since is passed over, and told.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from connectors.sdk import (
    Change,
    Connector,
    Expect,
    Key,
    KeySet,
    Reach,
    Receipt,
    Role,
    Standing,
    Target,
    Work,
)
from rights.domain import choosable
from rights.domain.choosable import Place
from rights.domain.datamap import DataMap
from rights.domain.errors import Drift
from rights.domain.tags import CHOSEN
from workflows import lastword
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.lastword import Asked
from workflows.targets import targets

DONE, NONE_SUCH, SINCE = 200, 404, 409
"""What is said of one tag: done, the person has none such, they said otherwise since."""


def paths(datamap: DataMap, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the collections in which something that was chosen is written."""
    tags = values.get(CHOSEN, ())
    return tuple(
        p.collection.path for p in choosable.places(datamap) if any(map(p.tags.choice, tags))
    )


@dataclass(frozen=True, slots=True)
class _Writing:
    """One tag that is written in one collection."""

    connector: Connector
    target: Target
    work: Work
    tag: str
    place: Place

    @property
    def path(self) -> str:
        return self.target.collection.path

    def changes(self, **more: Any) -> tuple[Change, ...]:
        """Return what its row says beside its key."""
        said = {**self.place.tags.marks(self.tag), **more}
        return tuple(Change(name, value) for name, value in said.items())


def choose(floor: Floor, claim: Claim) -> tuple[dict[str, Receipt], dict[str, str], list[Any]]:
    """
    Write the chosen tags of a step.

    Returns:
        Receipts by collection; why nothing was written, where nothing was; what became of each tag.

    Raises:
        Drift: the map does not offer them any more.
    """
    since = claim.request.received_at.astimezone(UTC).replace(microsecond=0).isoformat()
    receipts: dict[str, Receipt] = {}
    missing: dict[str, str] = {}
    asked = lastword.asked(floor, claim, CHOSEN)
    results = dict.fromkeys(asked.since, SINCE)
    for one in _writings(floor, claim, asked):
        named = {one.place.tags.since: since} if one.place.tags.since else {}
        done = one.connector.correct(one.target, one.work, one.changes(**named))  # type: ignore[attr-defined]  # the planner checked the manifest for the verb
        receipts[one.path] = _sum(receipts.get(one.path, Receipt()), done)
        if not one.target.named:
            missing[one.path] = "no_own_record"
        results[one.tag] = DONE if one.target.named else results.get(one.tag, NONE_SUCH)
    told = [{"item": tag, "status": status} for tag, status in results.items()]
    return receipts, missing, told


def not_there(floor: Floor, claim: Claim) -> dict[str, int]:
    """Return by collection how many of the chosen tags cannot be read back, and 0 elsewhere."""
    left: dict[str, int] = {}
    for one in _writings(floor, claim, lastword.asked(floor, claim, CHOSEN)):
        found = one.connector.verify(  # type: ignore[attr-defined]  # as above
            one.target, one.work, Expect.ADDED, changes=one.changes()
        )
        left[one.path] = left.get(one.path, 0) + found.rows
    return left


def _writings(floor: Floor, claim: Claim, asked: Asked) -> Iterator[_Writing]:
    places = {p.collection.path: p for p in choosable.places(floor.context.datamap)}
    # A tag keeps its number though others were overtaken since: an attempt before may have begun.
    every = sorted((*asked.still, *asked.since))
    for connector, target, work in targets(floor, claim):
        place = places.get(target.collection.path)
        if place is None:
            message = f"{target.collection.path} offers no tags any more"
            raise Drift(message, why="map_changed")
        for tag in filter(place.tags.choice, asked.still):
            unit = replace(work, chunk=work.chunk * len(every) + every.index(tag))
            yield _Writing(connector, _row(target, place, tag), unit, tag, place)


def all_but(floor: Floor, target: Target, tags: Collection[str]) -> Target:
    """Narrow a target to the person's rows of other tags than these, where these are offered."""
    path = target.collection.path
    place = next(
        (p for p in choosable.places(floor.context.datamap) if p.collection.path == path), None
    )
    if place is None:
        return target
    at = target.collection.key.index(place.column)
    mine = frozen(floor, target.collection, target.keys, target.predicate)
    others = tuple(k for k in mine.keys(path, Standing.SOLE) if str(k[at]) not in tags)
    return _own(target, others)


def _row(target: Target, place: Place, tag: str) -> Target:
    """Return the rows that say this of the person: one for each account that is theirs alone."""
    collection, link = place.collection, place.link
    keys = tuple(
        tuple(
            {**dict(zip(link.columns, mine, strict=True)), place.column: tag}[name]
            for name in collection.key
        )
        for mine in target.keys.keys(link.anchor, Standing.SOLE)
    )
    return replace(_own(target, keys), adding=True)


def _own(target: Target, keys: tuple[Key, ...]) -> Target:
    """Return the rows of these keys, which are the person's alone."""
    collection = target.collection
    # Whose such a row is was settled with the keys: its links would be asked in vain.
    bare = replace(collection, links=())
    own = KeySet({collection.path: {Standing.SOLE: keys}})
    reach = (Reach(collection.key, collection.path, Role.OWNER),)
    return Target(bare, own, reach)


def _sum(one: Receipt, other: Receipt) -> Receipt:
    return Receipt(
        affected=one.affected + other.affected,
        conflicts=one.conflicts + other.conflicts,
        at_least=one.at_least or other.at_least,
    )
