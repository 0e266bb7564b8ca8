"""
The note in the store that an effect has happened.

One row for each chunk of a step, written in the transaction of the effect: either both are
there or neither. A worker that comes late finds a higher fence and stops; one that repeats
the work finds the receipt and returns it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection

from connectors.sdk import Fenced, Receipt, Transient, Work
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.errors import explain
from connectors.sql.reflection import JOURNAL

OWNER = -1
"""The row whose fence every chunk of a large step takes first: who owns the step."""

STRIDE = 10_000
"""Collections that a step can number; chunk *n* of collection *c* is ``STRIDE * (n + 1) + c``."""


@dataclass(frozen=True, slots=True)
class Noted:
    """
    What the store remembers of a large erasure.

    Args:
        receipt: That of the whole, once it is closed.
        done: The sum of the chunks that were done.
        count: How many there are; also the number of the next one.
        place: Where the next one begins; None before the first.
    """

    receipt: Receipt | None = None
    done: Receipt = field(default_factory=Receipt)
    count: int = 0
    place: Mapping[str, Any] | None = None


class Journal:
    """The table ``rights_step`` of one store."""

    def __init__(self, engines: Engines, settings: SqlSettings) -> None:
        self._engines = engines
        self._wanted = settings.journal
        self._ready = False
        self.table = sa.Table(
            JOURNAL,
            sa.MetaData(schema=settings.schema or None),
            sa.Column("step_id", sa.String(64), primary_key=True),
            sa.Column("chunk_no", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("fence", sa.BigInteger, nullable=False),
            sa.Column("rows", sa.BigInteger),
            sa.Column("digest", sa.String(64)),
            sa.Column("receipt", sa.Text),
            sa.Column("place", sa.Text),
        )
        self._claims: dict[int, sa.Insert] = {}
        columns = self.table.c
        mine = columns.step_id == sa.bindparam("step", type_=sa.String())
        self._read = sa.select(columns.chunk_no, columns.fence, columns.receipt).where(
            mine, columns.chunk_no.in_(sa.bindparam("chunks", expanding=True))
        )
        self._finish = (
            sa.update(self.table)
            .where(mine, columns.chunk_no == sa.bindparam("chunk", type_=sa.Integer()))
            .values(
                rows=sa.bindparam("done_rows"),
                digest=sa.bindparam("done_digest"),
                receipt=sa.bindparam("done_receipt"),
            )
        )

    def usable(self) -> bool:
        """
        Return whether the store has the table, making it at first use.

        Where we may not make one, effects are noted in the register only, and counts after a
        crash are a minimum.
        """
        if self._wanted and not self._ready:
            self._wanted = self._ready = self._there() or self._make()
        return self._ready

    def claim(
        self, connection: Connection, work: Work, chunks: Iterable[int]
    ) -> dict[int, Receipt | None]:
        """
        Take chunks of the step; return their receipts where they were done before.

        Raises:
            Fenced: a newer worker has taken one of them.
        """
        wanted = sorted(set(chunks))  # in order, so that two workers cannot hold each other up
        claim = self._claims.get(len(wanted))
        if claim is None:
            claim = self._claiming(connection.dialect.name, len(wanted))
            self._claims[len(wanted)] = claim
        numbered = {f"chunk_{n}": chunk for n, chunk in enumerate(wanted)}
        mine = {"step": work.step_id, "mine": work.fence}
        answer = connection.execute(claim, {**mine, **numbered})
        if not answer.returns_rows:
            answer = connection.execute(self._read, {"step": work.step_id, "chunks": wanted})
        taken = {row.chunk_no: row for row in answer}
        if len(taken) < len(wanted) or any(row.fence > work.fence for row in taken.values()):
            raise Fenced("a newer worker owns this step")
        return {
            chunk: Receipt(**json.loads(row.receipt)) if row.receipt else None
            for chunk, row in taken.items()
        }

    def finish(self, connection: Connection, work: Work, done: Mapping[int, Receipt]) -> None:
        """Note what was done; the caller's transaction makes both true at once."""
        noted = [
            {
                "step": work.step_id,
                "chunk": chunk,
                "done_rows": receipt.affected + receipt.decorrelated,
                "done_digest": receipt.digest,
                "done_receipt": json.dumps(receipt.to_json()),
            }
            for chunk, receipt in done.items()
        ]
        if noted:
            connection.execute(self._finish, noted if len(noted) > 1 else noted[0])

    # -- chunks of one collection ----------------------------------------------------------

    def resume(self, connection: Connection, work: Work) -> Noted:
        """
        Take the step, and return how far the erasure of its collection has come.

        Raises:
            Fenced: a newer worker has the step.
        """
        closed = self.claim(connection, work, (OWNER, work.chunk))[work.chunk]
        parts = [row for row in self._parts(connection, work) if row.receipt]
        done = total(Receipt(**json.loads(row.receipt)) for row in parts)
        place = json.loads(parts[-1].place) if parts else None
        return Noted(closed, done, len(parts), place)

    def begun(self, work: Work) -> bool:
        """Return whether the collection was begun in chunks; asked when a step is repeated."""
        if not self.usable():
            return False
        with self._engines.acting.begin() as connection:
            return bool(self._parts(connection, work))

    def note(
        self,
        connection: Connection,
        work: Work,
        number: int,
        receipt: Receipt,
        place: Mapping[str, Any],
    ) -> None:
        """Note chunk *number*, and where the next one begins."""
        row = {
            "step_id": work.step_id,
            "chunk_no": STRIDE * (number + 1) + work.chunk,
            "fence": work.fence,
            "rows": receipt.affected + receipt.decorrelated,
            "digest": receipt.digest,
            "receipt": json.dumps(receipt.to_json()),
            "place": json.dumps(place),
        }
        connection.execute(sa.insert(self.table), row)

    def close(self, connection: Connection, work: Work, receipt: Receipt) -> None:
        """Note that every chunk is done; the rows stand with the chunks, so here are none."""
        self.finish(connection, work, {work.chunk: receipt})
        here = self.table.c
        mine = sa.and_(here.step_id == work.step_id, here.chunk_no == work.chunk)
        connection.execute(sa.update(self.table).where(mine).values(rows=0))

    def _parts(self, connection: Connection, work: Work) -> list[Any]:
        columns = self.table.c
        query = (
            sa.select(columns.chunk_no, columns.receipt, columns.place)
            .where(columns.step_id == work.step_id, columns.chunk_no >= STRIDE)
            .order_by(columns.chunk_no)
        )
        found = connection.execute(query).all()
        return [row for row in found if row.chunk_no % STRIDE == work.chunk]

    def _claiming(self, dialect: str, count: int) -> sa.Insert:
        values = [
            {
                "step_id": sa.bindparam("step", type_=sa.String()),
                "chunk_no": sa.bindparam(f"chunk_{n}", type_=sa.Integer()),
                "fence": sa.bindparam("mine", type_=sa.BigInteger()),
            }
            for n in range(count)
        ]
        if dialect in {"mysql", "mariadb"}:
            new = mysql.insert(self.table).values(values)
            highest = sa.func.greatest(self.table.c.fence, new.inserted.fence)
            return new.on_duplicate_key_update(fence=highest)
        insert: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[dialect]
        claim = insert(self.table).values(values)
        claim = claim.on_conflict_do_update(
            index_elements=["step_id", "chunk_no"],
            set_={"fence": claim.excluded.fence},
            where=self.table.c.fence <= claim.excluded.fence,
        )
        taken = self.table.c
        claim = claim.returning(taken.chunk_no, taken.fence, taken.receipt)
        return cast(sa.Insert, claim)

    def _there(self) -> bool:
        with self._engines.acting.connect() as connection:
            return sa.inspect(connection).has_table(JOURNAL, schema=self.table.schema)

    def _make(self) -> bool:
        try:
            with self._engines.acting.begin() as connection:
                self.table.create(connection)
        except exc.DBAPIError as error:
            failure = explain(error, JOURNAL)
        else:
            return True
        if isinstance(failure, Transient):
            raise failure
        return self._there()  # another worker made it, or we may not


def total(receipts: Iterable[Receipt]) -> Receipt:
    """Return the sum of what several chunks did."""
    out, grounds = Receipt(), set[str]()
    for one in receipts:
        grounds |= set(filter(None, one.because.split("; ")))
        out = Receipt(
            affected=out.affected + one.affected,
            decorrelated=out.decorrelated + one.decorrelated,
            retained=out.retained + one.retained,
            because="; ".join(sorted(grounds)),
            conflicts=out.conflicts + one.conflicts,
            at_least=out.at_least or one.at_least,
            bystanders=out.bystanders + one.bystanders,
            disturbed=out.disturbed + one.disturbed,
        )
    return out
