"""
Small secrets at rest: identifiers, messages, corrections, keys of packages.

Sealing is AES-256-GCM under a random nonce. The caller names what the value belongs to
(``aad``), and only that place opens it: a value copied to another row does not open there.
Look-up is by a keyed hash ("blind index"), which reveals equality and nothing else to whoever
has the database without the key.

A sealed value is ``version (1) | length of key id (1) | key id | nonce (12) | ciphertext, tag``;
everything before the nonce is authenticated too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rights.store.keys import Keyring, Tampered

VERSION: Final = 1
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SEAL: Final = "rights/vault/seal/1"
BLIND: Final = "rights/vault/blind/1"
WRAP: Final = "rights/vault/wrap/1"


class Vault:
    """
    Seals, opens and looks up under a key ring.

    Args:
        random: Where nonces come from; only tests of the format give another.
    """

    def __init__(self, keyring: Keyring, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._keyring = keyring
        self._random = random
        self._ciphers: dict[tuple[str, str], AESGCM] = {}

    @property
    def keyring(self) -> Keyring:
        """The ring, for those who need a subkey of another purpose."""
        return self._keyring

    def seal(self, plaintext: bytes, *, aad: str) -> bytes:
        """Return *plaintext* sealed under the current key, bound to *aad*."""
        return self._seal(SEAL, plaintext, aad)

    def open(self, sealed: bytes, *, aad: str) -> bytes:
        """
        Return what was sealed.

        Raises:
            Tampered: it was changed, or it belongs to another *aad*.
            ConfigError: the key it names is not on the ring any more.
        """
        return self._open(SEAL, sealed, aad)

    def wrap(self, data_key: bytes, *, aad: str) -> bytes:
        """Seal the data key of a package; with the wrapped key gone, so is the package."""
        return self._seal(WRAP, data_key, aad)

    def unwrap(self, wrapped: bytes, *, aad: str) -> bytes:
        """Return a data key. Raises like :meth:`open`."""
        return self._open(WRAP, wrapped, aad)

    def blind(self, value: str, *, scope: str) -> str:
        """
        Return the look-up hash of *value* under the current key.

        Args:
            scope: What kind of value it is; equal values of two scopes do not look equal.
        """
        return self._blind(value, scope, self._keyring.current)

    def blinds(self, value: str, *, scope: str) -> tuple[str, ...]:
        """Return the hashes under every live key, the current one first: search for any."""
        return tuple(self._blind(value, scope, key_id) for key_id in self._keyring.ids)

    def key_id(self, sealed: bytes) -> str:
        """Return the id of the key that seals this. Raises Tampered."""
        return _split(sealed)[0]

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether rotation has nothing to do here."""
        return self.key_id(sealed) == self._keyring.current

    def reseal(self, sealed: bytes, *, aad: str) -> bytes:
        """Return the same content under the current key. Raises like :meth:`open`."""
        return self.seal(self.open(sealed, aad=aad), aad=aad)

    def rewrap(self, wrapped: bytes, *, aad: str) -> bytes:
        """Return the same data key under the current key. Raises like :meth:`open`."""
        return self.wrap(self.unwrap(wrapped, aad=aad), aad=aad)

    def _seal(self, purpose: str, plaintext: bytes, aad: str) -> bytes:
        key_id = self._keyring.current
        name = key_id.encode()
        head = bytes((VERSION, len(name))) + name
        nonce = self._random(NONCE_BYTES)
        cipher = self._cipher(purpose, key_id)
        return head + nonce + cipher.encrypt(nonce, plaintext, head + aad.encode())

    def _open(self, purpose: str, sealed: bytes, aad: str) -> bytes:
        key_id, head, nonce, body = _split(sealed)
        cipher = self._cipher(purpose, key_id)
        try:
            return cipher.decrypt(nonce, body, head + aad.encode())
        except InvalidTag:
            raise Tampered(
                "a sealed value does not open: it was changed, or moved from another row; "
                "restore it from a backup"
            ) from None

    def _cipher(self, purpose: str, key_id: str) -> AESGCM:
        found = self._ciphers.get((purpose, key_id))
        if found is None:
            key = self._keyring.derive(purpose, key_id)
            found = self._ciphers[purpose, key_id] = AESGCM(key)
        return found

    def _blind(self, value: str, scope: str, key_id: str) -> str:
        key = self._keyring.derive(BLIND, key_id)
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        message = f"{len(scope)}:{scope}:{value}".encode()
        return hmac.digest(key, message, hashlib.sha256).hex()


def _split(sealed: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Return key id, authenticated head, nonce and ciphertext with tag."""
    head_end = 2 + sealed[1] if len(sealed) > 1 else 2
    if len(sealed) < head_end + NONCE_BYTES + TAG_BYTES or sealed[0] != VERSION:
        raise Tampered("a sealed value is cut short or of an unknown version")
    head = sealed[:head_end]
    try:
        key_id = head[2:].decode("ascii")
    except UnicodeDecodeError:
        raise Tampered("a sealed value names a key in no known form") from None
    return key_id, head, sealed[head_end : head_end + NONCE_BYTES], sealed[head_end + NONCE_BYTES :]
