"""What a person was asked to add to a request."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class AskedPoint(SQLModel, table=True):
    """
    One thing that a request lacks and the person was asked for.

    Args:
        name: What the request takes (``changes``), or ``question_1`` for a question in words.
        said_id: The sealed text with the question and why it is asked (``Writing``); empty where
            the catalogue has the words.
        asked_by: ``system`` or ``staff:<id>``.
        agreed_by: ``staff:<id>`` of who agreed that the person is asked once more; else empty.
        over_at: When it was answered, or work went on without an answer.
    """

    __tablename__ = "asked_point"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    name: str = Field(max_length=60)
    said_id: str = Field(default="", max_length=32)
    asked_by: str = Field(max_length=40)
    agreed_by: str = Field(default="", max_length=40)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
