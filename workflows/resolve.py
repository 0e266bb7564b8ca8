"""
Who the person is in every store, and which rows their other rows hang on.

Identities are followed to a fix-point with a cap: an e-mail leads to an account, the account
to a phone. Then every key by which *children* are found is frozen, parents first, before
anything is changed; nothing is looked up again by data the plan itself changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from connectors.sdk import KeySet, Reach
from rights.domain.datamap import Collection, DataMap, Role
from rights.domain.errors import Refused
from rights.domain.graph import freeze_order
from rights.domain.identifiers import normalise
from rights.domain.keys import Key, Standing, of_identifiers
from workflows.floor import Floor
from workflows.freezing import freeze, frozen
from workflows.holds import Rulings
from workflows.merges import MAX_VALUES, one_persons, taken_over
from workflows.routes import Routes

MAX_HOPS: Final = 6
"""Rounds of following identifiers; a longer chain is a merged identity for staff to see."""

PREFIX: Final = "identifier:"

AS_WRITTEN: Final = Rulings()
"""Nothing is decided: only what the data map says by itself holds."""


@dataclass(slots=True)
class Hops:
    """
    What was followed: names and counts only, for staff to read.

    Args:
        doubtful: Values that were not proved and lead to a second account, so to somebody else:
            they are followed no further, and no row is taken for the person's by them.
    """

    log: list[dict[str, object]] = field(default_factory=list)
    doubtful: set[tuple[str, Key]] = field(default_factory=set, repr=False)

    def told(self) -> str:
        """Return the log in one line: which collection was asked in which round, and counts."""
        return ", ".join(
            f"{x['hop']} {x['collection']} {x.get('rows', x.get('doubtful'))}" for x in self.log
        )

    def unsure(self, routes: Routes, keys: KeySet) -> list[str]:
        """Return the collections of which we cannot tell what in them is the person's."""
        dropped = {anchor for anchor, _ in self.doubtful}
        out: list[str] = []
        for path in freeze_order(routes.datamap) if dropped else ():
            anchors = [r.anchor for r in routes.predicates[path]]
            doubted = any(a in dropped or a.partition(":")[0] in out for a in anchors)
            if doubted and not any(keys.keys(a) for a in anchors):
                out.append(path)
        return out


def resolve(
    floor: Floor,
    routes: Routes,
    given: Mapping[str, str],
    paths: Iterable[str],
    ruled: Rulings = AS_WRITTEN,
) -> tuple[KeySet, Hops]:
    """
    Return identifiers and frozen parent keys for the collections named by *paths*.

    Args:
        given: Proved identifiers, type to value.
        ruled: What is decided about holds: the keys of held rows are told apart.

    Raises:
        Refused: the identifiers spread over more values than one person has.
        ConnectorError: a store that is needed could not be asked. It is never "nothing".
    """
    needed = routes.needed(paths)
    hops = Hops()
    known = proved = of_identifiers(given)
    asked: set[tuple[str, str, object]] = set()
    for hop in range(1, MAX_HOPS + 1):
        known = known.merged(taken_over(floor, routes, known))
        _check(known)
        found = _hop(floor, routes, known, proved, needed, asked, hop, hops)
        known = _without(known, hops.doubtful)
        if not found:
            return freeze(floor, routes, known, needed, ruled), hops
        known = known.merged(found)
        _check(known)
    raise Refused(
        f"identifiers were followed {MAX_HOPS} times and lead on still; a member of staff must"
        f" look, for these may be several people: {hops.told()}",
        code="followed_too_far",
    )


def _hop(
    floor: Floor,
    routes: Routes,
    known: KeySet,
    proved: KeySet,
    needed: frozenset[str],
    asked: set[tuple[str, str, object]],
    hop: int,
    hops: Hops,
) -> KeySet:
    """Ask every identity collection about the values it was not asked about yet."""
    found, datamap = KeySet(), routes.datamap
    for collection in _accounts_first(datamap, routes.identity):
        if collection.path not in needed:
            continue
        fresh = _fresh(datamap, collection, _without(known, hops.doubtful), asked)
        if not fresh:
            continue
        doubt = _strangers(floor, routes, collection, fresh, known, proved)
        hops.doubtful |= doubt
        fresh = _without(fresh, doubt)
        if doubt:
            hops.log.append({"hop": hop, "collection": collection.path, "doubtful": len(doubt)})
        rows = frozen(floor, _alone(collection), fresh, _identifying(routes, collection))
        new = rows.only(*(PREFIX + name for name in collection.identifies))
        count = len(rows.keys(collection.path))
        hops.log.append({"hop": hop, "collection": collection.path, "rows": count})
        _one_account(floor, routes, collection, known, new)
        _remember(datamap, collection, new, asked)
        found = found.merged(new)
    return _without(_unknown(found, known), hops.doubtful)


def _one_account(
    floor: Floor, routes: Routes, collection: Collection, known: KeySet, new: KeySet
) -> None:
    """
    Make sure that contacts lead to one person's rows where no account was named.

    Rows that agree in one account identifier are one person's, and so are accounts of which one
    took over the others.

    Raises:
        Refused: they lead to several accounts. Families share addresses, and a typing error
            makes another's: whose request it is cannot be told.
    """
    types = [PREFIX + name for name in _account_types(routes.datamap, collection)]
    if not types or any(known.keys(anchor) for anchor in types):
        return
    found = {anchor: {str(key[0]) for key in new.keys(anchor)} for anchor in types}
    if not any(one_persons(floor, routes, anchor, ids) for anchor, ids in found.items()):
        raise Refused(
            f"the identifiers lead to {min(map(len, found.values()))} accounts in"
            f" {collection.path}, and no account was named: ask the person which one is theirs",
            code="ambiguous_identifier",
        )


def _accounts_first(datamap: DataMap, found: Iterable[Collection]) -> list[Collection]:
    """Doubt is found where accounts are, so before anything else is asked."""
    return sorted(found, key=lambda c: not _account_types(datamap, c))


def _account_types(datamap: DataMap, collection: Collection) -> list[str]:
    return [n for n in collection.identifies if datamap.identifiers[n].kind == "account"]


def _strangers(
    floor: Floor,
    routes: Routes,
    collection: Collection,
    fresh: KeySet,
    known: KeySet,
    proved: KeySet,
) -> set[tuple[str, Key]]:
    """
    Return the values that nobody proved and that lead to a second account of a known type.

    Anybody may type another's address into a profile, and families share one: by such a value
    the other account would be shown, or erased.
    """
    datamap, out = routes.datamap, set()
    accounts = [PREFIX + n for n in _account_types(datamap, collection)]
    mine = {anchor: {str(k[0]) for k in known.keys(anchor)} for anchor in accounts}
    for anchor in fresh.anchors:
        kind = datamap.identifiers[anchor.removeprefix(PREFIX)]
        if kind.kind == "account" or not any(mine.values()):
            continue
        sure = {k[0] for k in proved.keys(anchor)}
        for key in fresh.keys(anchor):
            if normalise(str(key[0]), kind.normalise) in sure:
                continue
            alone = KeySet({anchor: {Standing.SOLE: (key,)}})
            rows = frozen(floor, _alone(collection), alone, _identifying(routes, collection))
            led = {a: {str(k[0]) for k in rows.keys(a)} for a in accounts if mine[a]}
            if any(led[a] - mine[a] for a in led):
                out.add((anchor, key))
    return out


def _without(keys: KeySet, doubtful: set[tuple[str, Key]]) -> KeySet:
    if not doubtful:
        return keys
    return KeySet(
        {
            anchor: {s: tuple(k for k in ks if (anchor, k) not in doubtful) for s, ks in by.items()}
            for anchor, by in keys.anchors.items()
        }
    )


def _fresh(
    datamap: DataMap,
    collection: Collection,
    known: KeySet,
    asked: set[tuple[str, str, object]],
) -> KeySet:
    """Return the values that identify people here and were not asked about yet."""
    out: dict[str, dict[Standing, tuple[tuple[object, ...], ...]]] = {}
    for name in collection.identifies:
        if datamap.identifiers[name].recycled:
            continue  # a number may have passed to somebody else: it proves nothing alone
        keys = [k for k in known.keys(PREFIX + name) if (collection.path, name, k[0]) not in asked]
        asked.update((collection.path, name, k[0]) for k in keys)
        if keys:
            out[PREFIX + name] = {Standing.SOLE: tuple(keys)}
    return KeySet(out)  # type: ignore[arg-type]  # keys of a KeySet are keys


def _alone(collection: Collection) -> Collection:
    """Who a row is does not depend on who else owns it."""
    return replace(collection, links=()) if collection.links else collection


def _identifying(routes: Routes, collection: Collection) -> tuple[Reach, ...]:
    """Return the reaches by which a row *is* the person."""
    return tuple(
        r for r in routes.predicates[collection.path] if r.link is None and r.role is Role.OWNER
    )


def _remember(
    datamap: DataMap, collection: Collection, new: KeySet, asked: set[tuple[str, str, object]]
) -> None:
    """
    An account id that a collection gave need not be asked of it again; a contact must, and so
    must an id that points elsewhere: of one account there may be several rows (its addresses).
    """
    pointing = {column for link in collection.links for column in link.columns}
    for name, column in collection.identifies.items():
        if datamap.identifiers[name].kind == "account" and column not in pointing:
            asked.update((collection.path, name, k[0]) for k in new.keys(PREFIX + name))


def _unknown(found: KeySet, known: KeySet) -> KeySet:
    out = {}
    for anchor in found.anchors:
        have = set(known.keys(anchor))
        keys = tuple(k for k in found.keys(anchor) if k not in have and k[0] not in (None, ""))
        if keys:
            out[anchor] = {Standing.SOLE: keys}
    return KeySet(out)


def _check(known: KeySet) -> None:
    for anchor in known.anchors:
        if len(known.keys(anchor)) > MAX_VALUES:
            raise Refused(
                f"{anchor} has more values than one person can have: a shared identifier is "
                "being followed, so a member of staff must look"
            )


def frozen_again(
    floor: Floor, routes: Routes, keys: KeySet, paths: Iterable[str], ruled: Rulings
) -> KeySet:
    """
    Return *keys* with those of rows that hang on them now: after a restore, of rows that came
    back. Who the person is was settled before, and is not asked again.
    """
    return freeze(floor, routes, keys, routes.needed(paths), ruled)
