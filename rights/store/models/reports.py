"""Reports that are given out, kept as they were made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime


class PublishedReport(SQLModel, table=True):
    """A report of a period that is over, as products read it. No small number is in it."""

    __tablename__ = "published_report"

    name: str = Field(primary_key=True, max_length=40)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_at: datetime = Field(sa_type=UtcDateTime)
