"""
Check the whole audit trail: every chain, every head, every checkpoint.

Reads one consistent picture of the register as a stream; what is kept in memory does not grow
with the trail. The database joins, this code hashes.

Source: PIPL 51, 54, 69 (burden of proof); NDSR 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select, union_all
from sqlmodel import col

from rights.domain.merkle import root
from rights.services import trail_entries
from rights.services.checkpoint_format import (
    checkpoint_text,
    head_leaf,
    previous_leaf,
    purge_text,
)
from rights.services.signing import Signer
from rights.services.trail_check import Known
from rights.store.db import picture, streamed
from rights.store.models import Checkpoint, CheckpointLeaf, DayChain, Entry, Request
from rights.store.plain import Plain, plain

MOST_PROBLEMS: Final = 1_000
_TOGETHER: Final = 1_000
"""So many checkpoints are read at once, each with its leaves as they come."""

_NONE: Final[tuple[int, Iterable[Plain]]] = (1 << 63, ())


@dataclass(slots=True)
class Report:
    """
    What was found. Problems name chains, numbers and checkpoints, nothing else.

    Args:
        chains: How many chains have entries.
        newest: The newest checkpoint as ``NUMBER:ROOT``, for noting it down; empty without one.
    """

    problems: list[str] = field(default_factory=list)
    chains: int = 0
    entries: int = 0
    checkpoints: int = 0
    newest: str = ""

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


def verify(engine: Engine, signer: Signer, *, known: Iterable[Known] = ()) -> Report:
    """
    Find any change, removal, reordering or truncation.

    What was added after the last checkpoint is protected by its chain and head only; and
    whoever can delete the newest checkpoints together with what they cover is found out only
    by somebody who kept a later one.

    Args:
        known: Checkpoints that were noted, or kept, outside the register.
    """
    report = Report()
    with picture(engine) as connection:
        _chains(connection, report)
        _heads(connection, report)
        _orphans(connection, report)
        _leaves(connection, signer, report)
        _checkpoints(connection, signer, report)
        _lost_checkpoints(connection, report)
        for one in known:
            _known(connection, one, report)
    return report


def _chains(connection: Connection, report: Report) -> None:
    """Hash every entry again."""
    for entries in trail_entries.counted(connection, report.complain):
        report.chains += 1
        report.entries += entries


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
    for chain, seq, last in plain(connection, query):
        report.complain(f"{chain}: its head is entry {seq}, its entries end at {last or 0}")


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
    for (chain,) in plain(connection, query):
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
    previous, after = "", 0
    while made := _next(connection, after):
        for one, found in zip(made, _roots(connection, made), strict=True):
            report.checkpoints += 1
            _checkpoint(one, found, signer, previous, report)
            previous, after = one.root, one.id or 0
            report.newest = f"{after}:{previous}"


def _next(connection: Connection, after: int) -> list[Checkpoint]:
    """Return the checkpoints that come next, so many that they and their leaves can be read."""
    number = col(Checkpoint.id)
    query = select(Checkpoint).where(number > after).order_by(number).limit(_TOGETHER)
    return [Checkpoint(**row) for row in connection.execute(query).mappings()]


def _roots(connection: Connection, made: Sequence[Checkpoint]) -> Iterator[bytes]:
    """Yield the root that the leaves of each checkpoint have; to be read to the end."""
    leaf = CheckpointLeaf
    number, name = col(leaf.checkpoint_id), col(leaf.chain)
    if connection.dialect.name == "postgresql":
        name = name.collate("C")  # type: ignore[assignment]  # the order in which it was hashed
    columns = number, col(leaf.chain), col(leaf.seq), col(leaf.hash)
    these = number.between(made[0].id, made[-1].id)
    query: Any = select(*columns).where(these).order_by(number, name)
    found = groupby(plain(connection, query), itemgetter(0))
    of, leaves = next(found, _NONE)
    for one in made:
        while of < (one.id or 0):  # of a checkpoint that is gone: said elsewhere
            of, leaves = next(found, _NONE)
        yield root(_values(one.previous, leaves if of == one.id else ()))
    for _ in found:  # to its end
        pass


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


def _checkpoint(
    made: Checkpoint, found: bytes, signer: Signer, previous: str, report: Report
) -> None:
    if made.previous != previous:
        report.complain(f"checkpoint {made.id}: does not follow on the one before it")
    if not signer.verify(checkpoint_text(made), made.signature, key_id=made.key_id):
        report.complain(f"checkpoint {made.id}: its signature does not hold")
    if found.hex() != made.root:
        report.complain(f"checkpoint {made.id}: its root is not that of its leaves")


def _values(previous: str, leaves: Iterable[Plain]) -> Iterator[bytes]:
    yield previous_leaf(previous)
    for _, chain, seq, said in leaves:
        yield head_leaf(chain, seq, said)


def _known(connection: Connection, known: Known, report: Report) -> None:
    query = select(Checkpoint).where(col(Checkpoint.id) == known.number)
    row = connection.execute(query).mappings().first()
    if row is None:
        report.complain(
            f"checkpoint {known.number}: is known from elsewhere, and is gone from here"
        )
    elif known.is_not(orjson.loads(checkpoint_text(Checkpoint(**row)))[1:]):
        report.complain(f"checkpoint {known.number}: is not the one that is known from elsewhere")
