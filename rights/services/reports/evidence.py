"""
What an auditor follows up: a sample of requests with their hashes, the signed checkpoints that they
stand under, and what went wrong.

The sample follows from the period and the item alone, so that it can be drawn again, and nobody can
choose it: references are random, and it is those that come after a point worked out from the two.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select
from sqlmodel import col

from rights.domain.lifecycle import State
from rights.domain.period import Period
from rights.services.audit import Line, entry_hash
from rights.services.reports import flow, groups
from rights.services.reports.groups import Group, Into
from rights.services.reports.register import ANSWERED, Window, asked, letters, out_at
from rights.services.reports.report import Cell
from rights.services.ticking import Book
from rights.store.db import streamed
from rights.store.models import Aftercare, Checkpoint, CheckpointLeaf, Entry, ReceiptRow, Request

SAMPLE: Final = 10
NAMED: Final = 50
"""So many references of each sort are named; all of them are counted."""

COLUMNS: Final = (
    *("kind", "option", "state", "received_at", "ended_at"),
    *("entries", "head", "chain_holds", "checkpoint", "receipt"),
)
"""What is told of each request of a sample."""

_DONE: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)


@dataclass(slots=True)
class Broken:
    """
    What went wrong in one way.

    Args:
        number: In how many requests.
        references: The first of them.
    """

    number: int = 0
    references: list[str] = field(default_factory=list)

    def add(self, reference: str) -> None:
        """Count one more."""
        self.number += 1
        if len(self.references) < NAMED:
            self.references.append(reference)


def sample(
    connection: Connection, at: Window, period: Period, number: str, only: ColumnElement[bool]
) -> Iterator[tuple[str, dict[str, Cell]]]:
    """
    Yield references of requests that ended in the period, each with what proves how it went.

    Args:
        number: Of the item of the audit guide.
    """
    begin = _begin(period, number)
    query = (
        select(
            col(Request.id),
            col(Request.kind),
            col(Request.option),
            col(Request.state),
            col(Request.received_at),
            col(Request.closed_at),
        )
        .where(asked(), at.holds(col(Request.closed_at)), only)
        .order_by(col(Request.id))
    )
    rows = list(connection.execute(query.where(col(Request.id) >= begin).limit(SAMPLE)))
    if len(rows) < SAMPLE:
        rest = query.where(col(Request.id) < begin).limit(SAMPLE - len(rows))
        rows += list(connection.execute(rest))
    for row in rows:
        yield row.id, {**_facts(row), **_hashes(connection, at, row.id)}


def _begin(period: Period, number: str) -> str:
    said = f"{period.first}|{period.last}|{period.zone.key}|{number}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _facts(row: Any) -> dict[str, Cell]:
    return {
        "kind": str(row.kind),
        "option": str(row.option),
        "state": str(row.state),
        "received_at": row.received_at.isoformat(timespec="seconds"),
        "ended_at": row.closed_at.isoformat(timespec="seconds"),
    }


def _hashes(connection: Connection, at: Window, request_id: str) -> dict[str, Cell]:
    """Return the head of its chain at the end of the period, and the hash of its receipt."""
    table = Entry.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    query = select(table).where(table.c.chain == request_id, table.c.at < at.end)
    seq, head, whole = _chain(request_id, connection.execute(query.order_by(table.c.seq)))
    body = connection.execute(
        select(col(ReceiptRow.body)).where(
            col(ReceiptRow.request_id) == request_id, col(ReceiptRow.created_at) < at.end
        )
    ).scalar()
    receipt = hashlib.sha256(body.encode()).hexdigest() if body else None
    return {
        "entries": seq,
        "head": head or None,
        "chain_holds": whole,
        "checkpoint": _under(connection, at, request_id),
        "receipt": receipt,
    }


def _under(connection: Connection, at: Window, request_id: str) -> str | None:
    """Return the newest checkpoint of before the end of the period that commits to its chain."""
    leaf, made = CheckpointLeaf, Checkpoint
    query = select(func.max(col(made.id))).where(
        col(leaf.checkpoint_id) == col(made.id),
        col(leaf.chain) == request_id,
        col(made.at) < at.end,
    )
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def checkpoints(
    connection: Connection, at: Window, named: Iterable[Cell]
) -> Iterator[tuple[str, dict[str, Cell]]]:
    """
    Yield the checkpoints that a sample stands under, and the last one of the period.

    Args:
        named: Their numbers, as :func:`sample` gives them.
    """
    made, row = col(Checkpoint.at), Checkpoint
    last = select(func.max(col(row.id))).where(at.holds(made))
    wanted = {int(one) for one in named if one} | {connection.execute(last).scalar() or 0}
    query = select(col(row.id), made, col(row.root), col(row.key_id), col(row.signature))
    found = query.where(col(row.id).in_(wanted)).order_by(col(row.id))
    for one in connection.execute(found):
        yield (
            str(one.id),
            {
                "at": one.at.isoformat(timespec="seconds"),
                "root": one.root,
                "key_id": one.key_id,
                "signature": one.signature,
            },
        )


def _chain(request_id: str, rows: Iterable[Any]) -> tuple[int, str, str]:
    """Return how many entries there are, the hash of the last, and whether each follows."""
    seq, head, whole = 0, "", True
    for row in rows:
        line = Line(row.event, row.actor, row.data)
        known = entry_hash(head, request_id, row.seq, row.at, line) == row.hash
        whole = whole and known and row.seq == seq + 1
        seq, head = row.seq, row.hash
    return seq, head, "yes" if whole and seq else "no"


# -- what went wrong ---------------------------------------------------------------------------


def exceptions(
    connection: Connection, at: Window, into: Into, book: Book
) -> Iterator[tuple[str, Mapping[Group, Broken]]]:
    """
    Yield every sort of exception, by the groups that it is counted in.

    A group in which there is none is not there, although it was looked for.
    """
    for code, query in _looked_for(at, book).items():
        found: dict[Group, Broken] = defaultdict(Broken)
        with streamed(connection, query.where(asked()).order_by(col(Request.id))) as rows:
            for row in rows:
                for group in into(row):
                    found[group].add(row.id)
        yield code, found


def _looked_for(at: Window, book: Book) -> Mapping[str, Select[Any]]:
    letter, query = letters(), select(*groups.columns(at), col(Request.id))
    written = query.outerjoin(letter, letter.c.request_id == col(Request.id)).where(
        col(Request.state).in_(ANSWERED)
    )
    out, ended = out_at(letter), at.holds(col(Request.closed_at))
    receipt = exists().where(
        col(ReceiptRow.request_id) == col(Request.id), col(ReceiptRow.created_at) < at.end
    )
    back = exists().where(
        col(Aftercare.request_id) == col(Request.id),
        col(Aftercare.kind) == "incident",
        at.holds(col(Aftercare.created_at)),
    )
    return {
        "late": written.where(at.holds(out), out > col(Request.promised_at)),
        "unsent": written.where(ended, at.open_at_end(out)),
        "overdue": query.where(at.open_at_end(col(Request.closed_at)), flow.overdue(at, book)),
        "no_receipt": query.where(ended, col(Request.state).in_(_DONE), ~receipt),
        "denied": query.where(flow.ended(at, "denied")),
        "partial": query.where(flow.ended(at, "partially_fulfilled")),
        "no_reason": query.where(flow.ended(at, "denied"), col(Request.reason) == ""),
        "came_back": query.where(back),
    }
