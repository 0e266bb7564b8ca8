"""
Replay capsules: what it takes to do an erasure or a correction again.

The key ring of a request is destroyed when it is closed; a backup outlives it. Frozen keys and
corrected values are therefore kept until no declared backup can bring the data back, sealed
under a key that workers hold and the web process does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from connectors.sdk import KeySet
from rights.domain.kinds import Kind
from rights.settings import Settings
from rights.store import rows
from rights.store.keys import Keyring
from rights.store.models import Capsule, Request
from rights.store.vault import Vault

MOST: Final = 10_000
"""Keys of one collection that are kept; more are found again from the rows above them."""

REPLAYED: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION, Kind.CORRECTION})
"""Kinds whose effect a restore undoes."""


@dataclass(frozen=True, slots=True)
class Content:
    """
    What is in a capsule.

    Args:
        keys: Identifiers, and the keys of rows that others hang on.
        values: The sealed values of a correction: its changes.
    """

    keys: KeySet = field(repr=False)
    values: Sequence[Mapping[str, Any]] = field(default=(), repr=False)


def vault_of(settings: Settings) -> Vault:
    """Return what seals capsules: under keys of their own, else under the workers' signing key."""
    if given := settings.replay_keys.get_secret_value():
        return Vault(Keyring.parse(given, setting="RIGHTS_REPLAY_KEYS"))
    signing = settings.signing_key.get_secret_value()
    return Vault(Keyring.parse(signing, setting="RIGHTS_SIGNING_KEY"))


def keep(
    session: Session,
    settings: Settings,
    request: Request,
    content: Content,
    *,
    acted_at: datetime,
    expires_at: datetime,
) -> None:
    """Seal *content* beside a request, in the transaction that closes it."""
    body = {"keys": _kept(content.keys).to_json(), "values": list(content.values)}
    sealed = vault_of(settings).seal(orjson.dumps(body), aad=_aad(request.id))
    kept = Capsule(request_id=request.id, sealed=sealed, acted_at=acted_at, expires_at=expires_at)
    rows.insert_objects(session, [kept])


def opened(session: Session, settings: Settings, request_id: str) -> Content | None:
    """Return what was sealed; None once it was destroyed. Raises Tampered, ConfigError."""
    row = session.get(Capsule, request_id)
    if row is None:
        return None
    body = orjson.loads(vault_of(settings).open(row.sealed, aad=_aad(request_id)))
    return Content(KeySet.from_json(body["keys"]), body["values"])


def since(session: Session, at: datetime) -> list[str]:
    """Return the requests that acted since *at*, oldest first."""
    query = select(Capsule.request_id).where(col(Capsule.acted_at) >= at)
    return list(session.exec(query.order_by(col(Capsule.acted_at), col(Capsule.request_id))))


def _kept(keys: KeySet) -> KeySet:
    few = {
        anchor: by
        for anchor, by in keys.anchors.items()
        if anchor.startswith("identifier:") or sum(map(len, by.values())) <= MOST
    }
    return KeySet(few)


def _aad(request_id: str) -> str:
    return f"capsule|{request_id}"
