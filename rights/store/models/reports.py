"""Reports that are kept as they were made: those given out, and those that somebody asked for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class PublishedReport(SQLModel, table=True):
    """A report of a period that is over, as products read it. No small number is in it."""

    __tablename__ = "published_report"

    name: str = Field(primary_key=True, max_length=40)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_at: datetime = Field(sa_type=UtcDateTime)


class AskedReport(SQLModel, table=True):
    """
    A report that somebody asked for; the relay makes it, and signs what is to be signed.

    Args:
        report: Which one.
        public: Of figures: as everybody may read them.
        signed: Evidence for an audit, to be signed.
        items: Of the audit guide, in its order, with commas; empty for all of them.
        state: ``waiting``, ``made`` or ``refused``.
        code: Why it was refused.
        available: Of which days it can be made, where it was refused for that.
        asked_by: The actor, as entries name it.
        body: The report in JSON; None until it is made.
        shape: By table, what its keys and its columns are: rows of JSON do not tell them apart.
    """

    __tablename__ = "asked_report"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    report: str = Field(max_length=20)
    public: bool = False
    signed: bool
    first_day: date
    last_day: date
    items: str = Field(default="", max_length=60)
    state: str = Field(default="waiting", max_length=10)
    code: str = Field(default="", max_length=40)
    available: str = Field(default="", max_length=40)
    asked_by: str = Field(max_length=60)
    asked_at: datetime = Field(sa_type=UtcDateTime, index=True)
    made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    body: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    shape: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    expires_at: datetime = Field(sa_type=UtcDateTime)
