"""
What goes into escrow, and how it is sealed: rows that must be kept, as one encrypted object.

An object is named after what is in it, under the key that seals it: the same rows give the same
name whoever puts them there and however often, other rows never replace it, and without the
key the name says nothing. Whoever has the bucket but not the register has noise.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rights.domain.errors import Misconfigured, Refused

KEY_BYTES: Final = 32
GOVERNANCE: Final = "governance"
COMPLIANCE: Final = "compliance"
MODES: Final = (GOVERNANCE, COMPLIANCE)

_MAGIC: Final = b"RESC1"
_NONCE_BYTES: Final = 12
_TOO_CLOSE: Final = timedelta(seconds=10)
"""A lock that would end so soon might be over when it arrives, and the bucket would refuse it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """
    How long an object may not go.

    Args:
        until: Nobody deletes it before; None where no end is known.
        flagged: Nobody deletes it while the flag (S3's legal hold) is on.
    """

    until: datetime | None
    flagged: bool

    @classmethod
    def of(cls, end: datetime | None, *, placed: bool, now: datetime) -> Lock:
        """
        Return the lock of rows whose hold is over at *end*.

        Args:
            placed: A legal hold is on them, which may last longer.
        """
        if end is None or end <= now + _TOO_CLOSE:
            return cls(None, flagged=True)
        whole = end.replace(microsecond=0)
        return cls(whole if whole == end else whole + timedelta(seconds=1), flagged=placed)


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of one object, or a delete marker."""

    name: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens what is in escrow for one request."""

    _names: bytes
    _cipher: AESGCM

    @classmethod
    def of(cls, key: bytes) -> Sealer:
        """
        Return the sealer under the request's *key*.

        Raises:
            Misconfigured: there is none.
        """
        if len(key) != KEY_BYTES:
            raise Misconfigured(
                "the key of what this request has in escrow is not in the register: restore it"
                " from a backup"
            )
        return cls(_subkey(key, b"rights/escrow/name/1"), AESGCM(_subkey(key, b"rights/escrow/1")))

    def name(self, folder: str, plain: bytes) -> str:
        """Return the name under *folder* of the object that holds *plain*."""
        return folder + hmac.digest(self._names, folder.encode() + plain, hashlib.sha256).hex()

    def seal(self, name: str, plain: bytes, random: Callable[[int], bytes] = os.urandom) -> bytes:
        """Return *plain* sealed, bound to its name."""
        nonce = random(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, plain, _MAGIC + name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """
        Return what was sealed under *name*.

        Raises:
            Refused: it was changed, or belongs elsewhere.
        """
        start = len(_MAGIC) + _NONCE_BYTES
        nonce = sealed[len(_MAGIC) : start]
        try:
            return self._cipher.decrypt(nonce, sealed[start:], _MAGIC + name.encode())
        except (InvalidTag, ValueError):
            failed = Refused(
                "an object in escrow does not open: it was changed, or is under another key"
            )
        raise failed


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return *rows* as JSON Lines, the same rows always the same bytes."""
    return b"".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + b"\n" for row in rows
    )


def rows_of(plain: bytes) -> list[dict[str, Any]]:
    """Return what :func:`lines` wrote."""
    return [json.loads(line) for line in plain.splitlines()]


def digest(sealed: bytes) -> str:
    """Return what an object is compared by when it is read back."""
    return hashlib.sha256(sealed).hexdigest()


def _subkey(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
