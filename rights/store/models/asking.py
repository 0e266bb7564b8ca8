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
        name: What the request takes (``changes``), or ``question_1`` for a question in words,
            ``identify_1`` where that is for what would tell the person apart.
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


class AskProposal(SQLModel, table=True):
    """
    A second list for the person that waits for a colleague's agreement, or waited for it.

    Args:
        said_id: The sealed list, with what the answer brought up.
        proposed_by, decided_by: Ids of members of staff.
        outcome: Empty while it waits; then ``agreed``, ``dismissed`` or ``withdrawn``.
    """

    __tablename__ = "ask_proposal"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    said_id: str = Field(max_length=32)
    proposed_by: str = Field(max_length=32)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(default="", max_length=12)
    decided_by: str = Field(default="", max_length=32)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
