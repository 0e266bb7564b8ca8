"""Short ways to say whose keys, which links and which targets, for tests."""

from __future__ import annotations

from typing import Any

from connectors.sdk import (
    Collection,
    KeySet,
    Link,
    MapField,
    OnErasure,
    Reach,
    Role,
    Standing,
    Target,
)

SOLE = Standing.SOLE


def owner(column: str, to: str = "shop.users", **more: Any) -> Link:
    return Link(columns=tuple(column.split(",")), role=Role.OWNER, to=to, **more)


def accessor(column: str, to: str = "shop.users", **more: Any) -> Link:
    return Link(columns=tuple(column.split(",")), role=Role.ACCESSOR, to=to, **more)


def none(column: str, to: str, **more: Any) -> Link:
    return Link(columns=tuple(column.split(",")), role=Role.NONE, to=to, **more)


def contact(column: str, identifier: str = "email", **more: Any) -> Link:
    return Link(columns=(column,), role=Role.OWNER, identifier=identifier, **more)


def fields(*names: str, hidden: tuple[str, ...] = ()) -> tuple[MapField, ...]:
    return tuple(MapField(name, "content", disclose=name not in hidden) for name in names)


def held(**anchors: Any) -> KeySet:
    """``held(users=[1, 2], identifier_email="a@b")``: keys that are solely theirs."""
    return KeySet({anchor(name): {SOLE: keys_of(value)} for name, value in anchors.items()})


def anchor(name: str) -> str:
    if name.startswith("identifier_"):
        return f"identifier:{name.removeprefix('identifier_')}"
    return f"shop.{name}"


def keys_of(value: Any) -> tuple[tuple[Any, ...], ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(v if isinstance(v, tuple) else (v,) for v in values)


def reaches(collection: Collection, *, normalise: str = "") -> tuple[Reach, ...]:
    """The predicate the data map gives: identity columns, then every link."""
    return (
        *(
            Reach((column,), f"identifier:{name}", Role.OWNER, normalise=normalise)
            for name, column in collection.identifies.items()
        ),
        *(
            Reach(link.columns, link.anchor, link.role, link, normalise if link.identifier else "")
            for link in collection.links
        ),
    )


def aim(collection: Collection, keys: KeySet, *, normalise: str = "") -> Target:
    return Target(collection, keys, reaches(collection, normalise=normalise))


def table(name: str, *links: Link, **more: Any) -> Collection:
    return Collection(store="shop", name=name, links=links, **more)


def counts(found: Any) -> dict[str, int]:
    return {str(standing): n for standing, n in found.by_standing.items()}


KEEP_LINK = OnErasure.KEEP
DELETE_LINK = OnErasure.DELETE
