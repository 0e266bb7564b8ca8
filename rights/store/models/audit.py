"""The audit trail: chains of entries, their daily heads, and signed checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime

OF_A_DAY: Final = "substr(chain, 1, 4) = 'day:'"
"""Which entries concern no request; a query that says so in these words finds them by an index."""
OF_STAFF: Final = "substr(actor, 1, 6) = 'staff:'"
"""Which ones staff made; likewise."""


def _index(name: str, where: str, *columns: str) -> Index:
    only = text(where)
    return Index(name, *columns, sqlite_where=only, postgresql_where=only)


class Entry(SQLModel, table=True):
    """
    One line of the audit trail. Rows are only ever added; purge leaves the chain's head.

    The database itself refuses anything else (migration 0039).

    Args:
        chain: A request's id, or ``day:2026-11-22`` for what concerns no request.
        event: A lifecycle event, or another fact: ``downloaded``, ``step_done``, ``key_used``.
        actor: ``subject``, ``system``, ``backend:<id>`` or ``staff:<id>``. Never a name.
        data: Ids, codes, counts and field names. Never a value about a person.
        hash: SHA-256 over the previous hash and every field above, in hex.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        _index("ix_entry_day_event", OF_A_DAY, "event", "chain", "seq"),
        _index("ix_entry_actor", f"{OF_A_DAY} OR {OF_STAFF}", "actor", "at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    chain: str = Field(max_length=40)
    seq: int
    at: datetime = Field(sa_type=UtcDateTime)
    event: str = Field(max_length=60)
    actor: str = Field(max_length=60)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    hash: str = Field(max_length=64)


class DayChain(SQLModel, table=True):
    """The head of one day's chain of entries that concern no request."""

    __tablename__ = "day_chain"

    name: str = Field(primary_key=True, max_length=40)
    head_seq: int = 0
    head_hash: str = Field(default="", max_length=64)


class Checkpoint(SQLModel, table=True):
    """
    A signed Merkle root over the heads that moved since the checkpoint before it.

    The previous root is a leaf too, so the newest checkpoint commits to all of them.

    Args:
        at: Signed with the root.
        chains: Number of heads under the root.
        last_entry_id: The newest entry that could be seen when it was made.
        settled_entry_id: Every entry up to this one could be seen; later ones may have come
            from transactions that were still open.
        snapshot: Transactions that were open then have lower numbers (PostgreSQL); 0 on SQLite.
        signature: Ed25519 over everything above, base64.
    """

    __tablename__ = "checkpoint"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    previous: str = Field(default="", max_length=64)
    root: str = Field(max_length=64)
    chains: int
    last_entry_id: int = Field(default=0, sa_type=BigInteger)
    settled_entry_id: int = Field(default=0, sa_type=BigInteger)
    snapshot: int = Field(default=0, sa_type=BigInteger)
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=120)


class CheckpointLeaf(SQLModel, table=True):
    """
    One chain's head under a checkpoint; purge keeps these.

    Args:
        purged_at: On a chain's last leaf: when its entries were deleted at the end of their
            time. Signed, so that nobody else can make a removal look like that.
    """

    __tablename__ = "checkpoint_leaf"

    checkpoint_id: int = Field(primary_key=True)
    chain: str = Field(primary_key=True, max_length=40, index=True)
    seq: int
    hash: str = Field(max_length=64)
    purged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    purge_key: str = Field(default="", max_length=40)
    purge_signature: str = Field(default="", max_length=120)


class TrailCheck(SQLModel, table=True):
    """
    One check of the whole trail by a relay: when it was, and what it found.

    Args:
        seen_at: When the relay that makes it last said so; one that is silent has died.
        outcome: ``held``, ``broken``, or why nobody knows: ``too_long``, ``died``, ``failed``;
            empty while it runs.
        first_problems: The first of them; they name chains, numbers and checkpoints alone.
        mailed: Staff were written to that it did not hold.
    """

    __tablename__ = "trail_check"

    id: int | None = Field(default=None, primary_key=True)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str = Field(default="", max_length=12)
    chains: int = 0
    entries: int = Field(default=0, sa_type=BigInteger)
    checkpoints: int = 0
    problems: int = 0
    first_problems: list[str] = Field(default_factory=list, sa_type=JSON)
    mailed: bool = False
