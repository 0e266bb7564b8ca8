"""Settings that staff changed while everything runs, and changes that wait for a second one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class SettingValue(SQLModel, table=True):
    """
    What staff set last.

    Args:
        value: As it was typed; empty: what the processes were started with.
        changed_by, agreed_by: Ids of members of staff; the second where it took two.
    """

    __tablename__ = "setting_value"

    name: str = Field(primary_key=True, max_length=60)
    value: str = Field(default="", max_length=60)
    changed_by: str = Field(default="", max_length=32)
    agreed_by: str = Field(default="", max_length=32)
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SettingProposal(SQLModel, table=True):
    """
    A change that protects people less, and waits for a second administrator, or waited.

    Args:
        value: What is to hold; empty: what the processes were started with.
        before: What held when it was proposed.
        because: Why, in words for the colleague; about the company, never about a person.
        outcome: Empty while it waits; then ``agreed``, ``dismissed`` or ``withdrawn``.
    """

    __tablename__ = "setting_proposal"
    __table_args__ = (
        Index(
            "ux_setting_proposal_waiting",
            "name",
            unique=True,
            sqlite_where=text("outcome = ''"),
            postgresql_where=text("outcome = ''"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    name: str = Field(max_length=60)
    value: str = Field(default="", max_length=60)
    before: str = Field(max_length=60)
    because: str = Field(max_length=300)
    proposed_by: str = Field(max_length=32)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(default="", max_length=12)
    decided_by: str = Field(default="", max_length=32)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
