"""
Whether anybody else wrote while a large erasure went on.

A row that somebody updates may move to pages that were done, so these are read again at the end.
PostgreSQL numbers its transactions that write: if none was open at the beginning, and by the end
no number was given but to our own, nothing has moved, and there is nothing to read again. So it is
only where our own statements move nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

_SNAPSHOT = (
    "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
    " FROM pg_current_snapshot() AS s"
)


_MOVES = (
    "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE NOT tgisinternal)"
    " OR EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'f' AND confdeltype IN ('n', 'd'))"
    " OR EXISTS (SELECT 1 FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema'))"
)
"""Whether deleting a row may write another: triggers, rules, keys that are emptied or defaulted."""


@dataclass(slots=True)
class Alone:
    """
    Counts the transactions of one turn at an erasure.

    Args:
        first: The number that the first of them gets; None where others may have written before.
        own: How many of them got one.
    """

    first: int | None = None
    own: int = 0

    @classmethod
    def since(cls, connection: Connection) -> Alone:
        """Begin to count, before the first transaction of an erasure that is begun now."""
        if connection.dialect.name != "postgresql":
            return cls()
        with connection.begin():
            open_from, following = connection.exec_driver_sql(_SNAPSHOT).one()
            moves = connection.exec_driver_sql(_MOVES).scalar_one()
        return cls(following if open_from == following and not moves else None)

    def still(self, connection: Connection) -> bool:
        """Return whether nobody else wrote since; within a transaction that has not written."""
        if self.first is None:
            return False
        _, following = connection.exec_driver_sql(_SNAPSHOT).one()
        return bool(following == self.first + self.own)
