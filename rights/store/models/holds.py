"""Why rows stay: what staff approved, legal holds, exceptions, and the rows they keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class HoldApproval(SQLModel, table=True):
    """
    A retention rule of the data map that holds because staff answer for it.

    Args:
        path: ``<store>.<collection>``.
        digest: Of the rule as it was approved; a rule that is changed is another one.
        because: The delegation it rests on, in words; no personal data.
    """

    __tablename__ = "hold_approval"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    path: str = Field(max_length=160, index=True)
    digest: str = Field(max_length=64)
    rank: str = Field(max_length=40)
    basis: str = Field(max_length=400)
    because: str = Field(max_length=400)
    approved_by: str = Field(max_length=60)
    approved_at: datetime = Field(sa_type=UtcDateTime)
    revoked_by: str = Field(default="", max_length=60)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LegalHold(SQLModel, table=True):
    """
    A hold that staff placed: on a person, or on a collection.

    Until a second member of staff approves it, what it covers is neither kept as held nor
    deleted: requests wait.

    Args:
        path: ``<store>.<collection>``; empty for a hold on a person.
        blind: HMAC of type and value of an identifier; empty for a hold on a collection.
        key_id: The key of ``blind``; without it the hold could never be found again.
        until: When it ends by itself; empty until somebody releases it.
        release_proposed_by, release_proposed_at: Who would release it, and since when that waits
            for a second person, or waited.
        release_because_id: The writing that says why; it tells one proposal from the next.
    """

    __tablename__ = "legal_hold"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    path: str = Field(default="", max_length=160)
    blind: str = Field(default="", max_length=80, index=True)
    key_id: str = Field(default="", max_length=40)
    rank: str = Field(max_length=40)
    basis: str = Field(max_length=400)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    placed_by: str = Field(max_length=60)
    placed_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str = Field(default="", max_length=60)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    release_proposed_by: str = Field(default="", max_length=60)
    release_proposed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    release_because_id: str = Field(default="", max_length=32)
    released_by: str = Field(default="", max_length=60)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HoldException(SQLModel, table=True):
    """
    "Technically infeasible", approved for one collection until a date.

    Args:
        statement: Of the engineer: why it cannot be deleted.
        alternative: What is done instead.
        review_at: When it ends; at most 180 days on.

    Source: NDSR 24; PIPL 47(2).
    """

    __tablename__ = "hold_exception"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    path: str = Field(max_length=160, index=True)
    statement: str = Field(max_length=400)
    alternative: str = Field(max_length=400)
    stated_by: str = Field(max_length=60)
    approved_by: str = Field(max_length=60)
    approved_at: datetime = Field(sa_type=UtcDateTime)
    review_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EscrowKey(SQLModel, table=True):
    """
    What seals the rows that one request has in escrow.

    It is there before anything is sealed under it, and destroyed when nothing is held for the
    request any more: then no copy of an object opens, wherever it is.

    Args:
        sealed: Under the vault.
        used_at: When something was last about to be put there.
    """

    __tablename__ = "escrow_key"

    request_id: str = Field(primary_key=True, max_length=32)
    sealed: bytes
    used_at: datetime = Field(sa_type=UtcDateTime)


class HeldRows(SQLModel, table=True):
    """
    The rows of one collection that a request left because something holds them.

    Args:
        code: Of the hold catalogue.
        earliest, latest: Between which the holds of these rows end; empty where no end is known.
        hold_id: The legal hold or exception that keeps them; empty for a retention rule.
        sealed: Their keys, sealed; empty where the rows are sealed away in the store, or where
            the store cannot name them.
        next_at: When they are looked at again.
        state: ``held``; ``stuck`` (staff must look); ``ended``.
        fence: Grows with every try to delete them.
    """

    __tablename__ = "held_rows"
    __table_args__ = (
        Index("ix_held_rows_due", "state", "next_at"),
        Index("ix_held_rows_latest", "latest"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    collection: str = Field(max_length=160)
    code: str = Field(max_length=60)
    basis: str = Field(max_length=400)
    rank: str = Field(default="", max_length=40)
    count: int
    earliest: datetime | None = Field(default=None, sa_type=UtcDateTime)
    latest: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hold_id: str = Field(default="", max_length=32, index=True)
    sealed: bytes = b""
    state: str = Field(default="held", max_length=12)
    fence: int = 0
    attempts: int = 0
    note: str = Field(default="", max_length=400)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
