"""
Whose is each row that others hang on: keys, parents first, before anything is changed.

Whose a row is may depend on rows of its own collection, on rows in a circle of collections, and
on rows elsewhere that make their owners its owners too (``owns``). So what is reached is found
first, until nothing new is found. Then all of it is taken for the person's alone, and whatever
somebody else owns too is taken away, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connectors.sdk import Connector, KeySet, Link, Reach, Verb
from rights.domain.datamap import Collection, Depth, OnErasure, Role
from rights.domain.errors import Refused
from rights.domain.graph import Edge, given_anchor, given_columns, given_to, owning
from rights.domain.keys import HELD, Key, Standing
from workflows.floor import Floor
from workflows.graph import OUTWARD, co_owned, edges
from workflows.holds import Rulings
from workflows.routes import Routes
from workflows.where import at

IDENTIFIER = "identifier:"


def freeze(
    floor: Floor, routes: Routes, known: KeySet, needed: frozenset[str], ruled: Rulings
) -> KeySet:
    """
    Return *known* with the keys of every needed collection that others hang on.

    Raises:
        Refused: a connector cannot freeze, though other rows are found through its own.
        ConnectorError: a store could not be asked.
    """
    freezing = Freezing(floor, routes, ruled)
    keys = known
    for group in routes.groups:
        members = tuple(path for path in group if path in needed)
        if members:
            keys = freezing.group(members, keys)
    return keys


@dataclass(frozen=True, slots=True)
class Freezing:
    """Freezes one group of collections after the other."""

    floor: Floor = field(repr=False)
    routes: Routes = field(repr=False)
    ruled: Rulings = field(repr=False)

    def group(self, members: tuple[str, ...], keys: KeySet) -> KeySet:
        """Return *keys* with those of *members*, which may lead to each other."""
        shared = any(owning(self.routes.datamap, path) for path in members)
        while True:
            keys = self._grown(members, keys)
            if not shared and len(members) == 1:
                return keys
            parted = self._parted(members, keys)
            if _alone(parted, members) <= _alone(keys, members):
                return parted
            keys = parted

    def _grown(self, members: tuple[str, ...], keys: KeySet) -> KeySet:
        """Find what is reached, until nothing new is."""
        repeats = len(members) > 1 or members[0] in self.routes.recursive
        while True:
            before = _size(keys)
            for path in members:
                ways = self.routes.predicates[path]
                keys = keys.merged(self._asked(path, keys, ways))
                if others := self._others(path, keys):
                    told = self._asked(path, keys.merged(others), ways)
                    keys = _without(keys, path).merged(told)
            if not repeats or _size(keys) == before:
                return keys

    def _parted(self, members: tuple[str, ...], keys: KeySet) -> KeySet:
        """
        Tell apart what somebody else owns too, by way of the members themselves or of others.

        Rows that own each other wait for each other to be the person's alone. So what is owned
        in part is taken for theirs, and taken away again where there is another owner; but no
        row is taken along by one that is only supposed to be theirs.
        """
        circle = len(members) > 1
        sure = _sure(keys, members) if circle else KeySet()
        told = _promoted(keys, members) if circle else keys
        while True:
            before = told
            for path in members:
                with_others = told.merged(self._others(path, told))
                ways = self.routes.predicates[path]
                found = self._asked(path, with_others, gently(ways, members) if circle else ways)
                told = _without(with_others, path).merged(found.merged(_of(sure, path)))
            if _same(before, told):
                return told

    def _asked(self, path: str, keys: KeySet, ways: tuple[Reach, ...]) -> KeySet:
        """Ask the store of *path* for the keys of its rows that *keys* reach by *ways*."""
        datamap, routes = self.routes.datamap, self.routes
        collection = self.ruled.of(datamap.collection(path))
        found = frozen(self.floor, collection, keys, ways, routes.columns[path])
        # Which people this is about was settled before: freezing rows must not widen it.
        plain = found.only(*(a for a in found.anchors if not a.startswith(IDENTIFIER)))
        typed = (e for e in edges(datamap) if e.source == path and e.link.role in OUTWARD)
        return plain.merged(KeySet({a: by for e in typed for a, by in _given(e, plain)}))

    # -- who else owns it ------------------------------------------------------------------

    def _others(self, path: str, keys: KeySet) -> KeySet:
        """Return which of the frozen rows of *path* rows elsewhere give to somebody else too."""
        target = self.routes.datamap.collection(path)
        out: dict[str, dict[Key, None]] = {}
        for edge in owning(self.routes.datamap, path):
            columns = given_to(edge, target)
            values = keys.keys(f"{path}:{','.join(columns)}", Standing.SOLE, Standing.SHARED)
            if values:
                found = self._givers(edge, columns, values, keys)
                out.setdefault(co_owned(target, columns), {}).update(dict.fromkeys(found))
        return KeySet({anchor: {Standing.SOLE: tuple(found)} for anchor, found in out.items()})

    def _givers(
        self, edge: Edge, columns: tuple[str, ...], values: tuple[Key, ...], keys: KeySet
    ) -> list[Key]:
        """Return those of *values* that a row which is not the person's alone gives away too."""
        source = self.ruled.of(self.routes.datamap.collection(edge.source))
        link = Link(
            edge.link.columns,
            Role.ACCESSOR,
            to=edge.target,
            to_columns=columns,
            type_column=edge.link.type_column,
            type_value=edge.link.type_value,
        )
        reach = Reach(link.columns, link.anchor, Role.ACCESSOR, link)
        parents = keys.merged(KeySet({link.anchor: {Standing.SOLE: values}}))
        asked = _owned_columns(self.routes, source, edge.link)
        predicate = (*self.routes.predicates[edge.source], reach)
        found = frozen(self.floor, source, parents, predicate, asked)
        anchors = [f"{edge.source}:{','.join(names)}" for names in asked]
        width = len(edge.link.columns)
        of_others = (Standing.SHARED, Standing.SEEN)
        return [key[:width] for anchor in anchors for key in found.keys(anchor, *of_others)]


def _owned_columns(routes: Routes, source: Collection, link: Link) -> tuple[tuple[str, ...], ...]:
    """
    Return which columns to read of the rows that give: values, and beside them an owner.

    A row whose owner is gone makes nobody an owner. Where that cannot be seen from the row
    itself, it counts as owned: what may be somebody's is not deleted.
    """
    owners = [one.columns for one in source.links if one.role is Role.OWNER]
    unseen = not owners or source.identifies or owning(routes.datamap, source.path)
    beside = [(*link.columns, *names) for names in owners]
    return (link.columns,) if unseen else tuple(dict.fromkeys(beside))


def _given(edge: Edge, found: KeySet) -> Iterable[tuple[str, Mapping[Standing, tuple[Key, ...]]]]:
    """Yield the values that rows of one type give access by, without the type."""
    link = edge.link
    if not link.type_column:
        return
    wanted = str(link.type_value)
    by = found.anchors.get(f"{edge.source}:{','.join(given_columns(link))}", {})
    yield (
        given_anchor(edge),
        {s: tuple(key[1:] for key in keys if str(key[0]) == wanted) for s, keys in by.items()},
    )


def frozen(
    floor: Floor,
    collection: Collection,
    parents: KeySet,
    predicate: tuple[Reach, ...],
    columns: tuple[tuple[str, ...], ...] = ((),),
) -> KeySet:
    """
    Ask one store for keys.

    Raises:
        Refused: its connector cannot freeze, though other rows are found through it.
    """
    connector = floor.connector(collection.store)
    if Verb.FREEZE not in connector.manifest.verbs:
        raise Refused(
            f"{collection.path} identifies people or owns rows elsewhere, and the connector "
            f"{connector.manifest.name} cannot freeze keys"
        )
    with at(collection.store):
        return _call(connector, collection, parents, predicate, columns)


def _call(
    connector: Connector,
    collection: Collection,
    parents: KeySet,
    predicate: tuple[Reach, ...],
    columns: tuple[tuple[str, ...], ...],
) -> KeySet:
    keys: KeySet = connector.freeze(collection, parents, predicate, columns)  # type: ignore[attr-defined]  # the manifest promised the verb
    return keys


# -- sets of keys ---------------------------------------------------------------------------


def _size(keys: KeySet) -> tuple[int, int]:
    """Return how many keys there are, and how many of them are the person's alone."""
    return len(keys), sum(len(keys.keys(a, Standing.SOLE)) for a in keys.anchors)


def _same(one: KeySet, other: KeySet) -> bool:
    return one.anchors.keys() == other.anchors.keys() and all(
        set(one.keys(a, s)) == set(other.keys(a, s)) for a in one.anchors for s in Standing
    )


def _path(anchor: str) -> str:
    return anchor.removeprefix(HELD).partition(":")[0]


def _without(keys: KeySet, path: str) -> KeySet:
    return keys.only(*(a for a in keys.anchors if _path(a) != path))


def _of(keys: KeySet, path: str) -> KeySet:
    return keys.only(*(a for a in keys.anchors if _path(a) == path))


def _alone(keys: KeySet, members: tuple[str, ...]) -> frozenset[tuple[str, Key]]:
    """Return what is the person's alone."""
    mine = (a for a in keys.anchors if _path(a) in members and not a.startswith(HELD))
    return frozenset((a, key) for a in mine for key in keys.keys(a, Standing.SOLE))


def _sure(keys: KeySet, members: tuple[str, ...]) -> KeySet:
    mine = [a for a in keys.anchors if _path(a) in members and not a.startswith(HELD)]
    return KeySet({a: {Standing.SOLE: keys.keys(a, Standing.SOLE)} for a in mine})


def _promoted(keys: KeySet, members: tuple[str, ...]) -> KeySet:
    """Return *keys* with what the person owns in part taken for theirs alone."""
    mine = {
        anchor: {
            Standing.SOLE: keys.keys(anchor, Standing.SOLE, Standing.SHARED),
            Standing.SEEN: keys.keys(anchor, Standing.SEEN),
        }
        for anchor in keys.anchors
        if _path(anchor) in members and not anchor.startswith(HELD)
    }
    return replace(keys, anchors={**keys.anchors, **mine})


def gently(ways: tuple[Reach, ...], members: tuple[str, ...]) -> tuple[Reach, ...]:
    """Return *ways* without what takes rows along from rows of *members*."""
    out = []
    for reach in ways:
        link = reach.link
        inside = link is not None and _path(reach.anchor) in members
        if link is None or not inside:
            out.append(reach)
        elif reach.role is not Role.NONE:
            out.append(replace(reach, link=replace(link, on_erasure=_cut(link))))
        elif link.depth is not Depth.DEEP:
            out.append(reach)
    return tuple(out)


def _cut(link: Link) -> OnErasure:
    deletes = link.on_erasure is OnErasure.DELETE
    return OnErasure.DECORRELATE if deletes else link.on_erasure
