"""Settings that hold a password instead of naming one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import members, stores

REFERENCE: Final = re.compile(r"\$\{secret:([A-Z][A-Z0-9_]{0,63})\}")
"""``${secret:NAME}``: resolved by workers only."""

_SECRETIVE: Final = re.compile(
    r"(?i)(^|[_-])(password|passwd|pwd|secret|token|api_?key|secret_?key|private_?key|"
    r"signing_?key|credentials?)$"
)
_MOVE: Final = "keep it in a secret and write ${secret:NAME}"


def in_clear(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem, without the value, for every credential and every odd reference."""
    for path, store in stores(data):
        yield from _settings((*path, "settings"), store.get("settings"))
        for index, collection in members(store, "collections"):
            here = (*path, "collections", index, "settings")
            yield from _settings(here, collection.get("settings"))


def _settings(path: Path, value: Any) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _settings((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _settings((*path, index), inner)
    elif isinstance(value, str):
        yield from _text(path, value)


def _text(path: Path, value: str) -> Iterator[Problem]:
    bare = REFERENCE.sub("", value)
    if "${" in bare:
        what = "holds a reference that is not ${secret:NAME}"
        yield Problem(path, what, "use capital letters, digits and _ for NAME")
    elif _is_secretive(path) and bare:
        yield Problem(path, "holds a credential in clear", _MOVE)
    elif _has_password(REFERENCE.sub("_", value), value):
        yield Problem(path, "holds a password in clear in its address", _MOVE)


def _is_secretive(path: Path) -> bool:
    names = [part for part in path if isinstance(part, str)]
    return bool(_SECRETIVE.search(names[-1]))


def _has_password(parsable: str, written: str) -> bool:
    """Tell whether an address carries a password that is not, as a whole, a reference."""
    if "://" not in written:
        return False
    try:
        password = urlsplit(parsable).password
    except ValueError:
        return "@" in written
    if not password:
        return False
    return not (password == "_" and re.search(r":\$\{secret:[A-Z0-9_]+\}@", written))  # noqa: S105
