"""The settings that may be changed while everything runs, as the catalogue names them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights import yaml_file
from rights.domain.errors import NotFound
from rights.domain.settable import Settable, Value
from rights.settings import Settings

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "settable.yaml"


@cache
def settables() -> Mapping[str, Settable]:
    """Return every one of them by its name, in the order of the catalogue."""
    found: Mapping[str, Mapping[str, Any]] = yaml_file.read(_FILE)
    return MappingProxyType({name: _one(name, said) for name, said in found.items()})


def _one(name: str, said: Mapping[str, Any]) -> Settable:
    return Settable(name, **{**said, "allowed": tuple(said.get("allowed", ()))})


def find(name: str) -> Settable:
    """Return one of them. Raises NotFound: it is none, or is set at the start of a process only."""
    found = settables().get(name)
    if found is None:
        message = f"{name} is no setting that can be changed while everything runs"
        raise NotFound(message, code="setting_unknown")
    return found


def value_of(settings: Settings, name: str) -> Value:
    """Return what *settings* say of one of them."""
    found: Value = getattr(settings, name)
    return found
