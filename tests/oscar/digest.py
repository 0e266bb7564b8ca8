"""Every row of every table, by plain SQL: what changed between two moments, and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

Rows = dict[str, set[str]]
"""Table to primary keys, as text."""

_OURS = "rights_step"


@dataclass(frozen=True)
class Picture:
    """One moment: table, then primary key, then a hash over the row."""

    tables: dict[str, dict[str, str]]

    @classmethod
    def of(cls, url: str) -> Picture:
        """Take it now."""
        engine = sa.create_engine(url)
        found: dict[str, dict[str, str]] = {}
        with engine.connect() as connection:
            view = sa.inspect(connection)
            for name in sorted(set(view.get_table_names()) - {_OURS}):
                key = view.get_pk_constraint(name)["constrained_columns"]
                quoted = connection.dialect.identifier_preparer.quote(name)
                rows = connection.exec_driver_sql(f"SELECT * FROM {quoted}").mappings()
                found[name] = {
                    "/".join(str(row[k]) for k in key): _hash(tuple(row.values())) for row in rows
                }
        engine.dispose()
        return cls(found)

    def gone(self, later: Picture) -> Rows:
        """Return the rows that *later* does not have."""
        return _filled({t: set(rows) - set(later.tables[t]) for t, rows in self.tables.items()})

    def changed(self, later: Picture) -> Rows:
        """Return the rows that *later* has otherwise."""
        return _filled(
            {
                t: {k for k, row in rows.items() if later.tables[t].get(k, row) != row}
                for t, rows in self.tables.items()
            }
        )

    def new(self, later: Picture) -> Rows:
        """Return the rows that only *later* has."""
        return later.gone(self)


def mentions(url: str, *words: str) -> dict[str, int]:
    """Count, by table, the rows in which any of *words* occurs in any column."""
    engine = sa.create_engine(url)
    found: dict[str, int] = {}
    with engine.connect() as connection:
        for name in set(sa.inspect(connection).get_table_names()) - {_OURS}:
            quoted = connection.dialect.identifier_preparer.quote(name)
            rows = connection.exec_driver_sql(f"SELECT * FROM {quoted}")
            count = sum(any(_says(value, words) for value in row) for row in rows)
            if count:
                found[name] = count
    engine.dispose()
    return found


def _says(value: object, words: tuple[str, ...]) -> bool:
    return isinstance(value, str) and any(word.lower() in value.lower() for word in words)


def _hash(row: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(row).encode()).hexdigest()


def _filled(rows: Rows) -> Rows:
    return {table: keys for table, keys in rows.items() if keys}
