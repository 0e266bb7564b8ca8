"""A database whose tables are in several schemas, and of the same name in two of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sdk import Expect, Misconfigured
from connectors.sql import SqlSettings
from connectors.sql.engines import Engines
from connectors.sql.reflection import Schema
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, held, owner, table

SCHEMAS = ("people", "talks")
NOTES = table(
    "talks.notes", owner("user_id", to="shop.people.users"), key=("id",), fields=fields("id")
)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    made.run(
        "CREATE SCHEMA people",
        "CREATE SCHEMA talks",
        "CREATE TABLE here (id INTEGER PRIMARY KEY)",
        "CREATE TABLE people.users (id INTEGER PRIMARY KEY, here INTEGER REFERENCES here)",
        "CREATE TABLE people.notes (id INTEGER PRIMARY KEY)",
        "CREATE TABLE talks.notes (id INTEGER PRIMARY KEY,"
        " user_id INTEGER REFERENCES people.users, next INTEGER REFERENCES talks.notes)",
        "INSERT INTO people.users VALUES (1), (2)",
        "INSERT INTO people.notes VALUES (1)",
        "INSERT INTO talks.notes VALUES (1, 1), (2, 2)",
    )
    yield made
    made.close()


def test_tables_of_further_schemas_are_called_with_their_schema(database: Database) -> None:
    found = {t.name: t for t in database.connector(schemas=SCHEMAS).discover().tables}

    assert set(found) == {"here", "people.notes", "people.users", "talks.notes"}
    assert set(found["talks.notes"].foreign_keys) == {
        (("user_id",), "people.users", ("id",)),
        (("next",), "talks.notes", ("id",)),
    }
    assert found["people.users"].foreign_keys == ((("here",), "here", ("id",)),)
    assert set(found["people.notes"].columns) == {"id"}


def test_rows_go_from_the_schema_the_collection_names(database: Database) -> None:
    connector, target = database.connector(schemas=SCHEMAS), aim(NOTES, held(**{"people.users": 1}))

    assert connector.erase(target, work()).affected == 1

    assert connector.verify(target, work(), Expect.ERASED).rows == 0
    assert database.rows("SELECT id FROM talks.notes") == [(2,)]
    assert database.rows("SELECT id FROM people.notes") == [(1,)]


def test_what_points_at_a_row_is_named_with_its_schema(database: Database) -> None:
    users = table("people.users", key=("id",), identifies={"user_id": "id"}, fields=fields("id"))
    settings = SqlSettings(url=database.url, schemas=SCHEMAS)
    engines = Engines(settings)

    assert Schema(engines, settings).referring(users) == ("talks.notes",)

    engines.dispose()


def test_a_schema_that_is_not_listed_is_not_looked_into(database: Database) -> None:
    connector = database.connector(schemas=("people",))

    with pytest.raises(Misconfigured, match=r"talks\.notes"):
        connector.locate(aim(NOTES, held(**{"people.users": 1})), work())
