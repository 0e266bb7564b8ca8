"""
Names written short, made whole: link targets, switches, derived fields, bases from purposes.

What cannot be resolved is a problem, and stays as written.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

from rights.domain.datamap import Collection, DataMap, Field, Link, Purpose, Retention, Store
from rights.services.datamap.problems import Path, Problem, suggest
from rights.services.datamap.walking import links


def resolved(datamap: DataMap) -> DataMap:
    """Return *datamap* with every name qualified that can be."""
    known = frozenset(c.path for c in datamap.collections)
    columns = frozenset(f"{c.path}.{f.name}" for c in datamap.collections for f in c.fields)
    rules = {c.path: c.retention for c in datamap.collections}

    def collection(one: Collection) -> Collection:
        return replace(
            one,
            links=tuple(_link(link, one, known) for link in one.links),
            fields=tuple(_field(f, one, columns, datamap) for f in one.fields),
            basis=one.basis or _basis(one.purposes, datamap),
            retention=_retention(one.path, rules),
        )

    def store(one: Store) -> Store:
        return replace(one, collections=tuple(collection(c) for c in one.collections))

    return replace(datamap, stores=tuple(store(s) for s in datamap.stores))


def unknown_targets(datamap: DataMap) -> list[Problem]:
    """Return a problem for each link whose target is not in the map."""
    known = frozenset(c.path for c in datamap.collections)
    out: list[Problem] = []
    for path, collection, link in links(datamap):
        if link.to and link.to not in known:
            out.append(_unknown((*path, "to"), link.to, collection.store, known))
    return out


def _unknown(path: Path, to: str, store: str, known: frozenset[str]) -> Problem:
    prefix = f"{store}."
    names = {name.removeprefix(prefix) for name in known}
    return Problem(path, f"points at {to}, which is not in the map", suggest(to, names))


def _link(link: Link, collection: Collection, known: frozenset[str]) -> Link:
    same_store = f"{collection.store}.{link.to}"
    return replace(link, to=same_store) if link.to and same_store in known else link


def _retention(path: str, rules: Mapping[str, Retention | None]) -> Retention | None:
    """Return the rule of *path*; one that follows another collection says what that one says."""
    rule, seen = rules[path], {path}
    followed, of = rule, path
    while followed and followed.with_:
        of = _in_store(followed.with_, of, rules)
        if of in seen or of not in rules:
            return rule
        seen.add(of)
        followed = rules[of]
    if rule is None or not rule.with_:
        return rule
    to = _in_store(rule.with_, path, rules)
    if followed is None:
        return replace(rule, with_=to)
    said = {n: getattr(followed, n) for n in ("period", "basis", "rank", "hold")}
    return replace(rule, with_=to, **said)


def _in_store(name: str, path: str, known: Container[str]) -> str:
    same_store = f"{path.partition('.')[0]}.{name}"
    return same_store if same_store in known else name


def _field(field: Field, of: Collection, columns: frozenset[str], datamap: DataMap) -> Field:
    sources = tuple(
        f"{of.path}.{name}" if f"{of.path}.{name}" in columns else name
        for name in field.derived_from
    )
    basis = field.basis or _basis(field.purposes, datamap)
    return replace(field, derived_from=sources, basis=basis)


def _basis(purposes: tuple[str, ...], datamap: DataMap) -> str:
    """Return the basis that the first purpose that has one brings along."""
    served = (datamap.purposes[p] for p in purposes if p in datamap.purposes)
    return next((_of_purpose(p) for p in served if p.basis), "")


def _of_purpose(purpose: Purpose) -> str:
    return f"consent:{purpose.name}" if purpose.basis == "consent" else purpose.basis
