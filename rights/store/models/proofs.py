"""What somebody proved beside codes: that it was so, never what was typed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class ProofRow(SQLModel, table=True):
    """
    One way by which a request was proved.

    Args:
        level: What it is worth beside an answered code.
        at: When it was proved last; a download asks for it anew.
        verifier: ``system`` where a store was compared, ``staff:<id>`` where somebody looked.
        rests_on: Types of identifiers and names of fields; no value.
    """

    __tablename__ = "proof"

    request_id: str = Field(primary_key=True, max_length=32)
    way: str = Field(primary_key=True, max_length=40)
    level: int
    at: datetime = Field(sa_type=UtcDateTime)
    verifier: str = Field(max_length=60)
    rests_on: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ProofTry(SQLModel, table=True):
    """
    One try at a match, counted for the request and for each proved identifier of the person.

    Args:
        lookup_id: The question to a worker that it was.
        blind: Keyed hash of one proved identifier; a try has a row for each.
        visit: Which browser tried; empty for a product's backend.
        outcome: ``waiting``, ``enough``, ``wrong``, or ``unasked`` when a store could not tell.
    """

    __tablename__ = "proof_try"
    __table_args__ = (Index("ix_proof_try_blind", "blind", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    lookup_id: str = Field(max_length=32, index=True)
    way: str = Field(max_length=40)
    blind: str = Field(max_length=80)
    visit: str = Field(default="", max_length=64)
    outcome: str = Field(default="waiting", max_length=12)
    at: datetime = Field(sa_type=UtcDateTime)


class ProofDemand(SQLModel, table=True):
    """
    A way of proof that a member of staff asked a person for.

    Args:
        override: It is outside the plan; why is sealed beside the request (``sealed_note``).
    """

    __tablename__ = "proof_demand"

    request_id: str = Field(primary_key=True, max_length=32)
    way: str = Field(primary_key=True, max_length=40)
    override: bool = False
    asked_by: str = Field(max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)
