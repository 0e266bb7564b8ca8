"""
What somebody typed beside what the stores hold: enough, or not enough, and nothing else.

Whose rows are compared is read from the proofs in the register, never from the question: whoever
could write questions would otherwise learn about anybody.

Source: PIPL 6, 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from connectors.sdk import KeySet, Standing, Verb
from rights.domain import facts
from rights.domain.errors import Forbidden
from rights.domain.levels import Matched
from rights.services import assurance, subjects
from rights.services.matching import OF_REAL_NAME, Found
from rights.services.way_catalogue import marked
from rights.store.db import reading
from rights.store.models import Lookup, Request
from workflows import belonging, network_identity
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.preparing import find_anything
from workflows.resolve import resolve

_ENOUGH: Final = "enough"
_RESTS_ON: Final = "rests_on"
_WAY: Final = "way"

Held = Mapping[str, tuple[Any, ...]]
"""Field of the map to what the person's own rows hold in it."""


def provable(floor: Floor, row: Lookup, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return which of the fields that may prove somebody hold something of this person."""
    del about
    how = marked(floor.context.datamap)
    held = _held(floor, _person(floor, row), how)
    filled = [p for p, values in held.items() if any(facts.comparable(v, how[p]) for v in values)]
    return {"filled": sorted(filled)}


def match(floor: Floor, row: Lookup, about: Mapping[str, Any]) -> dict[str, Any]:
    """Compare; the fields it rests on are for the record and told to nobody."""
    values: Mapping[str, str] = about["values"]
    if about["way"] == Matched.NETWORK_IDENTITY:
        return _of_bridge(floor, row, values)
    identifiers = _person(floor, row)
    if about["way"] == Matched.REAL_NAME:
        fields = _of_name(floor, identifiers, values)
    else:
        fields = _of_facts(floor, identifiers, values)
    return {_ENOUGH: int(bool(fields)), _RESTS_ON: fields}


def _of_bridge(floor: Floor, row: Lookup, values: Mapping[str, str]) -> dict[str, Any]:
    """Ask the bridge; what it says is used up here, and only what it is worth goes on."""
    _person(floor, row)
    way = network_identity.asked(floor, row, values)
    return {_ENOUGH: int(way is not None), _RESTS_ON: [], _WAY: str(way or "")}


def _of_facts(floor: Floor, identifiers: Mapping[str, str], values: Mapping[str, str]) -> list[str]:
    """Return the facts that were given if all are right and two of them differ, else nothing."""
    every = marked(floor.context.datamap, "fact")
    how = {path: every[path] for path in values if path in every}
    held = _held(floor, identifiers, how)
    given = {path: facts.comparable(values[path], how[path]) for path in how}
    right = [facts.holds(given[p], held.get(p, ()), how[p]) for p in how]
    new = facts.beyond(given, identifiers.values())
    enough = len(facts.different(new.values())) >= facts.ENOUGH
    return sorted(how) if all(right) and len(how) == len(values) and enough else []


def _of_name(floor: Floor, identifiers: Mapping[str, str], values: Mapping[str, str]) -> list[str]:
    """Return the fields that hold the name and the number, or nothing unless both are found."""
    datamap = floor.context.datamap
    how = marked(datamap, *OF_REAL_NAME.values())
    held, out = _held(floor, identifiers, how), list[list[str]]()
    for part, kind in OF_REAL_NAME.items():
        right = {
            path: facts.holds(
                facts.comparable(values.get(part, ""), how[path]), held.get(path, ()), how[path]
            )
            for path in marked(datamap, kind)
        }
        out.append([path for path, agrees in right.items() if agrees])
    return sorted(path for paths in out for path in paths) if all(out) else []


def _person(floor: Floor, row: Lookup) -> dict[str, str]:
    """
    Return the proved identifiers of the request.

    Beside a product's word a code at some other address proves nobody: whose rows are compared is
    then whom the product named, as in :func:`rights.services.assurance.counts`.

    Raises:
        Forbidden: nothing was proved for it, or no code was answered.
    """
    with reading(floor.register) as session:
        request = session.get(Request, row.request_id)
        coded = assurance.coded(session, request) if request else []
        if request is None or not coded or request.level < 1:
            raise Forbidden("a code comes first: nothing is compared for whoever only typed")
        every = subjects.identifier_rows(session, request.id)
        rows = [r for r in every if r.proof and not (request.acr and r.proof == "code")]
        identifiers = subjects.opened(floor.context.vault, rows)
    find_anything(floor.context.datamap, identifiers)
    belonging.check(floor, floor.plain, request)
    return identifiers


def _held(floor: Floor, identifiers: Mapping[str, str], fields: Iterable[str]) -> Held:
    """
    Read what the rows that are the person's alone hold in *fields*.

    Raises:
        ConnectorError: a store that is needed could not be asked.
    """
    names: dict[str, list[str]] = {}
    for field in fields:
        path, _, name = field.rpartition(".")
        names.setdefault(path, []).append(name)
    keys, hops = resolve(floor, floor.plain, identifiers, names)
    unsure = set(hops.unsure(floor.plain, keys))
    out: dict[str, tuple[Any, ...]] = {}
    for path in names.keys() - unsure:
        out |= _read(floor, path, names[path], keys)
    return out


def _read(floor: Floor, path: str, names: Iterable[str], keys: KeySet) -> Held:
    collection = floor.context.datamap.collection(path)
    if Verb.FREEZE not in floor.connector(collection.store).manifest.verbs:
        return {}  # what cannot be read this way proves nobody
    wanted = ((), *((name,) for name in names))
    found = frozen(floor, collection, keys, floor.plain.predicates[path], wanted)
    return {
        f"{path}.{name}": tuple(k[0] for k in found.keys(f"{path}:{name}", Standing.SOLE))
        for name in names
    }


def read(found: Mapping[str, Any] | None) -> Found:
    """Return what a match came to; None is a store that could not be asked."""
    if found is None:
        return Found(enough=None)
    way = Matched(found[_WAY]) if found.get(_WAY) else None
    return Found(bool(found[_ENOUGH]), tuple(found[_RESTS_ON]), way)


def told(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what whoever asked is told: as long one way as the other."""
    return None if found is None else {_ENOUGH: found[_ENOUGH]}


ANSWERS: Final[Mapping[str, Callable[[Floor, Lookup, Mapping[str, Any]], dict[str, Any]]]] = (
    MappingProxyType({"provable": provable, "match": match})
)
"""Questions about proof, by name."""
