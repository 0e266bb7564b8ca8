"""JSON that a database keeps as text: read as what it says, emptied as what it is."""

from __future__ import annotations

from connectors.sdk import Erasure, Expect
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, held, owner, table

NOTES = table(
    "notes", owner("user_id"), key=("id",), fields=fields("id", "said"), erasure=Erasure.ANONYMISE
)
KINDS = {"postgresql": "JSONB NOT NULL", "mysql": "JSON NOT NULL"}
OTHER = "TEXT NOT NULL CHECK (JSON_VALID(said))"


def test_words_in_json_are_words_in_a_record_and_go(database: Database) -> None:
    kind = KINDS.get(database.url.partition(":")[0].partition("+")[0], OTHER)
    database.run(f"CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, said {kind})")
    database.put("notes", {"id": 1, "user_id": 1, "said": r'"\u522b\u5fd8"'})
    connector, target = database.connector(), aim(NOTES, held(users=1))

    assert list(connector.collect(target, work())) == [{"id": 1, "said": "别忘"}]
    assert connector.erase(target, work()).affected == 1
    assert connector.verify(target, work(), Expect.ERASED).rows == 0
    [(left,)] = database.rows("SELECT said FROM notes")
    assert left in ({}, "{}")
