"""A fingerprint of the rows an effect took away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_SPACE = 1 << 256


class RowDigest:
    """
    SHA-256 over a set of row keys, in constant memory and whatever their order.

    Each key is hashed with the step's id, so that two receipts about one row do not match; the
    hashes are added up and hashed again.
    """

    def __init__(self, step_id: str) -> None:
        self._salt = step_id
        self._sum = 0
        self.count = 0

    def add(self, key: Iterable[object]) -> None:
        """Take one row's key."""
        text = "\x1f".join((self._salt, *map(str, key)))
        one = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        self._sum += int.from_bytes(one, "big")
        self.count += 1

    def hex(self) -> str:
        """Return the digest, or nothing when no row was taken."""
        if not self.count:
            return ""
        return hashlib.sha256(b"%d:%d" % (self.count, self._sum % _SPACE)).hexdigest()
