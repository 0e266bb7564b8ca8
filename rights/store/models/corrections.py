"""What is noted of a person's values: disputed, corrected for good, found to be their own."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class DisputedValue(SQLModel, table=True):
    """
    A field whose value the person says is wrong.

    Args:
        person: Keyed hash of their strongest identifier.
        settled: The request ended without the value being changed as asked: the mark stays.
        sealed: What the person says is right.
    """

    __tablename__ = "disputed_value"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    person: str = Field(max_length=64, index=True)
    collection: str = Field(max_length=160)
    field: str = Field(max_length=120)
    settled: bool = False
    since: datetime = Field(sa_type=UtcDateTime)
    sealed: bytes


class CorrectionGuard(SQLModel, table=True):
    """
    One value that was corrected in one row: should it come back, it is stale.

    Args:
        id: Keyed hash of collection, field, the row's key and the old value.
        sealed: The row's key and the corrected value.
    """

    __tablename__ = "correction_guard"

    id: str = Field(primary_key=True, max_length=64)
    request_id: str = Field(max_length=32, index=True)
    person: str = Field(max_length=64, index=True)
    collection: str = Field(max_length=160)
    field: str = Field(max_length=120)
    created_at: datetime = Field(sa_type=UtcDateTime)
    sealed: bytes


class ReleasedValue(SQLModel, table=True):
    """
    A value that staff found to be the person's own, after a copy had left it out.

    Args:
        id: Keyed hash of person and value; ``value``: of the value alone.
    """

    __tablename__ = "released_value"

    id: str = Field(primary_key=True, max_length=64)
    request_id: str = Field(max_length=32, index=True)
    person: str = Field(max_length=64, index=True)
    value: str = Field(max_length=64)
    released_at: datetime = Field(sa_type=UtcDateTime)
