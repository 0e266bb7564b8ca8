"""What one member of staff proposes to deny, until another confirms it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class DenialProposal(SQLModel, table=True):
    """
    A denial that waits for a second person, or waited for one. Its texts are ``Writing``.

    Args:
        regimes: The laws under which it was proposed.
        facts_id: The sealed text with the facts of the case; empty where there are none.
        law_id: The sealed provision that forbids an answer; empty where the reason needs none.
        rank: Of that provision.
        proposed_by, decided_by: Ids of members of staff.
        outcome: Empty while it waits; then ``confirmed``, ``dismissed`` or ``withdrawn``.
    """

    __tablename__ = "denial_proposal"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    reason: str = Field(max_length=60)
    channel: str = Field(max_length=16)
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    facts_id: str = Field(default="", max_length=32)
    law_id: str = Field(default="", max_length=32)
    rank: str = Field(default="", max_length=32)
    proposed_by: str = Field(max_length=32)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(default="", max_length=12)
    decided_by: str = Field(default="", max_length=32)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PartProposal(SQLModel, table=True):
    """
    What is to be left out of a request before its plan is approved, each part with its reason.

    Args:
        parts: Path of a collection of the plan to the code of the reason. Empty: what was left out
            before is done after all.
        regimes: The laws under which it was proposed.
        facts_id: The sealed text with the facts of the case; empty where there are none.
        answer_id: The note with the same facts for the person, once it was confirmed.
        proposed_by, decided_by: Ids of members of staff.
        outcome: Empty while it waits; then ``confirmed``, ``dismissed`` or ``withdrawn``;
            ``replaced`` once another one was confirmed after it.
    """

    __tablename__ = "part_proposal"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    parts: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    facts_id: str = Field(default="", max_length=32)
    answer_id: str = Field(default="", max_length=32)
    proposed_by: str = Field(max_length=32)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(default="", max_length=12)
    decided_by: str = Field(default="", max_length=32)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
