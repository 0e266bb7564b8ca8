"""The data map of one store as a page says it: collections and fields, filtered by the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rights.domain.actions import IN_A_STORE
from rights.domain.datamap import Collection, DataMap, Field, Link, Role, Store
from rights.services import catalogue
from rights.web.console import pages

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Which part of the map is wanted; nothing for all of it.

    Args:
        category: Of a field.
        role: Of a link of the collection.
        q: In the name of a collection or of a field.
    """

    category: str = ""
    role: str = ""
    q: str = ""


def asked(given: Mapping[str, str]) -> Asked:
    """Return what an address asks for; a role that is none finds nothing, and is shown."""
    said = {name: given.get(name, "").strip()[:_LONGEST] for name in ("category", "role", "q")}
    return Asked(said["category"], said["role"], said["q"].casefold())


def choices(store: Store) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the filters that are chosen from a list, with what there is in this store."""
    w = pages.said()
    names = sorted({field.category for one in store.collections for field in one.fields})
    roles = {link.role for one in store.collections for link in one.links}
    return [
        ("category", [(name, _category(name)) for name in names]),
        ("role", [(str(r), w.say("stores", "roles", r)) for r in Role if r in roles]),
    ]


def collections(datamap: DataMap, store: Store, wanted: Asked) -> Iterator[dict[str, Any]]:
    """Yield what is wanted of one store, in the map's order."""
    for one in store.collections:
        if wanted.role and not any(str(link.role) == wanted.role for link in one.links):
            continue
        named = wanted.q in one.name.casefold()
        fields = [
            field
            for field in one.fields
            if (not wanted.category or field.category == wanted.category)
            and (named or wanted.q in field.name.casefold())
        ]
        if fields or (named and not wanted.category):
            yield _collection(datamap, one, fields)


def _collection(datamap: DataMap, one: Collection, fields: list[Field]) -> dict[str, Any]:
    w = pages.said()
    return {
        "name": one.name,
        "title": w.either(one.title, one.name),
        "erasure": w.say("stores", "erasures", one.erasure),
        "identifies": w.listed([*one.identifies]),
        "fields": [_field(datamap, field) for field in fields],
        "links": [_link(link) for link in one.links],
        "kept": _kept(one),
        "by_hand": by_hand(one.by_hand),
    }


def by_hand(said: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Return what staff do by hand and how, of a store or a collection, in the order of work."""
    w = pages.said()
    return [
        (w.say("by_hand", "work", action), w.either(said[action]))
        for action in IN_A_STORE
        if action in said
    ]


def _kept(one: Collection) -> str:
    w, kept = pages.said(), one.retention
    if kept is None:
        return ""
    if kept.with_:
        return w.say("stores", "kept_with", path=kept.with_)
    return w.say("stores", "kept_for", period=kept.period, field=kept.from_, basis=kept.basis)


def _link(link: Link) -> str:
    to = link.to or link.identifier
    return f"{', '.join(link.columns)} → {to}: {pages.said().say('stores', 'roles', link.role)}"


def _field(datamap: DataMap, field: Field) -> dict[str, Any]:
    w = pages.said()
    known = datamap.purposes
    return {
        "name": field.name,
        "category": _category(field.category),
        "basis": field.basis,
        "purposes": w.listed(
            [w.either(known[p].title, p) if p in known else p for p in field.purposes]
        ),
        "sensitive": field.sensitive,
        "given": w.say("stores", "disclosed" if field.disclose else "not_disclosed"),
    }


def _category(name: str) -> str:
    return pages.said().either(catalogue.categories().get(name, {}), name)
