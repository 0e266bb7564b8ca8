"""
The keys of this deployment: several may be live, one of them is current.

A key is never used as it is. Each purpose has a subkey of its own by HKDF-SHA256, so that
what seals the vault cannot sign a token and the other way round.

Source: NDSR 9; PIPL 51(3).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rights.domain.errors import ConfigError, RightsError

KEY_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_RECIPE: Final = "make one with: openssl rand -base64 32"


class Tampered(RightsError):
    """Sealed bytes are not what we sealed: changed, cut, reordered or of another owner."""

    code = "tampered"


def subkey(key: bytes, info: bytes) -> bytes:
    """Return the 32-byte subkey of *key* for *info*, by HKDF-SHA256 without salt."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


class Keyring:
    """
    Live keys by id, in the order of the setting; the first is current.

    Args:
        keys: Key id to 32 bytes. New material is sealed under the first; all can be opened.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ConfigError(f"no encryption key is set; {_RECIPE}")
        short = [i for i, key in keys.items() if len(key) != KEY_BYTES]
        if short:
            raise ConfigError(f"encryption keys must be {KEY_BYTES} bytes: {', '.join(short)}")
        self._keys = dict(keys)
        self._derived: dict[tuple[str, str], bytes] = {}

    @classmethod
    def parse(cls, text: str, *, setting: str = "RIGHTS_KEYS") -> Keyring:
        """
        Read ``id:base64,id2:base64``; the first is current, the others still open.

        Args:
            setting: How the operator knows this text, for the message.

        Raises:
            ConfigError: nothing set, or a key that is not 32 bytes; every mistake is listed.
        """
        if not text.strip():
            raise ConfigError(
                f"{setting} is not set: personal data cannot be kept without an encryption key. "
                f"Set it to <id>:<base64 of 32 random bytes>; {_RECIPE}"
            )
        keys: dict[str, bytes] = {}
        problems: list[str] = []
        for place, part in enumerate(text.split(","), start=1):
            name, key, problem = _read(part.strip())
            if not problem and name in keys:
                problem = f"the id {name} appears twice"
            if problem:
                problems.append(f"key {place}: {problem}")
            keys[name] = key
        if problems:
            raise ConfigError(f"{setting} cannot be used; {_RECIPE}", problems)
        return cls(keys)

    @cached_property
    def current(self) -> str:
        """The id under which new material is sealed."""
        return next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """Every live id, the current one first."""
        return tuple(self._keys)

    def derive(self, purpose: str, key_id: str = "") -> bytes:
        """
        Return the subkey for *purpose* of one key (the current one when none is named).

        Raises:
            ConfigError: the key is not on the ring any more.
        """
        name = key_id or self.current
        found = self._derived.get((name, purpose))
        if found is None:
            found = self._derived[name, purpose] = subkey(self._key(name), purpose.encode())
        return found

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """Return the subkeys for *purpose* of every live key, the current one first."""
        return tuple(self.derive(purpose, name) for name in self._keys)

    def _key(self, name: str) -> bytes:
        key = self._keys.get(name)
        if key is None:
            raise ConfigError(
                f"the key {name} is needed to open what was sealed under it and is not set: "
                "put it back behind the current one until everything was sealed anew"
            )
        return key

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"


def _read(part: str) -> tuple[str, bytes, str]:
    """Return id, key and what is wrong; the message never shows any of the key."""
    name, colon, encoded = part.partition(":")
    if not colon:
        return "", b"", "is not of the form <id>:<base64>"
    if not _ID.fullmatch(name):
        return "", b"", "its id must be 1 to 32 letters, digits, - or _"
    try:
        key = base64.b64decode(encoded.strip().translate(_URLSAFE), validate=True)
    except (binascii.Error, ValueError):
        return name, b"", f"{name} is not base64"
    if len(key) != KEY_BYTES:
        return name, b"", f"{name} has {len(key)} bytes, {KEY_BYTES} are needed"
    return name, key, ""


_URLSAFE: Final = str.maketrans("-_", "+/")
