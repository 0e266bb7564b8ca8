"""Fields and links: what a collection says about its rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rights.domain.datamap import (
    Correctable,
    Depth,
    Erasure,
    Field,
    Link,
    OnErasure,
    RelatesTo,
    Role,
    Secret,
    Source,
)
from rights.services.datamap.texts import plain

Plain = Mapping[str, Any]


def fields_of(raw: Plain, rules: Plain) -> tuple[Field, ...]:
    """
    Return the fields of a collection.

    Args:
        rules: What a field says unless it says otherwise: basis, purposes, source.
    """
    return tuple(_field(f, rules) for f in raw.get("fields_", ()))


def _field(raw: Plain, rules: Plain) -> Field:
    derived = raw.get("derived_from", ())
    long = derived if isinstance(derived, Mapping) else {"fields_": derived}
    return Field(
        name=raw.get("name", ""),
        category=raw.get("category", ""),
        disclose=raw.get("disclose", False),
        source=Source(raw.get("source") or rules.get("source") or Source.PROVIDED),
        purposes=tuple(raw.get("purposes") or rules.get("purposes") or ()),
        basis=raw.get("basis") or rules.get("basis") or "",
        sensitive=raw.get("sensitive", False),
        relates_to=RelatesTo(raw["relates_to"]) if "relates_to" in raw else None,
        secret=Secret(raw["secret"]) if "secret" in raw else None,
        erasure=Erasure(raw["erasure"]) if "erasure" in raw else None,
        emptied_to=(raw["emptied_to"],) if "emptied_to" in raw else (),
        because=plain(raw.get("because")),
        derived_from=tuple(long.get("fields_", ())),
        ai=MappingProxyType(dict(raw.get("ai", {}))),
        correct=_correctable(raw.get("correct")),
        title=MappingProxyType(dict(raw.get("title", {}))),
        on_source_erasure=long.get("on_erasure", ""),
        **_proof(raw.get("proof", "")),
        contact_changed_at=raw.get("contact", {}).get("changed_at", ""),
    )


def _proof(raw: Any) -> dict[str, str]:
    if isinstance(raw, Mapping):
        return {"proof": raw.get("as_", ""), "compare": raw.get("compare", "")}
    return {"proof": raw}


def _correctable(raw: Any) -> Correctable | None:
    if isinstance(raw, str):
        return Correctable(raw)
    if not isinstance(raw, Mapping):
        return None
    return Correctable(**{**raw, "because": plain(raw.get("because"))})


def links_of(raw: Plain) -> tuple[Link, ...]:
    """Return the links of a collection, their targets still as written."""
    return tuple(_link(link) for link in raw.get("links", ()))


def _link(raw: Plain) -> Link:
    access, erasure = raw.get("on_access"), raw.get("on_erasure")
    kind = raw.get("type_", {})
    return Link(
        columns=tuple(raw.get("columns", ())),
        role=Role(raw.get("role", Role.NONE)),
        to=raw.get("to", ""),
        to_columns=tuple(raw.get("to_columns", ())),
        identifier=raw.get("identifier", ""),
        type_column=kind.get("column", ""),
        type_value=kind.get("value"),
        mask=tuple(access.get("mask", ())) if isinstance(access, Mapping) else (),
        omit=access == "omit",
        on_erasure=OnErasure(erasure) if isinstance(erasure, str) else OnErasure.DECORRELATE,
        anonymise=tuple(erasure.get("anonymise", ())) if isinstance(erasure, Mapping) else (),
        depth=Depth(raw.get("depth", Depth.SHALLOW)),
        because=plain(raw.get("because")),
    )
