"""Frozen keys, sealed in the register until the request is closed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import orjson
from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.errors import NotFound
from rights.domain.keys import Standing
from rights.store.models import KeyringRow
from rights.store.vault import Vault


def _aad(request_id: str) -> str:
    return f"keyring|{request_id}"


def sealed_keys(vault: Vault, request_id: str, keys: KeySet | None) -> bytes:
    """Return the keys as sealed bytes."""
    return vault.seal(orjson.dumps(_flat(keys or KeySet())), aad=_aad(request_id))


def opened_keys(session: Session, vault: Vault, request_id: str) -> KeySet:
    """
    Return the frozen keys of a request.

    Raises:
        NotFound: it has none. That is never the same as "no rows".
    """
    row = session.get(KeyringRow, request_id)
    if row is None:
        raise NotFound(f"request {request_id} has no frozen keys")
    return _keys(orjson.loads(vault.open(row.sealed, aad=_aad(request_id))))


def _flat(keys: KeySet) -> dict[str, dict[str, list[Any]]]:
    """
    Return *keys* as ``anchor -> standing -> [width, parts]…``, parts of all keys in a row.

    A list for each of very many keys would take a second to read, for every turn of a worker.
    """
    return {
        anchor: {
            str(standing): [
                [width, list(chain.from_iterable(key for key in found if len(key) == width))]
                for width in dict.fromkeys(map(len, found))
            ]
            for standing, found in by.items()
        }
        for anchor, by in keys.anchors.items()
    }


def _keys(flat: Mapping[str, Mapping[str, list[Any]]]) -> KeySet:
    """Read what :func:`_flat` wrote."""
    return KeySet(
        {
            anchor: {
                Standing(standing): tuple(
                    key
                    for width, parts in groups
                    for key in zip(*[iter(parts)] * width, strict=True)
                )
                for standing, groups in by.items()
            }
            for anchor, by in flat.items()
        }
    )
