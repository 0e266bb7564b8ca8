"""Every row of every table of every schema, by plain SQL: what changed between two moments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

Rows = dict[str, set[str]]
"""Table (``schema.table``) to primary keys, as text, their parts joined by slashes."""

_TABLES = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.place)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'
      AND c.relname !~ '^rights_'
    GROUP BY n.nspname, c.relname
"""

_FOREIGN_KEYS = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.place),
           tn.nspname, t.relname, array_agg(ta.attname::text ORDER BY k.place)
    FROM pg_constraint f
    JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = f.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(here, there, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.here
    JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.there
    WHERE f.contype = 'f'
    GROUP BY f.oid, n.nspname, c.relname, tn.nspname, t.relname
"""


def connect(url: str) -> psycopg.Connection:
    """Return a connection of psycopg's own to the database at *url* (SQLAlchemy's form)."""
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


@dataclass(frozen=True)
class Picture:
    """One moment: table, then primary key, then a hash over the row."""

    tables: dict[str, dict[str, str]]

    @classmethod
    def of(cls, url: str) -> Picture:
        """Take it now."""
        with connect(url) as connection:
            return cls({name: dict(rows) for name, rows in _every_row(connection, "md5(t::text)")})

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


def mentions(url: str, *words: str) -> Rows:
    """Return the rows in which any of *words* occurs in any column, JSON ones too."""
    with connect(url) as connection:
        return _filled(
            {
                name: {key for key, text in rows if any(w.lower() in text.lower() for w in words)}
                for name, rows in _every_row(connection, "t::text")
            }
        )


def addresses(url: str, emails: list[str]) -> Rows:
    """Return the rows in which one of *emails* stands; what merely contains it is another one."""
    either = "|".join(re.escape(email) for email in emails)
    whole = re.compile(rf"(?<![\w.])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE)
    with connect(url) as connection:
        return _filled(
            {
                name: {key for key, text in rows if whole.search(text)}
                for name, rows in _every_row(connection, "t::text")
            }
        )


def circles(url: str) -> list[set[str]]:
    """Return the sets of tables that point at each other in circles, by foreign keys."""
    with connect(url) as connection:
        keys = connection.execute(_FOREIGN_KEYS).fetchall()
    ways: dict[str, set[str]] = {}
    for schema, table, _, to_schema, to_table, _ in keys:
        ways.setdefault(f"{schema}.{table}", set()).add(f"{to_schema}.{to_table}")
    reached = {table: _reached(ways, table) for table in ways}
    both = {
        frozenset(t for t in reached[table] if table in reached.get(t, ())) for table in reached
    }
    return [set(tables) for tables in both if len(tables) > 1]


def _reached(ways: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        new = ways.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def orphans(url: str) -> list[str]:
    """Return every pointer of every foreign key whose target is not there."""
    with connect(url) as connection:
        found = []
        for schema, table, columns, to_schema, to_table, to_columns in connection.execute(
            _FOREIGN_KEYS
        ).fetchall():
            here, there = (_listed("h", columns), _listed("t", to_columns))
            asked = sql.SQL(
                "SELECT count(*) FROM {} h WHERE ({}) IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM {} t WHERE ({}) = ({}))"
            ).format(
                sql.Identifier(schema, table),
                here,
                sql.Identifier(to_schema, to_table),
                there,
                here,
            )
            row = connection.execute(asked).fetchone()
            if row and row[0]:
                found.append(f"{schema}.{table} {columns}: {row[0]}")
        return found


def _every_row(
    connection: psycopg.Connection, what: str
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for schema, table, key in connection.execute(_TABLES).fetchall():
        asked = sql.SQL("SELECT concat_ws('/', {}), {} FROM {} t").format(
            _listed("t", key),
            sql.SQL(what),
            sql.Identifier(schema, table),
        )
        yield f"{schema}.{table}", connection.execute(asked).fetchall()


def _listed(table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, column) for column in columns)


def _filled(rows: Rows) -> Rows:
    return {table: keys for table, keys in rows.items() if keys}
