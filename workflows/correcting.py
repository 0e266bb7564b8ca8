"""
Corrections: what is set, against which old value, and what else follows from it.

When the plan is made, the value that each of the person's rows holds is read and sealed with the
frozen keys. The effect compares before it sets, so what somebody enters in between stays. Before
it, every old value is guarded, so that no later import brings it back unnoticed.

Source: PIPL 8, 46; R-P46-1, R-P46-2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.sdk import Change, Collection, KeySet, Standing, Verb
from rights.domain.correctable import rule_for
from rights.domain.datamap import Correctable, DataMap
from rights.domain.datamap import Field as MapField
from rights.domain.errors import Refused
from rights.domain.keys import Key
from rights.domain.kinds import Kind, Option
from rights.services import correction_guard, persons
from rights.services.correction_guard import Corrected
from rights.store.db import reading, transaction
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.given import values_of
from workflows.routes import Routes
from workflows.targets import keys_of

SEEN: Final = "seen:"
"""Anchor of what the rows held when the plan was made: their key, and the value last."""

Given = Mapping[str, Any]


def seen(floor: Floor, routes: Routes, values: Given, option: Option, keys: KeySet) -> KeySet:
    """
    Read what the person's own rows hold in the fields to correct.

    What they named themselves, and what is only filled where it is empty, need not be read.

    Raises:
        ConnectorError: a store could not be asked.
    """
    out: dict[str, dict[Standing, tuple[Key, ...]]] = {}
    for given in values.get("changes", ()) if option is not Option.SUPPLEMENT else ():
        path, _, name = given["field"].rpartition(".")
        collection = floor.context.datamap.collection(path)
        can = Verb.FREEZE in floor.connector(collection.store).manifest.verbs
        if can and "old" not in given and collection.field(name):
            held = _held(floor, routes, collection, name, keys)
            out[f"{SEEN}{given['field']}"] = {Standing.SOLE: tuple(held)}
    return KeySet(out)


def _held(
    floor: Floor, routes: Routes, collection: Collection, name: str, keys: KeySet
) -> Iterator[Key]:
    key = row_key(floor.context.datamap, collection)
    names = (*key, name)
    asked: tuple[tuple[str, ...], ...] = ((), names) if key else (names,)
    found = frozen(floor, collection, keys, routes.predicates[collection.path], asked)
    full = found.keys(f"{collection.path}:{','.join(names)}", Standing.SOLE)
    yield from full
    if key == collection.key:
        have = {pair[:-1] for pair in full}
        mine = found.keys(collection.path, Standing.SOLE)
        yield from ((*one, None) for one in mine if one not in have)


def row_key(datamap: DataMap, collection: Collection) -> tuple[str, ...]:
    """Return the columns that name a row; where the map has no key, an account's column does."""
    accounts = (
        (column,)
        for name, column in collection.identifies.items()
        if datamap.identifiers[name].kind == "account"
    )
    return collection.key or next(accounts, ())


def changes_of(floor: Floor, claim: Claim) -> dict[str, tuple[Change, ...]]:
    """
    Return the changes of a correction by collection.

    Raises:
        Refused: a value does not fit the field's declared check, or it is not clear which of
            several values is meant.
    """
    with reading(floor.register) as session:
        values = values_of(session, floor, claim.request)
    datamap, keys = floor.context.datamap, keys_of(floor, claim)
    for given in values.get("changes", ()):
        path, _, name = given["field"].rpartition(".")
        collection = datamap.collection(path)
        known = collection.field(name)
        rule = rule_for(collection, known) if known else None
        _check(given["field"], given["value"], rule)
    return changes(datamap, claim.request.option, [values], keys)


def changes(
    datamap: DataMap, option: Option, kept: Iterable[Given], keys: KeySet
) -> dict[str, tuple[Change, ...]]:
    """
    Return changes that were checked, and those that follow from them, by collection.

    Raises:
        Refused: the person's rows hold several values, and none was named.
    """
    values: dict[str, Any] = {}
    for each in kept:
        values.update(each)
    out: dict[str, tuple[Change, ...]] = {}
    for given in values.get("changes", ()):
        path, _, name = given["field"].rpartition(".")
        out[path] = (*out.get(path, ()), _change(given, name, option, keys))
    for field in erased_with(datamap, asked_fields(values)):
        path, _, name = field.rpartition(".")
        if name not in {change.column for change in out.get(path, ())}:
            out[path] = (*out.get(path, ()), Change(name, None))
    return out


def _change(given: Given, name: str, option: Option, keys: KeySet) -> Change:
    value, anchor = given["value"], f"{SEEN}{given['field']}"
    if option is Option.SUPPLEMENT:
        return Change(name, value, None, check_old=True)
    if "old" in given:
        return Change(name, value, given["old"], check_old=True)
    if anchor not in keys.anchors:
        return Change(name, value)
    olds = list(dict.fromkeys(key[-1] for key in keys.keys(anchor) if key[-1] != value))
    if len(olds) > 1:
        raise Refused(
            f"{given['field']}: the person's records hold different values: ask which one is"
            " wrong, and name it as the old value"
        )
    return Change(name, value, olds[0] if olds else value, check_old=True)


def _check(field: str, value: Any, rule: Correctable | None) -> None:
    if rule is None:
        raise Refused(f"{field}: the data map does not say how it may be corrected")
    if rule.mode == "refused":
        raise Refused(f"{field} may not be corrected: {rule.because}")
    text = str(value)
    if len(text) > rule.max_length or (rule.pattern and not re.fullmatch(rule.pattern, text)):
        raise Refused(f"{field}: the new value does not have the form the data map asks for")


def guard(floor: Floor, claim: Claim) -> None:
    """Guard every old value of the step's collections, before it is overwritten."""
    step, keys = claim.step, keys_of(floor, claim)
    if step is None:
        return
    with reading(floor.register) as session:
        values = values_of(session, floor, claim.request)
    vault, datamap = floor.context.vault, floor.context.datamap
    with transaction(floor.register) as session:
        for given in values.get("changes", ()):
            path, _, name = given["field"].rpartition(".")
            if path not in step.collections:
                continue
            correction_guard.keep(
                session,
                vault,
                request_id=claim.request.id,
                person=persons.person(vault, datamap, keys),
                found=list(_guarded(keys, given, path, name)),
                value=given["value"],
                now=floor.now(),
            )


def _guarded(keys: KeySet, given: Given, path: str, name: str) -> Iterator[tuple[Corrected, Any]]:
    for *key, held in keys.keys(f"{SEEN}{given['field']}"):
        if key:  # a row that cannot be named cannot be guarded
            yield Corrected(path, name, tuple(key)), held


def undone(floor: Floor, kind: Kind, request_id: str, keys: KeySet) -> dict[str, int]:
    """
    Look whether corrected values are back where they were corrected: field to number of rows.

    Args:
        keys: The request's, from its capsule.

    Raises:
        ConnectorError: a store could not be asked.
    """
    vault, out = floor.context.vault, {}
    with reading(floor.register) as session:
        places = correction_guard.guarded(session, vault, request_id)
    for path, name in dict.fromkeys((p.collection, p.field) for p in places):
        collection = floor.context.datamap.collection(path)
        held = list(_held(floor, floor.routes(kind), collection, name, keys))
        with reading(floor.register) as session:
            back = sum(
                correction_guard.stale(session, vault, Corrected(path, name, tuple(key)), value)
                for *key, value in held
            )
        if back:
            out[f"{path}.{name}"] = back
    return out


# -- what is made from a corrected value ----------------------------------------------------


def asked_fields(values: Given) -> tuple[str, ...]:
    """Return the paths of the fields that a correction names."""
    return tuple(given["field"] for given in values.get("changes", ()))


def erased_with(datamap: DataMap, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields made from *fields* that go when their source changes."""
    found = _made_from(datamap, fields)
    return tuple(path for path, of in found if of.on_source_erasure == "erase")


def recomputed_with(datamap: DataMap, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields made from *fields* that have to be made again; unless told, all others."""
    return tuple(
        path
        for path, of in _made_from(datamap, fields)
        if of.on_source_erasure not in ("erase", "keep")
    )


def _made_from(datamap: DataMap, fields: Sequence[str]) -> list[tuple[str, MapField]]:
    """Return the fields made from *fields*, from those in turn, and so on."""
    found: dict[str, MapField] = {}
    sources = set(fields)
    while True:
        new = {
            f"{c.path}.{f.name}": f
            for c in datamap.collections
            for f in c.fields
            if sources.intersection(f.derived_from) and f"{c.path}.{f.name}" not in sources
        }
        if not new:
            return list(found.items())
        found |= new
        sources |= new.keys()
