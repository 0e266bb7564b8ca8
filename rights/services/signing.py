"""Ed25519 signatures over receipts and checkpoints, by key id."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rights.domain.errors import ConfigError

_SEED_BYTES = 32


class Signer:
    """
    Signs with the current key; verifies with any it knows.

    Args:
        spec: ``id:base64`` of a 32-byte seed, the current first, older ones after commas.

    Raises:
        ConfigError: a key is missing or has the wrong size.
    """

    def __init__(self, spec: str) -> None:
        keys = dict(_seed(part) for part in spec.split(",") if part.strip())
        if not keys:
            raise ConfigError("RIGHTS_SIGNING_KEY is empty: make one with `rights keys new`")
        self.key_id = next(iter(keys))
        self._keys = {k: Ed25519PrivateKey.from_private_bytes(v) for k, v in keys.items()}

    def sign(self, message: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._keys[self.key_id].sign(message)).decode()

    def verify(self, message: bytes, signature: str, *, key_id: str) -> bool:
        """Return whether one of our keys signed *message*."""
        key = self._keys.get(key_id)
        return key is not None and verify(key.public_key(), message, signature)

    def public(self) -> dict[str, str]:
        """Return key id to public key in base64, for publishing."""
        return {
            k: base64.b64encode(v.public_key().public_bytes_raw()).decode()
            for k, v in self._keys.items()
        }


def verify(key: Ed25519PublicKey, message: bytes, signature: str) -> bool:
    """Return whether *key* signed *message*."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def public_key(encoded: str) -> Ed25519PublicKey:
    """Read a public key in base64."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True))


def pem(encoded: str) -> bytes:
    """Return a public key in base64 as PEM, which openssl reads."""
    form = PublicFormat.SubjectPublicKeyInfo
    return public_key(encoded).public_bytes(Encoding.PEM, form)


def _seed(part: str) -> tuple[str, bytes]:
    key_id, _, encoded = part.strip().partition(":")
    try:
        seed = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        seed = b""
    if not key_id or len(seed) != _SEED_BYTES:
        raise ConfigError(
            "RIGHTS_SIGNING_KEY must be id:base64 of 32 bytes: make one with `rights keys new`"
        )
    return key_id, seed
