"""Rows of other people around an erasure: what only we changed is found, what others did is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sdk import KeySet, Receipt, Standing, Target, Unfinished, Work
from connectors.sql import bystanders
from tests.connectors.case import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, owner, table

ME, OTHER = 1, 2
MANY = 64
NOTES = table("notes", owner("user_id"), fields=fields("body"), key=("id",))
LOOKED = 16


def target(keys: int = 1) -> Target:
    mine = tuple((ME - n,) for n in range(keys))
    return aim(NOTES, KeySet({"shop.users": {Standing.SOLE: mine}}))


def watched(**changes: Any) -> Work:
    return work(bystanders=LOOKED, sampled=True, **changes)


def filled(database: Database, *, key: str = "INTEGER", cascade: bool = False) -> None:
    """Make notes: every other one is mine; where it cascades, each answers the one before it."""
    goes = ", FOREIGN KEY (answers) REFERENCES notes (id) ON DELETE CASCADE" if cascade else ""
    database.run(
        f"CREATE TABLE notes (id {key} PRIMARY KEY, user_id INTEGER, body VARCHAR(40),"
        f" answers {key}{goes})",
        "CREATE INDEX notes_user ON notes (user_id)",
        "CREATE INDEX notes_answers ON notes (answers)",
    )
    named = (lambda n: n) if key == "INTEGER" else (lambda n: f"{n * 977 % 1000:03}-key")
    for n in range(MANY):
        answers = named(n - 1) if cascade and n % 2 else None
        row = {"id": named(n), "user_id": (ME, OTHER)[n % 2], "body": f"body {n}"}
        database.put("notes", {**row, "answers": answers})


# -- what is looked at -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["INTEGER", "VARCHAR(40)"])
def test_rows_of_others_are_looked_at_and_found_as_they_were(database: Database, key: str) -> None:
    filled(database, key=key)

    receipt = database.connector().erase(target(), watched())

    assert receipt.affected == MANY // 2
    assert 0 < receipt.bystanders <= LOOKED
    assert receipt.disturbed == 0


def test_the_same_step_looks_at_the_same_rows(database: Database) -> None:
    filled(database)
    seen = []
    for _ in range(2):
        connector = database.connector()
        with connector._engines.acting.begin() as connection:  # noqa: SLF001 - what it chose is nowhere else
            group = connector._bystanders.around(connection, target(), watched(step_id="one"))  # noqa: SLF001 - as above
        seen.append(dict(group.before))

    assert seen[0] == seen[1]


@pytest.mark.parametrize("asked", [{"bystanders": 0}, {"sampled": False}])
def test_nobody_is_looked_at_unless_that_is_asked(database: Database, asked: Any) -> None:
    filled(database)

    receipt = database.connector().erase(target(), replace(watched(), **asked))

    assert (receipt.affected, receipt.bystanders) == (MANY // 2, 0)


def test_a_table_without_a_key_and_very_many_keys_are_not_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database)
    monkeypatch.setattr(bystanders, "MOST_KEYS", 3)

    assert database.connector().erase(target(keys=4), watched()).bystanders == 0
    database.run("CREATE TABLE loose (user_id INTEGER, body VARCHAR(40))")
    database.put("loose", {"user_id": ME, "body": "x"}, {"user_id": OTHER, "body": "y"})
    loose = table("loose", owner("user_id"), fields=fields("body"))
    keys = KeySet({"shop.users": {Standing.SOLE: ((ME,),)}})
    receipt = database.connector().erase(aim(loose, keys), watched())
    assert (receipt.affected, receipt.bystanders) == (1, 0)


# -- what our own transaction did ------------------------------------------------------------------


def test_a_row_that_a_foreign_key_takes_along_is_found(database: Database) -> None:
    filled(database, cascade=True)
    unit = watched()

    receipt = database.connector().erase(target(), unit)

    assert database.value("SELECT count(*) FROM notes") == 0
    assert receipt.disturbed == receipt.bystanders > 0
    again = database.connector().erase(target(), replace(unit, fence=2))
    assert again.disturbed == receipt.disturbed  # it is in the note that the effect left


# MariaDB lets no trigger change the table that it is on.
@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
def test_a_row_that_a_trigger_changes_is_found(database: Database) -> None:
    filled(database)
    change = f"UPDATE notes SET body = 'touched' WHERE user_id = {OTHER}"
    if database.engine.dialect.name == "postgresql":
        database.run(
            f"CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change};"
            " RETURN NULL; END $$",
            "CREATE TRIGGER touch AFTER DELETE ON notes"
            " FOR EACH STATEMENT EXECUTE FUNCTION touch()",
        )
    else:
        database.run(f"CREATE TRIGGER touch AFTER DELETE ON notes BEGIN {change}; END")

    receipt = database.connector().erase(target(), watched())

    assert receipt.disturbed == receipt.bystanders > 0


def test_in_a_large_erasure_every_chunk_is_looked_at(database: Database) -> None:
    filled(database, cascade=True)
    connector = database.connector(whale_rows=10, chunk_s=0.001)

    receipt = _to_the_end(connector, work(bystanders=LOOKED))

    assert receipt.bystanders > 0
    assert receipt.disturbed > 0


def _to_the_end(connector: Any, unit: Work) -> Receipt:
    for fence in range(1, 100):
        try:
            found: Receipt = connector.erase(target(), replace(unit, fence=fence))
        except Unfinished:
            continue
        return found
    raise AssertionError("it does not come to an end")


# -- what others did -------------------------------------------------------------------------------


@pytest.fixture(params=["postgres", "mariadb"])
def busy(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that several write to at a time."""
    made = Database(request.getfixturevalue(f"clean_{request.param}_url"))
    yield made
    made.close()


@pytest.mark.parametrize("done", ["UPDATE notes SET body = 'newer'", "DELETE FROM notes"])
def test_what_another_writer_does_meanwhile_is_no_finding(busy: Database, done: str) -> None:
    filled(busy)
    holder = sa.create_engine(busy.url, poolclass=sa.NullPool)
    receipts: list[Receipt] = []
    connector = busy.connector()
    connector.erase(replace(target(), keys=KeySet()), work())  # the journal

    with holder.connect() as holding:
        holding.execute(sa.text("SELECT * FROM notes WHERE id = 0 FOR UPDATE"))
        thread = threading.Thread(
            target=lambda: receipts.append(connector.erase(target(), watched()))
        )
        thread.start()
        _until(lambda: _waiting(busy))  # its look at the others lies behind it
        busy.run(*(f"{done} WHERE id = {n}" for n in range(1, MANY, 2)))
        holding.rollback()
    thread.join(timeout=30)
    holder.dispose()

    (receipt,) = receipts
    assert receipt.affected == MANY // 2
    assert receipt.bystanders > 0
    assert receipt.disturbed == 0


def _waiting(database: Database) -> bool:
    if database.engine.dialect.name == "postgresql":
        return bool(database.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    asked = "SELECT count(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'"
    return bool(database.value(asked))


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "the erasure did not come to wait"
        time.sleep(0.2)  # InnoDB shows what it saw before to who asks again within 0.1 s
