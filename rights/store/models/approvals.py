"""Who may open what a minor's request says, and until when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class ContentApproval(SQLModel, table=True):
    """
    One member of staff asks to open the content of one minor's request; another one says yes.

    Args:
        asked_by, approved_by: Ids of members of staff; the second is empty while it waits.
        purpose: A code of ``rights.domain.minors.Purpose``; never a text.
        expires_at: At most a day after it was approved.

    Source: Minors Regulation 36.
    """

    __tablename__ = "content_approval"
    __table_args__ = (CheckConstraint("approved_by <> asked_by", name="two_people"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    asked_by: str = Field(max_length=32)
    approved_by: str = Field(default="", max_length=32)
    purpose: str = Field(max_length=24)
    asked_at: datetime = Field(sa_type=UtcDateTime, index=True)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
