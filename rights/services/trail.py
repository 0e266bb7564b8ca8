"""
Check the whole audit trail: every chain, every head, every checkpoint.

Reads one consistent picture of the register as a stream; what is kept in memory does not grow
with the trail. The database joins, this code hashes.

Source: PIPL 51, 54, 69 (burden of proof); NDSR 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Text,
    cast,
    func,
    select,
    union_all,
)
from sqlmodel import col

from rights.domain.merkle import root
from rights.services.audit import bound
from rights.services.checkpoint_format import (
    checkpoint_text,
    head_leaf,
    previous_leaf,
    purge_text,
)
from rights.services.signing import Signer
from rights.store.db import picture, streamed
from rights.store.models import Checkpoint, CheckpointLeaf, DayChain, Entry, Request

MOST_PROBLEMS: Final = 1_000


@dataclass(slots=True)
class Report:
    """
    What was found. Problems name chains, numbers and checkpoints, nothing else.

    Args:
        chains: How many chains have entries.
    """

    problems: list[str] = field(default_factory=list)
    chains: int = 0
    entries: int = 0
    checkpoints: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def complain(self, problem: str) -> None:
        """Add a problem; a trail in ruins is told as such, not line by line."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append(f"more than {MOST_PROBLEMS} problems")


def verify(engine: Engine, signer: Signer, *, known_root: str = "") -> Report:
    """
    Find any change, removal, reordering or truncation.

    What was added after the last checkpoint is protected by its chain and head only; and
    whoever can delete the newest checkpoints together with what they cover is found out only
    by somebody who kept a later root.

    Args:
        known_root: The root of a checkpoint, noted outside the register.
    """
    report = Report()
    with picture(engine) as connection:
        _chains(connection, report)
        _heads(connection, report)
        _orphans(connection, report)
        _leaves(connection, signer, report)
        _checkpoints(connection, signer, report)
        _lost_checkpoints(connection, report)
        if known_root:
            _known(connection, known_root, report)
    return report


def _chains(connection: Connection, report: Report) -> None:
    """Hash every entry again."""
    table = Entry.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    # By place, not by name, and what it says as the text it is kept as: there are millions of them,
    # and a driver that makes objects of JSON takes longer than all the rest.
    said = cast(table.c.data, Text)
    before = (table.c[name] for name in ("chain", "seq", "at", "event", "actor"))
    query = select(*before, said, table.c.hash).order_by(table.c.chain, table.c.seq)
    for chain, found in groupby(streamed(connection, query), itemgetter(0)):
        report.chains += 1
        report.entries += _chain(chain, found, report)


def _chain(chain: str, found: Iterable[Any], report: Report) -> int:
    number, previous, expected = 0, "", 1
    for _, seq, at, event, actor, data, said in found:
        number += 1
        if seq != expected:
            report.complain(f"{chain}: entries {expected} to {seq - 1} are missing")
        elif _hash(previous, chain, seq, at, event, actor, data) != said:
            report.complain(f"{chain}: entry {seq} was changed")
        previous, expected = said, seq + 1
    return number


def _hash(previous: str, *entry: Any) -> str:
    """Return what an entry's hash must be; nothing is it where its data cannot be read."""
    *before, data = entry
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return ""
    return sha256(bound(previous, *before, said)).hexdigest()


def _heads(connection: Connection, report: Report) -> None:
    """The request and the day say how long their chain is, and how it ends."""
    request: Any = select(
        col(Request.id).label("chain"),
        col(Request.head_seq).label("seq"),
        col(Request.head_hash).label("hash"),
    ).where(col(Request.head_seq) > 0)
    day = select(col(DayChain.name), col(DayChain.head_seq), col(DayChain.head_hash))
    heads = union_all(request, day).subquery()
    tails = (
        select(col(Entry.chain).label("chain"), func.max(col(Entry.seq)).label("seq"))
        .group_by(col(Entry.chain))
        .subquery()
    )
    at_head = (col(Entry.chain) == heads.c.chain) & (col(Entry.seq) == heads.c.seq)
    wrong = (tails.c.seq != heads.c.seq) | (col(Entry.hash) != heads.c.hash)
    query = (
        select(heads.c.chain, heads.c.seq, tails.c.seq.label("last"))
        .join(tails, tails.c.chain == heads.c.chain, isouter=True)
        .join(Entry, at_head, isouter=True)
        .where(tails.c.seq.is_(None) | wrong)
        .where(tails.c.seq.is_not(None) | ~_has_purged_leaf(heads.c.chain, heads.c.seq))
    )
    for row in streamed(connection, query):
        last = row.last or 0
        report.complain(f"{row.chain}: its head is entry {row.seq}, its entries end at {last}")


def _has_purged_leaf(chain: ColumnElement[str], seq: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a purge is on record; that its signature holds is checked with the leaves."""
    leaf = CheckpointLeaf
    return (
        select(col(leaf.chain))
        .where(col(leaf.chain) == chain, col(leaf.seq) == seq, col(leaf.purged_at).is_not(None))
        .exists()
    )


def _orphans(connection: Connection, report: Report) -> None:
    """Entries whose request or day is gone: a purge takes the entries first."""
    query = (
        select(col(Entry.chain))
        .join(Request, col(Request.id) == col(Entry.chain), isouter=True)
        .join(DayChain, col(DayChain.name) == col(Entry.chain), isouter=True)
        .where(col(Request.id).is_(None), col(DayChain.name).is_(None))
        .distinct()
    )
    for (chain,) in streamed(connection, query):
        report.complain(f"{chain}: has entries, but what they are about is gone")


def _leaves(connection: Connection, signer: Signer, report: Report) -> None:
    """What a checkpoint saw is still there and the same, or its purge was signed."""
    leaf = CheckpointLeaf.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    same = (col(Entry.chain) == leaf.c.chain) & (col(Entry.seq) == leaf.c.seq)
    entry: ColumnElement[Any] = col(Entry.hash).label("entry_hash")
    query = (
        select(leaf, entry)
        .join(Entry, same, isouter=True)
        .where(entry.is_(None) | (entry != leaf.c.hash) | leaf.c.purged_at.is_not(None))
        .order_by(leaf.c.chain, leaf.c.seq.desc())
    )
    for chain, found in groupby(streamed(connection, query), attrgetter("chain")):
        purged_to = 0
        for row in found:
            if row.purged_at is not None and _purge_holds(signer, row):
                purged_to = max(purged_to, row.seq)
            if row.entry_hash is None and row.seq > purged_to:
                report.complain(f"{chain}: entry {row.seq} of checkpoint {row[0]} is gone")
            elif row.entry_hash is not None and row.entry_hash != row.hash:
                report.complain(f"{chain}: entry {row.seq} differs from checkpoint {row[0]}")


def _purge_holds(signer: Signer, row: Row[Any]) -> bool:
    signed = purge_text(row.chain, row.seq, row.hash, row.purged_at)
    return signer.verify(signed, row.purge_signature, key_id=row.purge_key)


def _checkpoints(connection: Connection, signer: Signer, report: Report) -> None:
    """Each follows on the one before it, is signed, and has the root of its leaves."""
    leaf = CheckpointLeaf
    name = col(leaf.chain)
    if connection.dialect.name == "postgresql":
        name = name.collate("C")  # type: ignore[assignment]  # the order in which it was hashed
    table = Checkpoint.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    query = (
        select(table, col(leaf.chain), col(leaf.seq), col(leaf.hash))
        .join(leaf, col(leaf.checkpoint_id) == table.c.id, isouter=True)
        .order_by(table.c.id, name)
    )
    previous = ""
    for _, found in groupby(streamed(connection, query), attrgetter("id")):
        report.checkpoints += 1
        previous = _checkpoint(found, signer, previous, report)


def _lost_checkpoints(connection: Connection, report: Report) -> None:
    """Leaves whose checkpoint is gone."""
    number = col(CheckpointLeaf.checkpoint_id)
    query = (
        select(number)
        .join(Checkpoint, col(Checkpoint.id) == number, isouter=True)
        .where(col(Checkpoint.id).is_(None))
        .distinct()
    )
    for (gone,) in streamed(connection, query):
        report.complain(f"checkpoint {gone}: is gone, and what it covered is still there")


def _checkpoint(found: Iterator[Row[Any]], signer: Signer, previous: str, report: Report) -> str:
    first = next(found)
    known = {name: getattr(first, name) for name in Checkpoint.model_fields}
    made = Checkpoint(**known)
    if made.previous != previous:
        report.complain(f"checkpoint {made.id}: does not follow on the one before it")
    if not signer.verify(checkpoint_text(made), made.signature, key_id=made.key_id):
        report.complain(f"checkpoint {made.id}: its signature does not hold")
    if root(_values(made.previous, first, found)).hex() != made.root:
        report.complain(f"checkpoint {made.id}: its root is not that of its leaves")
    return made.root


def _values(previous: str, first: Row[Any], rest: Iterator[Row[Any]]) -> Iterator[bytes]:
    yield previous_leaf(previous)
    if first.chain is not None:
        yield head_leaf(first.chain, first.seq, first.hash)
    for row in rest:
        yield head_leaf(row.chain, row.seq, row.hash)


def _known(connection: Connection, known_root: str, report: Report) -> None:
    query: Select[Any] = select(col(Checkpoint.id)).where(col(Checkpoint.root) == known_root)
    if connection.execute(query).first() is None:
        report.complain("the root that was kept outside the register is of no checkpoint in it")
