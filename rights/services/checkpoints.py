"""
Signed checkpoints over the audit trail.

Each commits, under one Merkle root, to the heads that moved since the one before it, and to
the root of that one; so the newest commits to everything that ever happened. Whoever rewrites
a chain, its head included, cannot rewrite what was signed.

Source: PIPL 51, 54, 69; NDSR 9. Why it is incremental: ``docs/decisions``, checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Executable, delete, exists, func, text
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict
from rights.domain.merkle import root
from rights.services.checkpoint_format import (
    checkpoint_text,
    head_leaf,
    previous_leaf,
    purge_text,
)
from rights.services.signing import Signer
from rights.services.trail import Report, verify
from rights.store import rows
from rights.store.models import Checkpoint, CheckpointLeaf, Entry

__all__ = ["Report", "checkpoint", "purge_chain", "verify"]

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(:number)")
_LOCK_NUMBER: Final = 0x7269676874730001
_NEWEST: Final = "SELECT coalesce(max(id), 0) AS newest"
_SEEN: Final = text(f"{_NEWEST}, 0 AS oldest_open, 0 AS next_number FROM entry")
_SEEN_PG: Final = text(
    f"{_NEWEST}, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_open, "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_number FROM entry"
)
_MARGIN: Final = 1_000
"""Entries looked at again: a number is taken a moment before its transaction is known."""


class _Head(NamedTuple):
    chain: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """
    How far the register could be read.

    Args:
        newest: The newest entry that can be seen.
        oldest_open: Transactions below this number have ended.
        next_number: Transactions from this number on have not begun.
    """

    newest: int
    oldest_open: int
    next_number: int


def checkpoint(session: Session, signer: Signer, now: datetime) -> Checkpoint | None:
    """
    Sign the heads that moved since the last checkpoint; None when none did.

    Safe to call from several relays at once: one works, the others return None.
    """
    if not _alone(session):
        return None
    seen = _seen(session)
    last = session.exec(select(Checkpoint).order_by(col(Checkpoint.id).desc()).limit(1)).first()
    heads = _moved(session, last.settled_entry_id if last else 0, seen.newest)
    if not heads:
        return None
    previous = last.root if last else ""
    leaves = [previous_leaf(previous), *(head_leaf(*head) for head in heads)]
    made = Checkpoint(
        at=now.astimezone(UTC),
        previous=previous,
        root=root(leaves).hex(),
        chains=len(heads),
        last_entry_id=seen.newest,
        settled_entry_id=_settled(session, seen),
        snapshot=seen.next_number,
        key_id=signer.key_id,
        signature="",
    )
    made.signature = signer.sign(checkpoint_text(made))
    session.add(made)
    session.flush()
    found = [{"checkpoint_id": made.id, **head._asdict()} for head in heads]
    rows.insert(session, CheckpointLeaf, found)
    return made


def purge_chain(session: Session, signer: Signer, chain: str, *, now: datetime) -> int:
    """
    Delete a chain's entries at the end of their time; its head, count and root stay.

    Returns:
        How many entries were deleted; 0 when that was done before.

    Raises:
        Conflict: no checkpoint covers the chain's end yet; purge it after the next one.
    """
    newest = select(Entry).where(Entry.chain == chain).order_by(col(Entry.seq).desc())
    head = session.exec(newest.limit(1)).first()
    if head is None:
        return 0
    covering = select(CheckpointLeaf).where(CheckpointLeaf.chain == chain)
    leaf = session.exec(covering.order_by(col(CheckpointLeaf.seq).desc()).limit(1)).first()
    if leaf is None or (leaf.seq, leaf.hash) != (head.seq, head.hash):
        raise Conflict("no checkpoint covers this chain yet: purge it after the next one")
    leaf.purged_at, leaf.purge_key = now.astimezone(UTC), signer.key_id
    leaf.purge_signature = signer.sign(purge_text(chain, leaf.seq, leaf.hash, leaf.purged_at))
    session.add(leaf)
    session.flush()  # the database lets entries go only once their purge is on record
    session.execute(delete(Entry).where(col(Entry.chain) == chain))
    return leaf.seq


def _alone(session: Session) -> bool:
    """Two checkpoints at once would both follow on the same one. SQLite has one writer anyway."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_LOCK, {"number": _LOCK_NUMBER}).scalar())


def _seen(session: Session) -> _Seen:
    connection = session.connection()
    query = _SEEN_PG if connection.dialect.name == "postgresql" else _SEEN
    return _Seen(*connection.execute(query).one())


def _settled(session: Session, seen: _Seen) -> int:
    """
    Return the entry up to which nothing can appear any more.

    Entries are numbered when they are written and seen when they are committed, so a lower
    number may appear after a higher one. Once every transaction that was open at an earlier
    checkpoint has ended, all that was numbered before it can be seen.
    """
    if seen.oldest_open == seen.next_number:
        settled = seen.newest
    else:
        ended = col(Checkpoint.snapshot) <= seen.oldest_open
        query = select(Checkpoint.last_entry_id).where(ended).order_by(col(Checkpoint.id).desc())
        settled = session.exec(query.limit(1)).first() or 0
    margin = _MARGIN if seen.next_number else 0
    return max(0, settled - margin)


def _moved(session: Session, after: int, newest: int) -> list[_Head]:
    """Return the newest entry of every chain that grew, by name."""
    found = session.connection().execute(_moved_query(after, newest))
    return sorted(_Head(row.chain, row.seq, row.hash) for row in found)


def _moved_query(after: int, newest: int) -> Executable:
    """Entries in the range, the last of each chain, unless a checkpoint has it already."""
    in_range = (col(Entry.id) > after) & (col(Entry.id) <= newest)
    last = (
        sql_select(col(Entry.chain).label("chain"), func.max(col(Entry.seq)).label("seq"))
        .where(in_range)
        .group_by(col(Entry.chain))
        .subquery()
    )
    covered = exists().where(
        col(CheckpointLeaf.chain) == last.c.chain, col(CheckpointLeaf.seq) >= last.c.seq
    )
    same = (col(Entry.chain) == last.c.chain) & (col(Entry.seq) == last.c.seq)
    columns = col(Entry.chain), col(Entry.seq), col(Entry.hash)
    return sql_select(*columns).join(last, same).where(~covered)
