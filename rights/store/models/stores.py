"""How gently each store is asked: who is at work in it, who waits, and whether it has enough."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from rights.domain.breaker import Circuit
from rights.store.columns import UtcDateTime, text_enum
from rights.store.ids import new_id


class StoreGate(SQLModel, table=True):
    """
    One store's token bucket and circuit breaker; no row: nothing was ever counted.

    Args:
        full_at: When the bucket of ``per_minute`` is full again.
        strikes, openings, until, probe: See ``rights/domain/breaker.py``.
        reason: What the store last said or showed: a code.
        changed_at: When the circuit last changed.
    """

    __tablename__ = "store_gate"

    store: str = Field(primary_key=True, max_length=63)
    full_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    circuit: Circuit = Field(default=Circuit.CLOSED, sa_type=text_enum(Circuit))
    strikes: int = 0
    openings: int = 0
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    probe: str = Field(default="", max_length=120)
    reason: str = Field(default="", max_length=60)
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StoreTurn(SQLModel, table=True):
    """
    A step that is at work in a store with a limit, or waits to be.

    Args:
        holder: The step; or ``visit-…`` for what is not a step.
        since: When it began to wait: first in, first out.
        begun_at: When it was let in; empty while it waits.
        rung_at: When its worker was last told that there is room.
        until: Of a visit: when its place is free again if nobody is heard of. A step's place is
            free with its lease.
    """

    __tablename__ = "store_turn"
    __table_args__ = (
        Index("ix_store_turn_line", "store", "begun_at", "queue", "since"),
        Index("ix_store_turn_rung", "store", "rung_at"),
        Index("ix_store_turn_holder", "holder"),
    )

    store: str = Field(primary_key=True, max_length=63)
    holder: str = Field(primary_key=True, max_length=120)
    request_id: str = Field(default="", max_length=32)
    queue: str = Field(default="work", max_length=16)
    since: datetime = Field(sa_type=UtcDateTime)
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rung_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StoreSchema(SQLModel, table=True):
    """
    What a store's live schema was when a worker last looked, to tell what changed since.

    Args:
        tables: Table to column to type; no values.
    """

    __tablename__ = "store_schema"

    store: str = Field(primary_key=True, max_length=63)
    tables: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=JSON)
    since: datetime = Field(sa_type=UtcDateTime)


class StoreChange(SQLModel, table=True):
    """
    One change of a store's live schema between two looks.

    Args:
        sign: ``+`` was added, ``-`` was removed, ``~`` is of another type.
        what: ``table`` or ``column``.
        place: ``<store>.<table>`` or ``<store>.<table>.<column>``.
        was, is_now: The types, where one changed.
    """

    __tablename__ = "store_change"
    __table_args__ = (Index("ix_store_change", "store", "seen_at"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    store: str = Field(max_length=63)
    sign: str = Field(max_length=1)
    what: str = Field(max_length=12)
    place: str = Field(max_length=400)
    was: str = Field(default="", max_length=80)
    is_now: str = Field(default="", max_length=80)
    seen_at: datetime = Field(sa_type=UtcDateTime)
