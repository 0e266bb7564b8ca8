"""What outlives a closed request: aftercare, capsules, suppression, what opens a receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class Aftercare(SQLModel, table=True):
    """
    Something that is still to be done for a closed request, which it never opens again.

    Args:
        kind: ``recheck`` (look for data that came back), ``horizon`` (deleted bytes have to go
            by then), ``incident`` (something came back), ``replay`` (staff restore an effect),
            ``addition`` (a copy is made anew with what staff let through),
            ``restore`` (a store was put back; of no request, ``due_at`` is when its backup was
            made).
        state: ``waiting`` (for its time), ``making`` (a worker is at it), ``open`` (for staff;
            an addition is made then, and they look at it), ``done``.
        round: Of a re-check: which of its times comes next, from 0. Of an addition: how often
            more was let through since it is owed.
        code, note: What is the matter: codes and names of collections, no personal data.
        due_at: By when; of a re-check, its next time. ``next_at``: when the sweep rings for it;
            of an addition that is being made, when its lease lapses.
    """

    __tablename__ = "aftercare"
    __table_args__ = (
        Index("ix_aftercare_due", "next_at"),
        Index("ix_aftercare_store", "kind", "state", "store"),
        Index("ix_aftercare_made", "kind", "created_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    kind: str = Field(max_length=16)
    store: str = Field(default="", max_length=63)
    state: str = Field(default="waiting", max_length=12)
    round: int = 0
    attempts: int = 0
    code: str = Field(default="", max_length=60)
    note: str = Field(default="", max_length=400)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str = Field(default="", max_length=60)


class Capsule(SQLModel, table=True):
    """
    What it takes to do an erasure or a correction again after a restore.

    Args:
        sealed: Frozen keys and corrected values, under a key of the workers.
        acted_at: When it was done: a backup made before brings the data back.
        expires_at: Then no backup can; the capsule is destroyed.
    """

    __tablename__ = "capsule"

    request_id: str = Field(primary_key=True, max_length=32)
    sealed: bytes
    acted_at: datetime = Field(sa_type=UtcDateTime, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Suppression(SQLModel, table=True):
    """
    An identifier whose older data must not come back. Who registers with it again is somebody
    new: what is younger than ``before`` is none of this list's business.

    Args:
        blind: HMAC of type and value under the key ``key_id``.
        before: Data older than this was erased.
        kinds: What was asked for: ``deletion``, ``account_cancellation``.

    Source: NDSR 24; PIPL 47.
    """

    __tablename__ = "suppression"

    blind: str = Field(primary_key=True, max_length=80)
    key_id: str = Field(max_length=40, index=True)
    request_id: str = Field(max_length=32, index=True)
    kinds: list[str] = Field(default_factory=list, sa_type=JSON)
    before: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ReceiptOpening(SQLModel, table=True):
    """
    What opens the root in a receipt: the salt and the leaves, for the person alone.

    Args:
        leaves: One for each journalled effect: step, collection, counts and the digest of its
            rows; no keys, no values.
    """

    __tablename__ = "receipt_opening"

    request_id: str = Field(primary_key=True, max_length=32)
    salt: bytes
    leaves: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
