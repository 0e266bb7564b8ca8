"""
What an erasure left because something holds it: noted, with its ground and its end.

The keys of held rows are read before the effect, since the effect may cut what they are found
by. They are sealed; the note itself has counts, codes and dates.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.parts.retention import binds, ends
from connectors.sdk import (
    Collection,
    Connector,
    KeySet,
    OnErasure,
    Receipt,
    Role,
    Standing,
    Target,
    Verb,
)
from connectors.sdk import held as held_anchor
from rights.domain.datamap import Depth, Erasure, Ruling
from rights.domain.holds import BY_ITSELF, CODES
from rights.services.hold_catalogue import code_of
from rights.store.models import HeldRows
from rights.store.vault import Vault
from workflows.floor import Floor
from workflows.holds import Rulings, identifiers_of

LOOK_AGAIN: Final = timedelta(days=30)
"""When rows whose hold has no known end are looked at again."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Why rows of a collection are held: of the hold catalogue, and in words."""

    code: str
    basis: str
    rank: str
    hold: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The held rows of one collection before the effect; no ``keys`` where none can be named."""

    collection: Collection
    ground: Ground
    keys: KeySet | None = field(default=None, repr=False)


def ground_of(ruled: Rulings, collection: Collection) -> Ground | None:
    """
    Return why rows of a collection may be held; None when only the map keeps them.

    Args:
        collection: As it is for this request.
    """
    placed = ruled.placed.get(collection.path)
    if placed is not None:
        until = datetime.fromisoformat(placed.until) if placed.until else None
        return Ground(CODES[placed.rank], placed.basis, placed.rank, placed.hold, until)
    return None if collection.path in ruled.overdue else rule_ground(collection)


def rule_ground(collection: Collection) -> Ground | None:
    """Return why the collection's own rule holds rows; None when there is none that does."""
    rule = collection.retention
    if rule is None or not (rule.with_ or binds(collection)):
        return None
    return Ground(code_of(rule.rank, rule.hold), rule.basis, rule.rank)


def left_of(collection: Collection, found: KeySet, before: KeySet) -> KeySet:
    """
    Return the keys of the rows that are held still, after those that are not were let go.

    An anonymised row stays where it was, and may have lost the date that it was judged by: of such
    rows those count that were held before. Put away, it is gone from there.

    Args:
        found: What was frozen of them afterwards.
        before: Keys of what was held before.
    """
    away = collection.ruling is not None and collection.ruling.sealed
    if away or collection.erasure is not Erasure.ANONYMISE:
        return found
    path, dates = collection.path, from_anchor(collection)
    kept = set(before.keys(held_anchor(path)))
    rows = tuple(key for key in found.keys(path, Standing.SOLE) if key in kept)
    return KeySet({path: {Standing.SOLE: rows}}).merged(found.only(dates, held_anchor(dates)))


def sealed_view(collection: Collection) -> Collection | None:
    """Return *collection* as the rows put away for this request, where rows are."""
    rule, ruling = collection.restriction, collection.ruling
    if rule is None or not rule.away or ruling is None:
        return None
    return replace(collection, ruling=replace(ruling, sealed=True))


def bare(collection: Collection, ruling: Ruling) -> Collection:
    """
    Return *collection* as rows that are acted on by their own keys alone.

    Whose they are was settled when they were held; only what they are held along with counts.
    """
    ruled = replace(plain(collection), ruling=ruling)
    return sealed_view(ruled) or ruled


def plain(collection: Collection) -> Collection:
    """Return *collection* without what its links say about whose its rows are."""
    return replace(
        collection,
        links=tuple(
            replace(link, role=Role.NONE, depth=Depth.SHALLOW, on_erasure=OnErasure.DECORRELATE)
            for link in collection.links
        ),
    )


def before(ruled: Rulings, rows: Iterable[tuple[Connector, Target, Any]]) -> list[Seen]:
    """Read which rows are about to be held."""
    out = []
    for connector, target, _ in rows:
        ground = ground_of(ruled, target.collection)
        if ground is None:
            continue
        named = sealed_view(target.collection) is None
        keys = _frozen(connector, target) if named else None
        out.append(Seen(target.collection, ground, keys))
    return out


def _frozen(connector: Connector, target: Target) -> KeySet | None:
    """Return the keys of the held rows, and the values their holds count from."""
    if Verb.FREEZE not in connector.manifest.verbs:
        return None
    collection = target.collection
    loose = tuple(
        r for r in target.predicate if not (r.link and r.link.on_erasure is OnErasure.KEEP)
    )
    found: KeySet = connector.freeze(collection, target.keys, loose, columns_of(collection))  # type: ignore[attr-defined]  # checked just now
    wanted = (held_anchor(a) for a in (collection.path, from_anchor(collection)))
    sole = set(found.keys(collection.path, Standing.SOLE))
    kept = found.only(*wanted)
    mine = tuple(k for k in kept.keys(held_anchor(collection.path)) if k in sole)
    dated = kept.only(held_anchor(from_anchor(collection)))
    return KeySet({collection.path: {Standing.SOLE: mine}}).merged(dated)


def columns_of(collection: Collection) -> tuple[tuple[str, ...], ...]:
    """Return what is frozen of a collection that may be held: its key, and since when."""
    rule = collection.retention
    return ((), (rule.from_,)) if rule and rule.from_ else ((),)


def from_anchor(collection: Collection) -> str:
    """Return the anchor of the values that holds count from."""
    rule = collection.retention
    return f"{collection.path}:{rule.from_ if rule else ''}"


def after(
    floor: Floor,
    request_id: str,
    seen: Sequence[Seen],
    receipts: Mapping[str, Receipt],
    rows: Sequence[tuple[Connector, Target, Any]],
) -> list[HeldRows]:
    """Return the notes of what was left, to be written with the step's outcome."""
    by_path = {t.collection.path: (c, t) for c, t, _ in rows}
    out: list[HeldRows] = []
    for one in seen:
        path = one.collection.path
        if receipts[path].retained:
            connector, target = by_path[path]
            keys = one.keys or _sealed_away(connector, one.collection)
            out.append(_note(floor, request_id, one, receipts[path], keys, target.keys))
    return _dated_like_what_they_follow(out, {s.collection.path: s.collection for s in seen})


def _sealed_away(connector: Connector, collection: Collection) -> KeySet | None:
    view, rule = sealed_view(collection), collection.retention
    if view is None or rule is None or not rule.from_:
        return None
    found: KeySet = connector.freeze(view, KeySet(), (), ((rule.from_,),))  # type: ignore[attr-defined]  # what seals can freeze
    return found.only(from_anchor(collection))


def _note(
    floor: Floor, request_id: str, one: Seen, receipt: Receipt, keys: KeySet | None, who: KeySet
) -> HeldRows:
    ground, now = one.ground, floor.now()
    made = HeldRows(
        request_id=request_id,
        collection=one.collection.path,
        code=ground.code,
        basis=ground.basis,
        rank=ground.rank,
        count=receipt.retained,
        hold_id=ground.hold,
        created_at=now,
    )
    people = identifiers_of(floor.context.datamap, who)
    made.sealed = sealed(floor.context.vault, made, keys or KeySet(), people)
    if ground.hold:
        made.earliest = made.latest = made.next_at = ground.until
    else:
        date_anew(made, one.collection, keys or KeySet(), now)
    return made


def date_anew(row: HeldRows, collection: Collection, keys: KeySet, now: datetime) -> None:
    """Say when the holds of these rows end, by the values they count from."""
    anchor = from_anchor(collection)
    values = (*keys.keys(anchor), *keys.keys(held_anchor(anchor)))
    known = sorted(end for value in values if (end := ends(collection, value[0])))
    row.earliest, row.latest = (known[0], known[-1]) if known else (None, None)
    row.next_at = max(now, known[0]) if known else now + LOOK_AGAIN


def _dated_like_what_they_follow(
    rows: list[HeldRows], collections: Mapping[str, Collection]
) -> list[HeldRows]:
    by_path = {row.collection: row for row in rows}
    for row in rows:
        above, seen = row.collection, {row.collection}
        while (rule := collections[above].retention) and rule.with_ in by_path:
            above = rule.with_
            if above in seen:
                break
            seen.add(above)
        if above != row.collection and not row.hold_id:
            of = by_path[above]
            row.earliest, row.latest, row.next_at = of.earliest, of.latest, of.next_at
    return rows


def aad(row: HeldRows) -> str:
    """Return what binds sealed keys to their row."""
    return f"held|{row.request_id}|{row.collection}"


def sealed(vault: Vault, row: HeldRows, keys: KeySet, people: Mapping[str, Sequence[str]]) -> bytes:
    """Return keys and identifiers, sealed: a legal hold may be placed before the rows go."""
    body = {"keys": keys.only(row.collection).to_json(), "people": dict(people)}
    return vault.seal(orjson.dumps(body), aad=aad(row))


def opened(vault: Vault, row: HeldRows) -> tuple[KeySet, dict[str, list[str]]]:
    """Return what :func:`sealed` sealed."""
    body = orjson.loads(vault.open(row.sealed, aad=aad(row)))
    return KeySet.from_json(body["keys"]), body["people"]


def by_statute(rank: str) -> bool:
    """Return whether a law itself keeps the row: then nothing is left undone (R-24-3)."""
    return rank in BY_ITSELF
