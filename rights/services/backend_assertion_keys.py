"""The keys that verify a backend's assertions: Ed25519 public keys, or a shared secret."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from rights.domain.errors import FieldError, Invalid
from rights.store.ids import new_id
from rights.store.vault import Vault

_SECRET_BYTES: Final = 32


def accepted(vault: Vault, backend_id: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what the register keeps of *jwk*: public parts, or the secret sealed.

    Raises:
        Invalid: it is neither an Ed25519 public key nor a secret of at least 32 bytes.
    """
    kid = str(jwk.get("kid") or new_id())
    if jwk.get("kty") == "oct":
        secret = _decoded(str(jwk.get("k", "")))
        if len(secret) < _SECRET_BYTES:
            raise _wrong("has fewer than 32 bytes")
        sealed = vault.seal(secret, aad=_aad(backend_id, kid))
        return {"kty": "oct", "kid": kid, "sealed": base64.b64encode(sealed).decode()}
    if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
        try:
            public = OKPKey.import_key({k: str(jwk[k]) for k in ("kty", "crv", "x")})
        except (JoseError, KeyError, ValueError):
            raise _wrong("is not an Ed25519 public key") from None
        return {**public.as_dict(private=False), "kid": kid}
    raise _wrong("must be an Ed25519 public key (OKP) or a shared secret (oct)")


def opened(
    vault: Vault, backend_id: str, kept: Mapping[str, Any]
) -> tuple[OKPKey | OctKey, tuple[str, ...]]:
    """Return a key ready for use, and the algorithms that may be used with it."""
    if kept["kty"] == "oct":
        sealed = base64.b64decode(kept["sealed"])
        secret = vault.open(sealed, aad=_aad(backend_id, kept["kid"]))
        return OctKey.import_key(secret), ("HS256",)
    return OKPKey.import_key({k: str(kept[k]) for k in ("kty", "crv", "x")}), _CURVE


_CURVE: Final = ("Ed25519", "EdDSA")
"""One algorithm, its name before and after RFC 9864."""


def _aad(backend_id: str, kid: str) -> str:
    return f"assertion-key|{backend_id}|{kid}"


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _wrong(message: str) -> Invalid:
    return Invalid("the assertion key cannot be used", [FieldError("jwk", message)])
