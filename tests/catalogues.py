"""What catalogues of words have in them, whichever they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rights.services.words import Words


def keys(found: Mapping[str, Any], *path: str) -> Iterator[tuple[str, ...]]:
    """Yield where each sentence stands."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from keys(value, *path, name)
        else:
            yield (*path, name)


def gaps(words: Words, catalogue: Mapping[str, Any]) -> dict[tuple[str, ...], set[str]]:
    """Return what is filled in to each sentence; the form of moments is none."""
    paths = (path for path in keys(catalogue) if path[0] != "moment")
    return {path: set(re.findall(r"{(\w+)}", words.find(*path))) for path in paths}
