"""
"The same person", whatever they proved this time: every identifier known of them, hashed.

Something is noted under the strongest one and found again by any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.domain.datamap import DataMap
from rights.domain.identifiers import normalise
from rights.domain.keys import KeySet
from rights.services.subjects import blind, blinds, rank
from rights.store.vault import Vault

_PREFIX: Final = "identifier:"


def person(vault: Vault, datamap: DataMap, keys: KeySet) -> str:
    """
    Return the hash under which to note something about the person behind *keys*.

    Raises:
        ValueError: nothing is known by which they could be found again.
    """
    strongest = next(_known(datamap, keys), None)
    if strongest is None:
        raise ValueError("nobody is meant: no identifier is known")
    return blind(vault, *strongest)


def persons(vault: Vault, datamap: DataMap, keys: KeySet) -> tuple[str, ...]:
    """Return every hash under which something about them may have been noted."""
    found = (one for pair in _known(datamap, keys) for one in blinds(vault, *pair))
    return tuple(dict.fromkeys(found))


def _known(datamap: DataMap, keys: KeySet) -> Iterator[tuple[str, str]]:
    """Yield types and values, the strongest type first."""
    types = (a.removeprefix(_PREFIX) for a in keys.anchors if a.startswith(_PREFIX))
    for name in sorted(
        (t for t in types if t in datamap.identifiers), key=lambda n: rank(datamap, n)
    ):
        how = datamap.identifiers[name].normalise
        for value in sorted({normalise(str(key[0]), how) for key in keys.keys(_PREFIX + name)}):
            yield name, value
