"""
Plain data of the right shape, to the domain's types.

Runs also when mistakes were found, on what is left, so that the checks that need the types
can report theirs in the same go: hence nothing here relies on a key being there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from rights.domain.datamap import (
    Collection,
    Contract,
    Conversation,
    DataMap,
    Decision,
    Erasure,
    Identifier,
    Limits,
    PauseWhen,
    Purpose,
    Recipient,
    Restriction,
    Retention,
    Store,
    Switch,
    TagChoice,
    Tags,
    Unsettled,
)
from rights.services.datamap import words
from rights.services.datamap.rows import fields_of, links_of
from rights.services.datamap.texts import RECIPIENT, plain
from rights.services.hold_catalogue import catalogue

Plain = Mapping[str, Any]
NONE: Final[Plain] = MappingProxyType({})


def build(data: Plain) -> DataMap:
    """Return the map without its hash."""
    return DataMap(
        stores=tuple(_store(s) for s in data.get("stores", ())),
        identifiers=_frozen(
            {n: _identifier(n, i) for n, i in data.get("identifiers", NONE).items()}
        ),
        purposes=_frozen({p.name: p for p in map(_purpose, data.get("purposes", ()))}),
        switches=tuple(_switch(s) for s in data.get("switches", ())),
        decisions=tuple(_decision(d) for d in data.get("decisions", ())),
        version=data.get("version", 1),
        controller=_frozen(data.get("controller", NONE)),
        products=_frozen(
            {p.get("name", ""): p.get("title", NONE) for p in data.get("products", ())}
        ),
    )


def _identifier(name: str, raw: Plain) -> Identifier:
    return Identifier(**{"kind": "", **raw, "name": name})


def _store(raw: Plain) -> Store:
    defaults = raw.get("defaults", NONE)
    name = raw.get("name", "")
    horizon = raw.get("horizon", NONE)
    return Store(
        name=name,
        connector=raw.get("connector", ""),
        collections=tuple(_collection(name, c, defaults) for c in raw.get("collections", ())),
        settings=_frozen(raw.get("settings", NONE)),
        owner=raw.get("owner", ""),
        role=raw.get("role", "controller"),
        location=_location(raw.get("location", NONE)),
        classification=raw.get("classification", "unknown"),
        recipients=tuple(_recipient(r) for r in raw.get("recipients", ())),
        ignored=_frozen({i.get("name", ""): i.get("because", "") for i in raw.get("ignored", ())}),
        title=_frozen(raw.get("title", NONE)),
        serving=raw.get("serving", False),
        horizon=horizon.get("within", ""),
        horizon_by=plain(horizon.get("by")),
        backups=tuple(_frozen({"remedy": "", **b}) for b in raw.get("backups", ())),
        limits=Limits(**raw.get("limits", NONE)),
        pause_when=PauseWhen(**raw.get("pause_when", NONE)),
        by_hand=_frozen(raw.get("by_hand", NONE)),
    )


_TAKEN_OVER: Final = ("basis", "purposes", "source", "retention", "products")
"""What a collection says, unless its store's defaults say it for all."""


def _collection(store: str, raw: Plain, defaults: Plain) -> Collection:
    rules = {k: raw.get(k, defaults.get(k)) for k in _TAKEN_OVER}
    return Collection(
        store=store,
        name=raw.get("name", ""),
        fields=fields_of(raw, rules),
        identifies=_frozen(raw.get("identifies", NONE)),
        links=links_of(raw),
        key=tuple(raw.get("key", ())),
        erasure=Erasure(raw.get("erasure", Erasure.DELETE)),
        because=plain(raw.get("because")),
        retention=_retention(rules["retention"]),
        restriction=_restriction(raw.get("restriction")),
        close=_frozen(raw.get("close", NONE)),
        title=_frozen(raw.get("title", NONE)),
        settings=_frozen(raw.get("settings", NONE)),
        basis=rules["basis"] or "",
        purposes=tuple(rules["purposes"] or ()),
        conversation=_conversation(raw.get("conversation")),
        products=tuple(rules["products"] or ()),
        unsettled=_unsettled(raw.get("unsettled")),
        tags=_tags(raw.get("tags")),
        by_hand=_frozen(raw.get("by_hand", NONE)),
    )


def _unsettled(raw: Any) -> Unsettled | None:
    if not isinstance(raw, Mapping):
        return None
    values, title = tuple(raw.get("values", ())), _frozen(raw.get("title", NONE))
    return Unsettled(raw.get("column", ""), values, title, raw.get("resolve", ""))


def _conversation(raw: Any) -> Conversation | None:
    if not isinstance(raw, Mapping):
        return None
    return Conversation(raw.get("session", ""), raw.get("text", ""), raw.get("at", ""))


def _tags(raw: Any) -> Tags | None:
    if not isinstance(raw, Mapping):
        return None
    return Tags(
        tuple(
            TagChoice(c.get("tag", ""), _frozen(c.get("title", NONE)), _frozen(c.get("set", NONE)))
            for c in raw.get("choices", ())
        ),
        _frozen(raw.get("chosen", NONE)),
        raw.get("since", ""),
    )


def _retention(raw: Any) -> Retention | None:
    if not isinstance(raw, Mapping):
        return None
    duty = catalogue().duties.get(raw.get("hold", ""))
    return Retention(
        period=duty.period if duty else raw.get("period", ""),
        from_=raw.get("from_", ""),
        basis=duty.basis if duty else plain(raw.get("basis")),
        rank=duty.rank if duty else words.RANKS.get(raw.get("rank", ""), ""),
        hold=duty.code if duty else "",
        keep_fields=tuple(raw.get("keep_fields", ())),
        with_=raw.get("with_", ""),
    )


def _restriction(raw: Any) -> Restriction | None:
    if isinstance(raw, str):
        return Restriction(raw)
    if not isinstance(raw, Mapping):
        return None
    value = raw.get("value", True)
    lifted = (raw["lifted"],) if "lifted" in raw else (False,) if value is True else ()
    return Restriction(raw.get("strategy", ""), raw.get("column", ""), value, lifted)


def _location(raw: Plain) -> Plain:
    return _frozen({k: "true" if v is True else str(v) for k, v in raw.items() if v is not False})


def _recipient(raw: Plain) -> Recipient:
    said = {k: plain(raw[k]) for k in RECIPIENT if k in raw}
    return Recipient(**{"name": "", **raw, **said, "categories": tuple(raw.get("categories", ()))})


def _purpose(raw: Plain) -> Purpose:
    return Purpose(
        name=raw.get("name", ""),
        title=_frozen(raw.get("title", NONE)),
        basis=raw.get("basis", ""),
        necessary=raw.get("necessary", False),
        use=raw.get("use", ""),
        contract=_contract(raw["contract"]) if raw.get("contract") else None,
        approval=raw.get("approval", ""),
        manner=raw.get("manner", ""),
    )


def _contract(raw: Plain) -> Contract:
    return Contract(raw.get("collection", ""), raw.get("column", ""), tuple(raw.get("values", ())))


def _switch(raw: Plain) -> Switch:
    return Switch(**{"name": "", "collection": "", "column": "", **raw})


def _decision(raw: Plain) -> Decision:
    return Decision(
        **{
            "name": "",
            "purpose": "",
            "outcome": "",
            **raw,
            "title": _frozen(raw.get("title", NONE)),
            "logic": _frozen(raw.get("logic", NONE)),
            "inputs": tuple(raw.get("inputs", ())),
        }
    )


def _frozen(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({k: frozen_value(v) for k, v in raw.items()})


def frozen_value(value: Any) -> Any:
    """Return *value* with its mappings read-only and its lists as tuples."""
    if isinstance(value, Mapping):
        return _frozen(value)
    return tuple(frozen_value(v) for v in value) if isinstance(value, list) else value
