"""
The key of what one request has in escrow, sealed in the register.

Made before the first row is put there, and destroyed once nothing is held for the request: from
then on no copy of an object opens.

Source: NDSR 24.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from rights.store.keys import KEY_BYTES
from rights.store.models import EscrowKey, HeldRows
from rights.store.vault import Vault

UNUSED: Final = timedelta(days=1)
"""After so long, nothing is on its way into escrow under a key any more."""


def aad(request_id: str) -> str:
    """Return what binds a sealed key to its request."""
    return f"escrow|{request_id}"


def made(
    session: Session,
    vault: Vault,
    request_id: str,
    *,
    now: datetime,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Return the key of a request, made now if there is none. Two workers get the same."""
    postgres = session.connection().dialect.name == "postgresql"
    make = postgresql.insert(EscrowKey) if postgres else sqlite.insert(EscrowKey)
    sealed = vault.seal(random(KEY_BYTES), aad=aad(request_id))
    row = {"request_id": request_id, "sealed": sealed, "used_at": now}
    again = make.values(**row).on_conflict_do_update(
        index_elements=["request_id"], set_={"used_at": now}
    )
    session.execute(again)
    return of(session, vault, request_id)


def of(session: Session, vault: Vault, request_id: str) -> bytes:
    """Return the key of a request, or nothing where there is none."""
    row = session.get(EscrowKey, request_id)
    return vault.open(row.sealed, aad=aad(request_id)) if row else b""


def forget(session: Session, request_id: str, *, now: datetime) -> None:
    """Destroy the key of a request for which nothing is held any more."""
    held = exists().where(col(HeldRows.request_id) == request_id, col(HeldRows.state) != "ended")
    mine = col(EscrowKey.request_id) == request_id
    session.flush()
    session.execute(delete(EscrowKey).where(mine, ~held, col(EscrowKey.used_at) < now - UNUSED))
