"""What the person gets: packages, grants to download them, receipts and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class Package(SQLModel, table=True):
    """
    One export package, encrypted under a data key of its own.

    Args:
        state: ``building``, ``in_review`` (staff look at it before it goes out), ``ready``,
            ``purged``, or ``unsent``: gone before it was let go.
        wrapped_key: The data key, wrapped by the register's key; emptied at purge.
        size: Bytes of the plain ZIP. ``sha256`` is over the same bytes.
        missing: What is not in it: codes and names only.
        undecided: Something was taken out of it, and staff have not decided on all of that.
    """

    __tablename__ = "package"
    __table_args__ = (
        Index("ix_package_alive", "state", "expires_at"),
        Index(
            "ix_package_undecided",
            "expires_at",
            postgresql_where=text("undecided"),
            sqlite_where=text("undecided"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    state: str = Field(default="building", max_length=12)
    wrapped_key: bytes = b""
    blob: str = Field(default="", max_length=200)
    sealed_size: int = 0
    size: int = 0
    sha256: str = Field(default="", max_length=64)
    complete: bool = False
    missing: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    undecided: bool = False
    grants_used: int = 0
    grants_max: int = 5
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    purged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Grant(SQLModel, table=True):
    """Leave to download one package for thirty minutes, after a fresh proof."""

    __tablename__ = "grant"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    package_id: str = Field(max_length=32, index=True)
    token_hash: str = Field(max_length=64, unique=True)
    level: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ReceiptRow(SQLModel, table=True):
    """The signed statement of outcome; written once, never changed."""

    __tablename__ = "receipt"

    request_id: str = Field(primary_key=True, max_length=32)
    body: str
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=120)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Notice(SQLModel, table=True):
    """
    One message to a person. Failing to send it never undoes what it tells of.

    Args:
        event: ``received``, ``code``, ``needs_info``, ``outcome``, ``package_ready`` …
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_given_up",
            "request_id",
            postgresql_where=text("state IN ('failed', 'refused', 'unaddressed')"),
            sqlite_where=text("state IN ('failed', 'refused', 'unaddressed')"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    event: str = Field(max_length=40)
    identifier_id: str = Field(default="", max_length=32)
    challenge_id: str = Field(default="", max_length=32)
    state: str = Field(default="waiting", max_length=12)
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
