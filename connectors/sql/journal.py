"""
The note in the store that an effect has happened.

One row for each chunk of a step, written in the transaction of the effect: either both are
there or neither. A worker that comes late finds a higher fence and stops; one that repeats
the work finds the receipt and returns it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection

from connectors.sdk import Fenced, Receipt, Transient, Work
from connectors.sql.engines import Engines, SqlSettings
from connectors.sql.errors import explain
from connectors.sql.reflection import JOURNAL


class Journal:
    """The table ``rights_step`` of one store."""

    def __init__(self, engines: Engines, settings: SqlSettings) -> None:
        self._engines = engines
        self._wanted = settings.journal
        self._ready = False
        self._table = sa.Table(
            JOURNAL,
            sa.MetaData(schema=settings.schema or None),
            sa.Column("step_id", sa.String(64), primary_key=True),
            sa.Column("chunk_no", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("fence", sa.BigInteger, nullable=False),
            sa.Column("rows", sa.BigInteger),
            sa.Column("digest", sa.String(64)),
            sa.Column("receipt", sa.Text),
        )
        self._claims: dict[int, sa.Insert] = {}
        columns = self._table.c
        mine = columns.step_id == sa.bindparam("step", type_=sa.String())
        self._read = sa.select(columns.chunk_no, columns.fence, columns.receipt).where(
            mine, columns.chunk_no.in_(sa.bindparam("chunks", expanding=True))
        )
        self._finish = (
            sa.update(self._table)
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
                "done_receipt": json.dumps(asdict(receipt)),
            }
            for chunk, receipt in done.items()
        ]
        if noted:
            connection.execute(self._finish, noted if len(noted) > 1 else noted[0])

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
            new = mysql.insert(self._table).values(values)
            highest = sa.func.greatest(self._table.c.fence, new.inserted.fence)
            return new.on_duplicate_key_update(fence=highest)
        insert: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[dialect]
        claim = insert(self._table).values(values)
        claim = claim.on_conflict_do_update(
            index_elements=["step_id", "chunk_no"],
            set_={"fence": claim.excluded.fence},
            where=self._table.c.fence <= claim.excluded.fence,
        )
        taken = self._table.c
        claim = claim.returning(taken.chunk_no, taken.fence, taken.receipt)
        return cast(sa.Insert, claim)

    def _there(self) -> bool:
        with self._engines.acting.connect() as connection:
            return sa.inspect(connection).has_table(JOURNAL, schema=self._table.schema)

    def _make(self) -> bool:
        try:
            with self._engines.acting.begin() as connection:
                self._table.create(connection)
        except exc.DBAPIError as error:
            failure = explain(error, JOURNAL)
        else:
            return True
        if isinstance(failure, Transient):
            raise failure
        return self._there()  # another worker made it, or we may not
