"""What a data map may not say, though every word of it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rights.domain import graph
from rights.domain.datamap import Collection, DataMap, Erasure, Field, Link, OnErasure, Secret
from rights.domain.policy import trains
from rights.services.datamap import choices, dialogues, locators, products, proofs
from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import collections, links
from rights.services.policy_rules import sentence

_SAY_WHY: Final = "add because: with the reason, as the person will read it"


def broken_rules(datamap: DataMap) -> Iterator[Problem]:
    """Yield every contradiction within one collection, field or link."""
    yield from _twice(datamap)
    for index, purpose in enumerate(datamap.purposes.values()):
        if trains(purpose) and purpose.necessary and not purpose.approval:
            remedy = sentence("training_necessary")
            yield Problem(("purposes", index, "necessary"), "trains a model by necessity", remedy)
        if purpose.manner and purpose.basis != "consent":
            what = "says how consent is given, and rests on something else"
            yield Problem(
                ("purposes", index, "manner"), what, "write basis: consent, or leave it out"
            )
    yield from dialogues.trained(datamap)
    yield from products.unused(datamap)
    for path, collection in collections(datamap):
        yield from _collection(path, collection)
        yield from _followed(path, collection, datamap)
        yield from proofs.broken(path, collection, datamap)
        yield from locators.broken(path, collection, datamap)
        yield from dialogues.broken(path, collection)
        yield from products.broken(path, collection, datamap)
        yield from choices.broken(path, collection, datamap)
        for index, field in enumerate(collection.fields):
            yield from _field((*path, "fields", index), field)
    for path, _, link in links(datamap):
        yield from _link(path, link, datamap)


def unreached(datamap: DataMap, broken: frozenset[str]) -> Iterator[Problem]:
    """
    Yield a problem for each collection in which nobody's rows can be found.

    Args:
        broken: Collections whose links have other mistakes; they count as reached, so that
            one misspelt name is not reported twice.
    """
    found = graph.reachable(datamap, broken)
    for path, collection in collections(datamap):
        if collection.path in found:
            continue
        usable = graph.usable_identifiers(datamap)
        if collection.identifies and not usable & set(collection.identifies):
            what = "is found only by an identifier that may have passed to somebody else"
            remedy = "add a link to the account the row belongs to"
        else:
            what = "is reached by nothing: no identifies, and no link leads to a person"
            remedy = "add a link with role owner or accessor, or list it under ignored"
        yield Problem(path, what, remedy)


def _twice(datamap: DataMap) -> Iterator[Problem]:
    yield from _repeated(("stores",), [s.name for s in datamap.stores])
    for i, store in enumerate(datamap.stores):
        names = [c.name for c in store.collections]
        here: Path = ("stores", i, "collections")
        yield from _repeated(here, names)
        for j, name in enumerate(names):
            if name and name in store.ignored:
                yield Problem((*here, j), "is both mapped and ignored", "decide for one")
    for path, collection in collections(datamap):
        yield from _repeated((*path, "fields"), [f.name for f in collection.fields])
    yield from _repeated(("decisions",), [d.name for d in datamap.decisions])


def _repeated(path: Path, names: Iterable[str]) -> Iterator[Problem]:
    listed = list(names)
    often = {name for name, count in Counter(listed).items() if name and count > 1}
    for index, name in enumerate(listed):
        if name in often and name in listed[:index]:
            yield Problem((*path, index), "is there already under this name", "keep one of them")


def _collection(path: Path, collection: Collection) -> Iterator[Problem]:
    if collection.erasure is Erasure.KEEP and not collection.because:
        yield Problem((*path, "erasure"), "keeps rows without a reason", _SAY_WHY)
    if collection.erasure is Erasure.ANONYMISE and not collection.fields:
        what = "is to be anonymised, but names no field"
        yield Problem((*path, "erasure"), what, "list its fields")
    restriction = collection.restriction
    if restriction and restriction.strategy == "flag" and not restriction.column:
        remedy = "add column: with the column to set"
        yield Problem((*path, "restriction"), "sets a flag in no column", remedy)
    if restriction and restriction.value in restriction.lifted:
        what = "lifts a flag by the value that sets it"
        yield Problem((*path, "restriction", "lifted"), what, "give it the value of a row in use")


def _followed(path: Path, collection: Collection, datamap: DataMap) -> Iterator[Problem]:
    """Yield what is wrong with a retention that follows another collection's."""
    rule = collection.retention
    if rule is None or not rule.with_:
        return
    here = (*path, "retention", "with")
    ways = {link.to for link in collection.links if not link.type_column}
    if rule.with_ not in ways:
        what = f"follows {rule.with_}, which no link of this collection points at"
        yield Problem(here, what, "name the collection of one of its links")
        return
    to = next((c for c in datamap.collections if c.path == rule.with_), None)
    if to and to.retention is None and to.erasure is not Erasure.KEEP:
        what = f"follows {rule.with_}, which nothing holds"
        yield Problem(here, what, "give that collection a rule, or write retention: none")


def _field(path: Path, field: Field) -> Iterator[Problem]:
    if field.erasure is Erasure.KEEP and not field.because:
        yield Problem((*path, "erasure"), "keeps a value without a reason", _SAY_WHY, duty=True)
    if field.secret is Secret.CREDENTIAL and field.disclose:
        what = "would disclose a credential, which never leaves in any form"
        yield Problem((*path, "disclose"), what, "remove disclose: true")
    if field.on_source_erasure == "keep" and not field.because:
        what = "keeps a value without a reason"
        yield Problem((*path, "derived_from"), what, _SAY_WHY, duty=True)
    correct = field.correct
    if correct and correct.mode == "refused" and not (correct.because or field.because):
        what = "refuses correction without a reason"
        yield Problem((*path, "correct"), what, "write {mode: refused, because: …}")


def _link(path: Path, link: Link, datamap: DataMap) -> Iterator[Problem]:
    if bool(link.to) == bool(link.identifier):
        what = "must have either to or identifier, and has " + ("both" if link.to else "neither")
        yield Problem(path, what, "keep to: for another row, identifier: for a person's contact")
    if not link.columns:
        yield Problem(path, "names no column", "add columns: [...]")
    if link.identifier:
        yield from _guest(path, link)
    else:
        yield from _width(path, link, datamap)
    if link.on_erasure is OnErasure.KEEP and not link.because:
        yield Problem((*path, "on_erasure"), "keeps rows without a reason", _SAY_WHY, duty=True)


def _guest(path: Path, link: Link) -> Iterator[Problem]:
    if link.role not in graph.INWARD:
        what = f"{link.role} says nothing about a person known by an identifier"
        yield Problem((*path, "role"), what, "use owner or accessor")
    if len(link.columns) > 1:
        what = "compares several columns with one identifier"
        yield Problem((*path, "columns"), what, "name the one column that holds it")


def _width(path: Path, link: Link, datamap: DataMap) -> Iterator[Problem]:
    try:
        key = datamap.collection(link.to).key
    except KeyError:
        return
    against = link.to_columns or key
    if not against and link.role in graph.OUTWARD:
        what = f"{link.role} must say which columns of {link.to} it points at"
        remedy = "add to_columns: […] here, or key: […] there"
        yield Problem((*path, "role"), what, remedy, duty=True)
    if against and len(against) != len(link.columns):
        what = f"compares {len(link.columns)} column(s) with {len(against)}"
        yield Problem((*path, "columns"), what, f"name columns for {', '.join(against)}")
