"""
Find connectors: modules and packages beside this one, and installed entry points.

Only those that are asked for are imported: a driver costs memory in every worker. That is why
a connector's module is called what its manifest is called.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any, TypeGuard

import connectors
from connectors.parts import methods
from connectors.sdk import Connector, Manifest, Verb
from rights.domain.errors import ConfigError

GROUP = "rights.connectors.v1"
"""The entry point group under which other distributions offer connectors, by manifest name."""

_NOT_CONNECTORS = frozenset({"sdk", "registry", "parts"})
_EXTRAS = MappingProxyType({"pymysql": "mysql", "MySQLdb": "mysql"})


def available() -> tuple[str, ...]:
    """Return the name of every connector that could be loaded, without importing any."""
    return tuple(sorted({*_beside(), *_installed()}))


def load(names: Iterable[str]) -> Mapping[str, type[Connector]]:
    """
    Return the connector classes called *names*, importing no other.

    Raises:
        ConfigError: a name is unknown or taken twice, a driver is missing, or a manifest does
            not tell what its class does; all mistakes at once.
    """
    found: dict[str, type[Connector]] = {}
    problems: list[str] = []
    for name in dict.fromkeys(names):
        try:
            found[name] = _load(name)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("some connectors cannot be loaded:", problems)
    return MappingProxyType(found)


def build(cls: type[Connector], settings: Mapping[str, Any]) -> Connector:
    """
    Return a connector with *settings*, secrets already resolved.

    Raises:
        ConfigError: a setting is missing or unknown; values are never shown.
    """
    known = {f.name: f for f in fields(cls.manifest.settings)}
    required = {
        n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING
    }
    problems = [
        *(f"setting {n!r} is missing" for n in sorted(required - settings.keys())),
        *(
            f"setting {n!r} is unknown; allowed: {', '.join(sorted(known))}"
            for n in sorted(settings.keys() - known.keys())
        ),
    ]
    if problems:
        raise ConfigError(f"connector {cls.manifest.name}:", problems)
    return cls(cls.manifest.settings(**settings))


def check_manifest(cls: type[Connector]) -> None:
    """
    Check that the manifest neither promises a verb the class lacks nor hides one it has, and that
    it calls nothing anonymised that can be led back to a person.

    Raises:
        ConfigError: it does.
    """
    does = {verb for verb in Verb if callable(getattr(cls, verb.value, None))}
    if does != cls.manifest.verbs:
        odd = ", ".join(sorted(does ^ cls.manifest.verbs))
        raise ConfigError(f"{cls.manifest.name}: manifest and methods disagree on {odd}")
    methods.check(cls.manifest.anonymises, f"connector {cls.manifest.name}")


def _load(name: str) -> type[Connector]:
    installed = _installed().get(name, [])
    places = [*(["connectors"] if name in _beside() else []), *(p.value for p in installed)]
    if not places:
        raise ConfigError(f"no connector is called {name!r}; there are: {', '.join(available())}")
    if len(places) > 1:
        raise ConfigError(f"several connectors are called {name!r}: {', '.join(places)}")
    try:
        cls = installed[0].load() if installed else _class_in(_module(name))
    except ImportError as error:
        raise ConfigError(_missing(name, error)) from error
    if not _is_connector(cls) or cls.manifest.name != name:
        raise ConfigError(f"{places[0]}: there is no connector class whose manifest says {name!r}")
    check_manifest(cls)
    return cls


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"connectors.{name}")


def _class_in(module: ModuleType) -> object:
    found = (cls for _, cls in inspect.getmembers(module, _is_connector))
    return next((c for c in found if f"{c.__module__}.".startswith(f"{module.__name__}.")), None)


def _beside() -> frozenset[str]:
    found = {module.name for module in pkgutil.iter_modules(connectors.__path__)}
    return frozenset(found - _NOT_CONNECTORS)


def _installed() -> dict[str, list[EntryPoint]]:
    out: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        out.setdefault(point.name, []).append(point)
    return out


def _missing(name: str, error: ImportError) -> str:
    package = (error.name or "").partition(".")[0]
    extra = f"rights[{_EXTRAS[package]}]" if package in _EXTRAS else package or "its driver"
    return f"connector {name!r} needs a Python package that is missing: pip install '{extra}'"


def _is_connector(thing: object) -> TypeGuard[type[Connector]]:
    return inspect.isclass(thing) and isinstance(getattr(thing, "manifest", None), Manifest)
