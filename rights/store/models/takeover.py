"""Who is told that somebody asked, and what they said to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class WarningDue(SQLModel, table=True):
    """
    The contacts on file of a request have to be told of something.

    Args:
        event: ``someone_asked`` or ``wrong_codes``.
        next_at: When a worker is rung for again; empty once they were looked up.
    """

    __tablename__ = "warning_due"

    request_id: str = Field(primary_key=True, max_length=32)
    event: str = Field(primary_key=True, max_length=40)
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class ContactWarning(SQLModel, table=True):
    """
    One contact on file that is told, or that was told the same today already.

    Args:
        id: The reference in the mail: it says nothing about the request and opens nothing.
        event: ``someone_asked`` or ``wrong_codes``; ``received`` for who answered the link in the
            acknowledgement of the request itself.
        type: Of the identifier.
        sealed: The address, sealed like those of the request; empty once the mail is gone.
        mark: Keyed hash of contact, event, kind and day: one mail for all that share it.
        noted_at: When somebody there said that it was not them.
    """

    __tablename__ = "contact_warning"
    __table_args__ = (Index("ix_contact_warning_mark", "mark"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    event: str = Field(max_length=40)
    type: str = Field(default="", max_length=40)
    sealed: bytes = b""
    mark: str = Field(default="", max_length=80)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    noted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
