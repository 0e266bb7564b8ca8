"""What the map wants to stand in an emptied column, where a rule of the store wants something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.sdk import Collection, Erasure, Expect, MapField, Refused
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, held, owner, table

PLAIN = table(
    "accounts",
    owner("user_id"),
    key=("id",),
    fields=fields("id", "name", "pending", "picture"),
    erasure=Erasure.ANONYMISE,
)
JSON = {"postgresql": "JSONB NOT NULL", "mysql": "JSON NOT NULL"}
OTHER = "TEXT NOT NULL CHECK (JSON_VALID(picture))"


def _said(**values: Any) -> Collection:
    def field(of: MapField) -> MapField:
        return replace(of, emptied_to=(values[of.name],)) if of.name in values else of

    return replace(PLAIN, fields=tuple(field(f) for f in PLAIN.fields))


@pytest.fixture
def accounts(database: Database) -> Database:
    """Nobody is without a name; who has no picture has a JSON null."""
    kind = JSON.get(database.url.partition(":")[0].partition("+")[0], OTHER)
    database.run(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL,"
        f" name VARCHAR(20) NOT NULL CHECK (name <> ''), pending BOOLEAN, picture {kind})"
    )
    database.put(
        "accounts",
        {"id": 1, "user_id": 1, "name": "安娜", "pending": False, "picture": '{"file": "me.png"}'},
        {"id": 2, "user_id": 2, "name": "Bo", "pending": False, "picture": "null"},
    )
    return database


def test_what_the_map_names_stands_there_and_is_read_back(accounts: Database) -> None:
    collection = _said(name="Deleted", pending=True, picture=None)
    connector, target = accounts.connector(), aim(collection, held(users=1))
    assert connector.verify(target, work(), Expect.ERASED).rows == 1

    assert connector.erase(target, work()).affected == 1

    assert connector.verify(target, work(), Expect.ERASED).rows == 0
    text = "CAST(picture AS CHAR(20))"
    [(name, pending, picture)] = accounts.rows(
        f"SELECT name, pending, TRIM({text}) FROM accounts WHERE id = 1"
    )
    assert (name, bool(pending), picture) == ("Deleted", True, "null")
    assert accounts.value("SELECT name FROM accounts WHERE id = 2") == "Bo"


def test_a_second_time_there_is_nothing_to_do(accounts: Database) -> None:
    collection = _said(name="Deleted", pending=True, picture=None)
    connector, target = accounts.connector(), aim(collection, held(users=1))
    connector.erase(target, work())

    assert connector.erase(target, work(step_id="another")).affected == 0


def test_without_a_word_for_it_the_store_refuses_and_nothing_is_changed(
    accounts: Database,
) -> None:
    connector, target = accounts.connector(), aim(PLAIN, held(users=1))

    with pytest.raises(Refused):
        connector.erase(target, work())

    assert accounts.value("SELECT name FROM accounts WHERE id = 1") == "安娜"


def test_a_value_the_column_cannot_hold_is_refused(accounts: Database) -> None:
    connector, target = accounts.connector(), aim(_said(name="x" * 21), held(users=1))

    with pytest.raises(Refused, match="name"):
        connector.erase(target, work())
