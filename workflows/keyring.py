"""Frozen keys, sealed in the register until the request is closed."""

from __future__ import annotations

import orjson
from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.errors import NotFound
from rights.store.models import KeyringRow
from rights.store.vault import Vault


def _aad(request_id: str) -> str:
    return f"keyring|{request_id}"


def sealed_keys(vault: Vault, request_id: str, keys: KeySet | None) -> bytes:
    """Return the keys as sealed bytes."""
    return vault.seal(orjson.dumps((keys or KeySet()).to_json()), aad=_aad(request_id))


def opened_keys(session: Session, vault: Vault, request_id: str) -> KeySet:
    """
    Return the frozen keys of a request.

    Raises:
        NotFound: it has none. That is never the same as "no rows".
    """
    row = session.get(KeyringRow, request_id)
    if row is None:
        raise NotFound(f"request {request_id} has no frozen keys")
    return KeySet.from_json(orjson.loads(vault.open(row.sealed, aad=_aad(request_id))))
