"""
Signed tokens, one salt per purpose: what was signed for one thing opens nothing else.

What is inside is sealed besides, since a signature hides nothing.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Final

import orjson
from itsdangerous import BadData, URLSafeSerializer

from rights.domain.errors import Unauthenticated
from rights.store.keys import Tampered
from rights.store.vault import Vault

_PURPOSE: Final = "rights/tokens/sign/1"


def make(vault: Vault, salt: str, content: Any, *, expires_at: datetime) -> str:
    """Return a token that :func:`read` opens until *expires_at*, under the same *salt*."""
    sealed = vault.seal(orjson.dumps(content), aad=f"token|{salt}")
    body = {"e": int(expires_at.timestamp()), "s": base64.urlsafe_b64encode(sealed).decode()}
    signed: str | bytes = _serializer(vault, salt).dumps(body)
    return signed if isinstance(signed, str) else signed.decode()


def read(vault: Vault, salt: str, token: str, *, now: datetime) -> Any:
    """
    Return what was put in.

    Raises:
        Unauthenticated: forged, cut, of another purpose, or too old; which one is not said.
    """
    try:
        body = _serializer(vault, salt).loads(token)
        if now.timestamp() >= body["e"]:
            raise _refused()
        sealed = base64.urlsafe_b64decode(body["s"])
        return orjson.loads(vault.open(sealed, aad=f"token|{salt}"))
    except (BadData, Tampered, KeyError, TypeError, ValueError):
        raise _refused() from None


def _refused() -> Unauthenticated:
    return Unauthenticated("the token is not valid: ask for a new one", code="bad_token")


def _serializer(vault: Vault, salt: str) -> URLSafeSerializer:
    # The library wants the newest key last; all of them verify.
    keys = [*reversed(vault.keyring.derive_all(_PURPOSE))]
    return URLSafeSerializer(keys, salt=salt)
