"""
From a store of the data map to a connector that can act on it.

The manifest's settings dataclass is the schema: its fields are the keys under ``settings:``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from connectors.sdk import Connector, Manifest, Misconfigured
from rights.domain.datamap import Store
from rights.domain.errors import ConfigError
from rights.services.datamap.problems import suggest
from workflows.secrets import Secrets, names

Registry = Mapping[str, type[Connector]]
"""Connector name, as the data map writes it, to class."""

_PLAIN: Final[Mapping[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


def open_connector(store: Store, registry: Registry, secrets: Secrets) -> Connector:
    """
    Return the connector of *store*; nothing is connected to yet.

    Raises:
        ConfigError: the connector is unknown, settings are wrong, or secrets are missing; every
            mistake is listed.
    """
    if store.connector not in registry:
        raise ConfigError(
            f"store {store.name}: there is no connector {store.connector}; "
            f"{suggest(store.connector, registry)}"
        )
    kind = registry[store.connector]
    mistakes = settings_mistakes(store, kind.manifest)
    if mistakes:
        raise ConfigError(
            f"store {store.name}: settings are wrong:", tuple(f"{w} → {r}" for w, r in mistakes)
        )
    values = secrets.resolved(store.settings)
    try:
        return kind(kind.manifest.settings(**values))
    except (TypeError, ValueError, Misconfigured):
        # The cause is left out on purpose: a constructor may quote what it was given.
        raise ConfigError(
            f"store {store.name}: the connector {store.connector} does not accept its settings; "
            f"see its page for the form of each"
        ) from None


def opener(registry: Registry, secrets: Secrets) -> Callable[[Store], Connector]:
    """Return :func:`open_connector` with everything but the store filled in."""
    return lambda store: open_connector(store, registry, secrets)


def settings_mistakes(store: Store, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Return what is wrong and the remedy, for each key that is missing, unknown or mistyped."""
    declared = {f.name: f for f in fields(manifest.settings)}
    return (
        *_unknown(store, declared),
        *_missing(store, declared),
        *_mistyped(store, get_type_hints(manifest.settings)),
    )


def _unknown(store: Store, declared: Mapping[str, Field[Any]]) -> Iterator[tuple[str, str]]:
    for key in store.settings:
        if key not in declared:
            yield f"{key} is not a setting of {store.connector}", suggest(key, declared)


def _missing(store: Store, declared: Mapping[str, Field[Any]]) -> Iterator[tuple[str, str]]:
    for key, setting in declared.items():
        needed = setting.default is MISSING and setting.default_factory is MISSING
        if needed and setting.init and key not in store.settings:
            yield f"{key} is missing", f"add {key}: under settings"


def _mistyped(store: Store, hints: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in store.settings.items():
        wanted = _plain_types(hints.get(key))
        if wanted and not any(names(value)) and not _fits(value, wanted):
            yield f"{key} is not {_PLAIN[wanted[0]]}", "correct its value"


def _plain_types(hint: Any) -> tuple[type, ...]:
    """Return the types a plain setting may have, or nothing where the hint is not plain."""
    union = get_origin(hint) in {Union, types.UnionType}
    parts = get_args(hint) if union else (hint,)
    plain = tuple(p for p in parts if p in _PLAIN)
    others = [p for p in parts if p not in _PLAIN and p is not type(None)]
    if others or not plain:
        return ()
    return (*plain, type(None)) if type(None) in parts else plain


def _fits(value: Any, wanted: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in wanted
    if isinstance(value, int) and float in wanted:
        return True
    return isinstance(value, wanted)
