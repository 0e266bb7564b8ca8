"""
The methods by which a row may be anonymised, and what is none of them.

Anonymised data cannot be led back to a person by anybody; what was hashed, encrypted or replaced
by a token can, and is personal data still. The registry is ``anonymisation.yaml``.

Source: PIPL 4, 73(3)(4); CSL 44(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from rights.domain.errors import ConfigError

_FILE: Final = Path(__file__).parent / "anonymisation.yaml"
_ALLOWED: Final = frozenset({"suppression", "replacement"})


@cache
def methods() -> Mapping[str, Mapping[str, Any]]:
    """Return every method by name, those that are none included."""
    found: Mapping[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType(dict(found["methods"]))


def registered() -> tuple[str, ...]:
    """Return the methods after which a row may be called anonymised."""
    return tuple(name for name, said in methods().items() if said["class"] in _ALLOWED)


def why_not(name: str) -> str:
    """Return why *name* is no method of anonymising, or nothing."""
    said = methods().get(name)
    if said is None:
        return f"{name} is no registered method"
    if said["class"] not in _ALLOWED:
        return f"{name} is of the class {said['class']}: what it leaves is personal data still"
    return ""


def check(names: Iterable[str], of: str) -> None:
    """
    Make sure that whoever anonymises like this may call it so.

    Raises:
        ConfigError: a method is not registered, or is of a class that is none.
    """
    wrong = [why for name in sorted(names) if (why := why_not(name))]
    if wrong:
        choices = ", ".join(registered())
        raise ConfigError(f"{of}: this is not anonymising; there are: {choices}", wrong)
