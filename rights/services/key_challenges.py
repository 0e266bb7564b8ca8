"""What a visit is to answer with a key: kept here, for ten minutes, and good once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from rights.services.context import Context
from rights.store.models import KeyChallenge

LIFE: Final = timedelta(minutes=10)


def put(
    session: Session, context: Context, visit: str, about: str, content: bytes, *, now: datetime
) -> None:
    """Keep what *visit* is to answer about one thing, in place of what it was to answer before."""
    row_id = _id(visit, about)
    sealed = context.vault.seal(content, aad=f"key_challenge|{row_id}")
    row = {"sealed": sealed, "tries": 0, "expires_at": now + LIFE}
    postgres = session.connection().dialect.name == "postgresql"
    make = postgresql.insert(KeyChallenge) if postgres else sqlite.insert(KeyChallenge)
    new = make.values(id=row_id, **row)
    session.execute(new.on_conflict_do_update(index_elements=["id"], set_=row))


def take(
    session: Session, context: Context, visit: str, about: str, *, now: datetime
) -> bytes | None:
    """Return what was put there and use it up: however many answers come, one is looked at."""
    row_id = _id(visit, about)
    query = (
        delete(KeyChallenge)
        .where(col(KeyChallenge.id) == row_id)
        .returning(col(KeyChallenge.sealed), col(KeyChallenge.expires_at))
    )
    found = session.connection().execute(query).first()
    if found is None or found.expires_at <= now:
        return None
    return context.vault.open(found.sealed, aad=f"key_challenge|{row_id}")


def look(
    session: Session, context: Context, visit: str, about: str, *, now: datetime
) -> tuple[KeyChallenge, bytes] | None:
    """Return what was put there, locked and not used up yet."""
    row = session.get(KeyChallenge, _id(visit, about), with_for_update=True)
    if row is None or row.expires_at <= now:
        return None
    return row, context.vault.open(row.sealed, aad=f"key_challenge|{row.id}")


def _id(visit: str, about: str) -> str:
    return hashlib.sha256(f"{visit}|{about}".encode()).hexdigest()
