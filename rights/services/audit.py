"""
The audit trail: append, and verify.

Each request has a chain of its own; what concerns no request goes to the chain of its day.
An entry's hash covers the one before it, so changing, removing or reordering one shows.

Source: PIPL 51, 54, 69; NDSR 9.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from rights.store import rows as direct
from rights.store.models import DayChain, Entry, Request
from rights.store.models.audit import OF_STAFF


@dataclass(frozen=True, slots=True)
class Line:
    """What one entry says, before it has a place in a chain."""

    event: str
    actor: str
    data: Mapping[str, Any]


def entry_hash(previous: str, chain: str, seq: int, at: datetime, line: Line) -> str:
    """Return the hex SHA-256 that binds an entry to the one before it."""
    return hashlib.sha256(entry_text(previous, chain, seq, at, line)).hexdigest()


def entry_text(previous: str, chain: str, seq: int, at: datetime, line: Line) -> bytes:
    """Return what the hash of an entry is over: a line of JSON."""
    return bound(previous, chain, seq, at, line.event, line.actor, dict(line.data))


def bound(previous: str, *entry: Any) -> bytes:
    """
    Return the text of an entry from what it is made of.

    Args:
        entry: Its chain, number, instant, event, actor and data, in this order.
    """
    chain, seq, at, event, actor, data = entry
    # The library writes an instant as it must be, and far faster, but for a whole second.
    instant = at if at.microsecond and at.tzinfo is UTC else at.isoformat(timespec="microseconds")
    parts = (previous, chain, seq, instant, event, actor, data)
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says in the order in which its hash is over it: as it is kept."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS))
    return found


def append(session: Session, request: Request, lines: Iterable[Line], *, now: datetime) -> None:
    """Add entries to a request's chain, in the transaction that made them true."""
    head = _write(session, request.id, request.head_seq, request.head_hash, lines, now)
    request.head_seq, request.head_hash = head


def append_day(session: Session, line: Line, *, now: datetime) -> None:
    """Add an entry that concerns no request to the chain of its day."""
    name = f"day:{now.date().isoformat()}"
    _begin_day(session, name)
    query = select(DayChain).where(DayChain.name == name).with_for_update()
    day = session.exec(query).one()
    day.head_seq, day.head_hash = _write(session, name, day.head_seq, day.head_hash, [line], now)


def _begin_day(session: Session, name: str) -> None:
    """Make the day's chain unless somebody else, perhaps just now, has made it."""
    postgres = session.connection().dialect.name == "postgresql"
    make = postgresql.insert(DayChain) if postgres else sqlite.insert(DayChain)
    row = {"name": name, "head_seq": 0, "head_hash": ""}
    session.execute(make.values(**row).on_conflict_do_nothing())


def _write(
    session: Session, chain: str, seq: int, head: str, lines: Iterable[Line], now: datetime
) -> tuple[int, str]:
    rows = []
    for line in lines:
        seq += 1
        head = entry_hash(head, chain, seq, now, line)
        rows.append(
            {
                "chain": chain,
                "seq": seq,
                "at": now,
                "event": line.event,
                "actor": line.actor,
                "data": ordered(line.data),
                "hash": head,
            }
        )
    direct.insert(session, Entry, rows)
    return seq, head


def looked(session: Session, chain: str, event: str, staff_id: str) -> list[Mapping[str, Any]]:
    """Return what a member of staff looked at, as the entries of their looks say: one query."""
    mine = select(Entry.data).where(
        Entry.chain == chain, Entry.event == event, Entry.actor == f"staff:{staff_id}"
    )
    return list(session.exec(mine))


def looked_since(
    session: Session, event: str, staff_id: str, since: datetime
) -> list[Mapping[str, Any]]:
    """Return what a member of staff looked at since a moment, in whatever chain it stands."""
    mine = select(Entry.data).where(
        text(OF_STAFF),  # an index has those
        col(Entry.actor) == f"staff:{staff_id}",
        col(Entry.at) >= since,
        col(Entry.event) == event,
    )
    return list(session.exec(mine))


def entries(session: Session, chain: str) -> list[Entry]:
    """Return one chain's entries in order."""
    query = select(Entry).where(Entry.chain == chain).order_by(col(Entry.seq))
    return list(session.exec(query))


def newest(session: Session, chain: str, *, before: int = 0, limit: int) -> list[Entry]:
    """
    Return the last entries of a chain, oldest first.

    Args:
        before: The place of an entry, of which only older ones are wanted; 0 for the newest.
    """
    query = select(Entry).where(Entry.chain == chain)
    if before:
        query = query.where(Entry.seq < before)
    return list(session.exec(query.order_by(col(Entry.seq).desc()).limit(limit)))[::-1]
