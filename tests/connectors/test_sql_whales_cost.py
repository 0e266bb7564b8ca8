"""What very many rows cost those who have few, and how much of them is held in memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
import sqlalchemy as sa

from connectors.sdk import Erasure, Expect, Transient
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, held
from tests.connectors.whales import EVENTS, ME, MINE, SMALL, events

TARGET = aim(EVENTS, held(users=ME))


def test_a_lock_that_was_waited_for_in_vain_is_tried_again(clean_mariadb_url: str) -> None:
    database = Database(clean_mariadb_url)
    events(database)
    engine = sa.create_engine(database.url)
    with engine.begin() as holding:
        holding.execute(sa.text("SELECT * FROM events FOR UPDATE")).close()
        connector = database.connector(statement_timeout_s=1)
        with pytest.raises(Transient):
            connector.erase(TARGET, work())
    engine.dispose()
    database.close()


def test_reading_back_holds_few_rows_in_memory(database: Database) -> None:
    """Six thousand rows that a law holds: counted, and never all at once."""
    events(database)
    kept = replace(EVENTS, erasure=Erasure.KEEP, because="a law")
    connector, target = database.connector(), aim(kept, held(users=ME))
    connector.verify(target, work(), Expect.ERASED)  # what is learnt once is not counted
    tracemalloc.start()
    try:
        found = connector.verify(target, work(), Expect.ERASED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (found.rows, found.restricted) == (0, MINE)
    assert peak < 2_000_000


def test_small_requests_do_not_pay_for_the_question(clean_postgres_url: str) -> None:
    """A large table of people with few rows each: no statement but those of the erasure."""
    database = Database(clean_postgres_url)
    database.run(
        "CREATE TABLE events (id INT PRIMARY KEY, user_id INT, ip TEXT, note TEXT)",
        "CREATE INDEX ON events (user_id)",
        "INSERT INTO events SELECT n, n / 4 FROM generate_series(1, 8000) n",
        "ANALYZE events",
    )
    connector = database.connector(**SMALL)
    connector.erase(aim(EVENTS, held(users=10)), work())
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    receipt = connector.erase(aim(EVENTS, held(users=11)), work())
    sa.event.remove(sa.Engine, "before_cursor_execute", note)

    assert receipt.affected == 4
    assert seen == ["INSERT", "DELETE", "UPDATE"]
    database.close()
