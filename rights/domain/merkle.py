"""
A Merkle tree over any number of values, in memory that grows with its height only.

Leaves and inner nodes are hashed under different first bytes, so that an inner node can never
be passed off as a value.

Source: RFC 6962, section 2.1.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from functools import reduce

_LEAF = b"\x00"
_NODE = b"\x01"


def root(values: Iterable[bytes]) -> bytes:
    """Return the root over *values* in their order; of nothing, the hash of nothing."""
    peaks: list[tuple[int, bytes]] = []  # full subtrees, the largest first: (height, hash)
    for value in values:
        height, top = 0, _hash(_LEAF, value)
        while peaks and peaks[-1][0] == height:
            top = _hash(_NODE, peaks.pop()[1], top)
            height += 1
        peaks.append((height, top))
    if not peaks:
        return hashlib.sha256().digest()
    return reduce(lambda right, left: _hash(_NODE, left, right), [p for _, p in reversed(peaks)])


def salted(salt: bytes, values: Iterable[bytes]) -> Iterator[bytes]:
    """
    Yield *values*, each behind 32 bytes that follow from *salt* and its place.

    Whoever has the root and not the salt cannot try guesses on it; whoever has both can check
    every value.
    """
    for place, value in enumerate(values):
        yield hmac.digest(salt, place.to_bytes(8, "big"), hashlib.sha256) + value


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
