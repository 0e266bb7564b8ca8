"""The journal rows of several people's steps, taken and written as sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection

from connectors.sdk import Fenced, Receipt, Work
from connectors.sql.journal import Journal

_STEPS = 500
"""Steps that one statement names."""

_CLAIM = (("step", sa.Text()), ("chunk", sa.Integer()), ("fence", sa.BigInteger()))
_DONE = (
    ("done_step", sa.Text()),
    ("done_chunk", sa.Integer()),
    ("done_rows", sa.BigInteger()),
    ("done_digest", sa.Text()),
    ("done_receipt", sa.Text()),
)


class JournalOfMany:
    """Takes and writes rows of :class:`Journal`, as it does, for many steps at once."""

    def __init__(self, journal: Journal) -> None:
        self._table = table = journal.table
        here = table.c
        self._read = sa.select(here.step_id, here.chunk_no, here.fence, here.receipt).where(
            here.step_id.in_(sa.bindparam("steps", expanding=True))
        )
        self._note = (
            sa.update(table)
            .where(
                here.step_id == sa.bindparam("done_step", type_=sa.String()),
                here.chunk_no == sa.bindparam("done_chunk", type_=sa.Integer()),
            )
            .values(
                rows=sa.bindparam("done_rows"),
                digest=sa.bindparam("done_digest"),
                receipt=sa.bindparam("done_receipt"),
            )
        )

    def claim(self, connection: Connection, works: Sequence[Work]) -> bool:
        """
        Take the chunks of *works*; return False where one of them was done before.

        Raises:
            Fenced: a newer worker has one of them.
        """
        # In order, so that two workers cannot hold each other up.
        wanted = sorted((work.step_id, work.chunk, work.fence) for work in works)
        if connection.dialect.name == "postgresql":
            connection.execute(self._taking(), _as_json(_CLAIM, wanted))
        else:
            names = [name for name, _ in _CLAIM]
            rows = [dict(zip(names, one, strict=True)) for one in wanted]
            connection.execute(self._taking_each(connection.dialect.name), rows)
        taken = self._taken(connection, sorted({step for step, _, _ in wanted}))
        mine = [(taken.get((step, chunk)), fence) for step, chunk, fence in wanted]
        if any(row is None or row.fence != fence for row, fence in mine):
            raise Fenced("a newer worker owns one of these steps")
        return not any(row is not None and row.receipt for row, _ in mine)

    def finish(self, connection: Connection, done: Iterable[tuple[Work, Receipt]]) -> None:
        """Note what was done for each; the caller's transaction makes both true at once."""
        noted = [
            (
                work.step_id,
                work.chunk,
                receipt.affected + receipt.decorrelated,
                receipt.digest,
                json.dumps(receipt.to_json()),
            )
            for work, receipt in done
        ]
        if connection.dialect.name == "postgresql":
            connection.execute(self._noting(), _as_json(_DONE, noted))
            return
        names = [name for name, _ in _DONE]
        connection.execute(self._note, [dict(zip(names, one, strict=True)) for one in noted])

    def _taken(self, connection: Connection, steps: Sequence[str]) -> dict[tuple[str, int], Any]:
        found = (
            row
            for at in range(0, len(steps), _STEPS)
            for row in connection.execute(self._read, {"steps": list(steps[at : at + _STEPS])})
        )
        return {(row.step_id, row.chunk_no): row for row in found}

    def _taking(self) -> sa.Insert:
        """Return PostgreSQL's: one statement, whatever the number of rows."""
        given = _given(_CLAIM)
        new = postgresql.insert(self._table).from_select(
            ["step_id", "chunk_no", "fence"], sa.select(*given.c)
        )
        return new.on_conflict_do_update(
            index_elements=["step_id", "chunk_no"],
            set_={"fence": new.excluded.fence},
            where=self._table.c.fence <= new.excluded.fence,
        )

    def _taking_each(self, dialect: str) -> sa.Insert:
        values = {
            "step_id": sa.bindparam("step", type_=sa.String()),
            "chunk_no": sa.bindparam("chunk", type_=sa.Integer()),
            "fence": sa.bindparam("fence", type_=sa.BigInteger()),
        }
        if dialect == "sqlite":
            new = sqlite.insert(self._table).values(values)
            return new.on_conflict_do_update(
                index_elements=["step_id", "chunk_no"],
                set_={"fence": new.excluded.fence},
                where=self._table.c.fence <= new.excluded.fence,
            )
        each = mysql.insert(self._table).values(values)
        highest = sa.func.greatest(self._table.c.fence, each.inserted.fence)
        return each.on_duplicate_key_update(fence=highest)

    def _noting(self) -> sa.Update:
        given, here = _given(_DONE), self._table.c
        return (
            sa.update(self._table)
            .where(here.step_id == given.c.done_step, here.chunk_no == given.c.done_chunk)
            .values(
                rows=given.c.done_rows,
                digest=given.c.done_digest,
                receipt=given.c.done_receipt,
            )
        )


def _given(columns: Sequence[tuple[str, Any]]) -> Any:
    """Return the rows of one JSON text: written much faster than an array for each column."""
    text = sa.cast(sa.bindparam("given", type_=sa.Text()), postgresql.JSON())
    found = sa.func.json_to_recordset(text).table_valued(*(sa.column(n, t) for n, t in columns))
    return found.render_derived(name="given", with_types=True)


def _as_json(columns: Sequence[tuple[str, Any]], rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
    names = [name for name, _ in columns]
    return {"given": json.dumps([dict(zip(names, row, strict=True)) for row in rows])}
