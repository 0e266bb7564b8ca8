"""A database for the tests of the SQL connector: made with DDL, read behind its back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from connectors.sql import Sql, SqlSettings
from tests.connectors import notes
from tests.connectors.contract import Case


class Database:
    """One database, by its URL. Every statement commits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = sa.create_engine(url, pool_size=1)
        self._made: list[Sql] = []

    def connector(self, **settings: Any) -> Sql:
        made = Sql(SqlSettings(**{"url": self.url, **settings}))
        self._made.append(made)
        return made

    def close(self) -> None:
        for connector in self._made:
            connector.close_connections()
        self.engine.dispose()

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def put(self, table: str, *rows: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            names = rows[0].keys()
            quote = connection.dialect.identifier_preparer.quote
            listed = ", ".join(quote(name) for name in names)
            marks = ", ".join(f":{name}" for name in names)
            connection.execute(
                sa.text(f"INSERT INTO {quote(table)} ({listed}) VALUES ({marks})"),
                [dict(row) for row in rows],
            )

    def rows(self, query: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), parameters)]

    def value(self, query: str, **parameters: Any) -> Any:
        [[value]] = self.rows(query, **parameters)
        return value


def contract_case(url: str, *, down: str = "", denied: str = "", journal: bool = True) -> Case:
    """The contract's table in the database at *url*."""
    database = Database(url)
    database.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_email VARCHAR(80) NOT NULL,"
        " title VARCHAR(40), hidden_score NUMERIC(6, 2), unmapped VARCHAR(40),"
        " frozen BOOLEAN NOT NULL, active BOOLEAN NOT NULL, personalised BOOLEAN NOT NULL)",
        "CREATE INDEX notes_owner ON notes (owner_email)",
    )
    database.put("notes", *notes.MINE, *notes.OTHERS)
    others = "SELECT * FROM notes WHERE owner_email <> :me ORDER BY id"

    def values(column: str) -> list[Any]:
        found = database.rows(
            f"SELECT {column} FROM notes WHERE owner_email = :me", me=notes.CANARY
        )
        return [value for (value,) in found]

    def other(address: str) -> Any:
        return (lambda: Sql(SqlSettings(url=address, connect_timeout_s=1))) if address else None

    lost = type(notes.NOTES)(**{**_fields(notes.NOTES), "name": "nowhere"})
    return Case(
        connect=lambda: database.connector(journal=journal),
        target=notes.TARGET,
        mine=len(notes.MINE),
        others=lambda: database.rows(others, me=notes.CANARY),
        put_back=lambda: database.put("notes", notes.MINE[0]),
        canary=notes.CANARY,
        unmapped=notes.UNMAPPED,
        values=values,
        change=notes.CHANGE,
        new=(notes.ADDING, notes.NEW),
        switch=notes.SWITCH,
        down=other(down),
        denied=other(denied),
        lost=lost,
        journals=journal,
        close=database.close,
    )


def _fields(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def elsewhere(url: str, **parts: Any) -> str:
    """The address *url* with another port, user or database; a socket it names is left out."""
    plain = make_url(url)
    if "port" in parts:
        plain = plain.difference_update_query(("host", "unix_socket"))
    return plain.set(**parts).render_as_string(hide_password=False)
