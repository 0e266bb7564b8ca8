"""
``Idempotency-Key``: who repeats a call gets the first answer again, for a day.

The record is written in the transaction of the work it answers. Of two calls at once the
second waits for the first, finds its record, and takes its own work back.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from rights.domain.errors import Conflict
from rights.store.models import IdempotencyRecord
from rights.store.rows import insert
from rights.store.vault import Vault

KEPT: Final = timedelta(hours=24)
_PURPOSE: Final = "rights/idempotency/body/1"


@dataclass(frozen=True, slots=True)
class Call:
    """One call with a key: who, which key, what for, and a keyed hash of what was sent."""

    backend_id: str
    key_hash: str
    body_hmac: str

    @property
    def aad(self) -> str:
        """What binds a sealed reply to its record."""
        return f"idempotency|{self.backend_id}|{self.key_hash}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that was given."""

    status: int
    body: bytes


class Repeated(Exception):
    """Somebody was faster with the same key: the work of the slower call is taken back."""


def call(vault: Vault, backend_id: str, key: str, operation: str, body: bytes) -> Call:
    """Return the call that *key* names; one key for two operations is one key too many."""
    name = hashlib.sha256(key.encode()).hexdigest()
    secret = vault.keyring.derive(_PURPOSE, vault.keyring.ids[-1])
    content = hmac.digest(secret, operation.encode() + b"\n" + body, hashlib.sha256)
    return Call(backend_id, name, content.hex())


def earlier(session: Session, vault: Vault, this: Call, *, now: datetime) -> Reply | None:
    """
    Return the answer that this call was given before, if it was made before.

    Raises:
        Conflict: the key was used for something else.
    """
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.backend_id == this.backend_id,
        IdempotencyRecord.key_hash == this.key_hash,
    )
    found = session.exec(query).first()
    if found is None:
        return None
    if found.created_at + KEPT <= now:
        session.connection().execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.id == found.id)  # type: ignore[arg-type]  # a column
        )
        session.expunge(found)
        return None
    if not hmac.compare_digest(found.body_hmac, this.body_hmac):
        raise Conflict(
            "this Idempotency-Key was used for another request: choose a new key",
            code="idempotency_key_reused",
        )
    return Reply(found.status, vault.open(found.sealed_reply, aad=this.aad))


def keep(session: Session, vault: Vault, this: Call, reply: Reply, *, now: datetime) -> None:
    """
    Remember the answer, last in the transaction of the work.

    Raises:
        Repeated: the same key was answered meanwhile; the caller rolls back and reads that.
    """
    row = {
        "backend_id": this.backend_id,
        "key_hash": this.key_hash,
        "body_hmac": this.body_hmac,
        "sealed_reply": vault.seal(reply.body, aad=this.aad),
        "status": reply.status,
        "created_at": now,
    }
    try:
        insert(session, IdempotencyRecord, [row])
    except IntegrityError:
        raise Repeated from None
