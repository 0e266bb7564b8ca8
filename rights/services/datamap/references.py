"""Names that must exist: identifiers, purposes, columns, switches, fields of decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rights.domain.datamap import DataMap
from rights.services.datamap import words
from rights.services.datamap.problems import Path, Problem, suggest
from rights.services.datamap.walking import (
    collections,
    columns_known,
    links,
    members,
    stores,
)

_CONSENT: Final = "consent:"


def unknown_identifiers(datamap: DataMap) -> Iterator[Problem]:
    """Yield a problem for each identifier type that is used and not declared."""
    known = frozenset(datamap.identifiers)
    for path, collection in collections(datamap):
        for name in collection.identifies:
            if name not in known:
                yield _no_identifier((*path, "identifies", name), name, known)
    for path, _, link in links(datamap):
        if link.identifier and link.identifier not in known:
            yield _no_identifier((*path, "identifier"), link.identifier, known)


def _no_identifier(path: Path, name: str, known: frozenset[str]) -> Problem:
    return Problem(path, f"{name} is not a declared identifier", suggest(name, known))


def unknown_purposes(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each purpose or basis that means nothing, where it is written."""
    known = frozenset(str(p.get("name")) for _, p in members(data, "purposes"))
    for path, entry in _entries(data):
        listed = entry.get("purposes")
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str) and name not in known:
                here = (*path, "purposes", index)
                what = f"{name} is not a declared purpose"
                yield Problem(here, what, suggest(name, known), duty=not known)
        basis = entry.get("basis")
        if isinstance(basis, str):
            yield from _basis((*path, "basis"), basis, known)


def _basis(path: Path, basis: str, purposes: frozenset[str]) -> Iterator[Problem]:
    if basis == "consent":
        yield Problem(path, "says consent, but not to what", "write consent:<purpose>")
    elif basis.startswith(_CONSENT):
        name = basis.removeprefix(_CONSENT)
        if name not in purposes:
            yield Problem(path, f"{name} is not a declared purpose", suggest(name, purposes))
    elif basis not in words.BASES:
        choices = {*words.BASES, "consent:<purpose>"} - {"consent"}
        yield Problem(path, f"{basis} is no legal basis", suggest(basis, choices))


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path, store in stores(data):
        defaults = store.get("defaults")
        if isinstance(defaults, Mapping):
            yield (*path, "defaults"), defaults
        for i, collection in members(store, "collections"):
            here = (*path, "collections", i)
            yield here, collection
            for j, field in members(collection, "fields"):
                yield (*here, "fields", j), field


def unknown_contracts(datamap: DataMap) -> Iterator[Problem]:
    """Yield a problem for each purpose whose contract nothing in the map can show."""
    known = frozenset(c.path for c in datamap.collections)
    for i, purpose in enumerate(datamap.purposes.values()):
        said, here = purpose.contract, ("purposes", i, "contract")
        if said is None:
            continue
        if purpose.basis != "contract":
            what = f"says when a contract runs, and rests on {purpose.basis or 'nothing'}"
            yield Problem(here, what, "remove it, or write basis: contract")
        if not said.values:
            yield Problem((*here, "values"), "names no value", "name those of a contract that runs")
        if said.collection not in known:
            what = f"{said.collection} is not a collection of the map"
            yield Problem((*here, "collection"), what, suggest(said.collection, known))


def unknown_columns(datamap: DataMap) -> Iterator[Problem]:
    """
    Yield a problem for each mask, cut or kept column that the collection does not name.

    A name misspelt here would leave somebody's data uncovered. Where a collection names no
    fields, nothing of it is disclosed, and the live check finds what does not exist.
    """
    for path, collection, link in links(datamap):
        if collection.fields:
            fields = frozenset(f.name for f in collection.fields)
            known = columns_known(collection)
            yield from _columns((*path, "on_access", "mask"), link.mask, fields)
            yield from _columns((*path, "on_erasure", "anonymise"), link.anonymise, known)
    for path, collection in collections(datamap):
        if collection.fields and collection.retention:
            kept = collection.retention.keep_fields
            here = (*path, "retention", "keep_fields")
            yield from _columns(here, kept, columns_known(collection))
        if collection.fields and collection.unsettled:
            here, told = (*path, "unsettled"), collection.unsettled.column
            yield from _columns(here, (told,), columns_known(collection))


def _columns(path: Path, names: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in known:
            what = f"{name} is not among the collection's columns"
            # Owed only: a trial by hand compares such names with the live table.
            yield Problem((*path, index), what, suggest(name, known), duty=True)


def unknown_fields(datamap: DataMap) -> Iterator[Problem]:
    """Yield a problem for each ``store.collection.field`` that is not in the map."""
    known = frozenset(f"{c.path}.{f.name}" for c in datamap.collections for f in c.fields)
    for path, collection in collections(datamap):
        for i, field in enumerate(collection.fields):
            here = (*path, "fields", i, "derived_from")
            yield from _fields(here, field.derived_from, known)
    for i, decision in enumerate(datamap.decisions):
        here = ("decisions", i)
        yield from _fields((*here, "inputs"), decision.inputs, known)
        single = {"outcome": decision.outcome, "version_field": decision.version_field}
        for key, name in single.items():
            if name and name not in known:
                yield _no_field((*here, key), name, known)


def _fields(path: Path, names: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in known:
            yield _no_field((*path, index), name, known)


def _no_field(path: Path, name: str, known: frozenset[str]) -> Problem:
    remedy = suggest(name, known)
    if not remedy.startswith("did"):
        remedy = "write store.collection.field of a field that the map lists"
    return Problem(path, f"{name} is not a field of the map", remedy)


def unknown_switches(datamap: DataMap) -> Iterator[Problem]:
    """Yield a problem for each switch or decision that refers to what is not there."""
    names = frozenset(s.name for s in datamap.switches)
    for i, decision in enumerate(datamap.decisions):
        flag, purpose = decision.human_flag, decision.purpose
        if flag and flag not in names:
            what = f"{flag} is not a switch"
            yield Problem(("decisions", i, "human_flag"), what, suggest(flag, names))
        if purpose and purpose not in datamap.purposes:
            what = f"{purpose} is not a declared purpose"
            yield Problem(("decisions", i, "purpose"), what, suggest(purpose, datamap.purposes))
    known = frozenset(c.path for c in datamap.collections)
    for i, switch in enumerate(datamap.switches):
        if switch.collection and switch.collection not in known:
            what = f"{switch.collection} is not a collection of the map"
            yield Problem(("switches", i, "collection"), what, suggest(switch.collection, known))
        if switch.name not in _switch_names(datamap):
            yield Problem(
                ("switches", i, "name"),
                f"{switch.name} is no switch that a request can ask for",
                suggest(switch.name, _switch_names(datamap)),
            )


def _switch_names(datamap: DataMap) -> frozenset[str]:
    flags = {d.human_flag for d in datamap.decisions if d.human_flag}
    return frozenset({*words.SWITCHES, *flags, *(f"purpose:{p}" for p in datamap.purposes)})
