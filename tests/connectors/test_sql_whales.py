"""Erasures too large for one transaction: in chunks, each once, whatever happens to the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.sdk import Erasure, Expect, Fenced, Refused, Restriction, Unfinished
from rights.domain.datamap import Retention
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import accessor, aim, fields, held, owner, table
from tests.connectors.whales import (
    EVENTS,
    ME,
    MINE,
    OTHER,
    SMALL,
    child,
    end_of,
    events,
    noted,
    others,
    series,
    stopping,
    unhurried,
    until_done,
    when_some_are_done,
    when_stopped,
)

TARGET = aim(EVENTS, held(users=ME))


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that several processes write to at once."""
    made = Database(request.getfixturevalue(f"clean_{request.param}_url"))
    yield made
    made.close()


def test_many_rows_go_in_chunks_and_each_is_counted_once(database: Database) -> None:
    events(database)
    before, unit, connector = others(database), work(), database.connector(**SMALL)

    receipt = connector.erase(TARGET, unit)

    chunks = noted(database, unit)
    assert receipt.affected == MINE
    assert len(chunks) > 4
    assert sum(rows for _, rows, _ in chunks) == MINE
    assert others(database) == before
    assert connector.erase(TARGET, replace(unit, fence=2)) == receipt
    assert connector.verify(TARGET, unit, Expect.ERASED).rows == 0


def test_few_rows_go_in_one_transaction(database: Database) -> None:
    events(database)
    unit, connector = work(), database.connector()

    receipt = connector.erase(TARGET, unit)

    assert receipt.affected == MINE
    assert [(chunk, rows) for chunk, rows, _ in noted(database, unit)] == [(0, MINE)]


@pytest.mark.parametrize(
    "key",
    ["id VARCHAR(20) PRIMARY KEY", "a INTEGER, b BIGINT, PRIMARY KEY (b, a)", "id BIGINT"],
    ids=["text", "composite", "none"],
)
def test_any_key_will_do(database: Database, key: str) -> None:
    events(database, key=key)
    before, unit, connector = others(database), work(), database.connector(**SMALL)

    receipt = connector.erase(TARGET, unit)

    assert receipt.affected == MINE == sum(rows for _, rows, _ in noted(database, unit))
    assert others(database) == before


def test_it_gives_the_worker_back_and_goes_on_where_it_was(database: Database) -> None:
    events(database)
    unit, connector = work(), database.connector(**SMALL)

    receipt, turns = until_done(connector, TARGET, unit)

    chunks = noted(database, unit)
    assert receipt.affected == MINE == sum(rows for _, rows, _ in chunks)
    assert turns > 3
    fences = [fence for chunk, _, fence in chunks if chunk]
    assert fences == sorted(set(fences))  # one chunk for each turn


def test_a_worker_for_whom_nobody_waits_goes_on_for_a_while(database: Database) -> None:
    events(database)
    unit, connector = work(), database.connector(**SMALL)
    past = unit.deadline - timedelta(days=1)
    alone = replace(unit, until=past, waited_for=lambda: False)

    with pytest.raises(Unfinished):
        connector.erase(TARGET, replace(alone, at_most=past))
    assert len(noted(database, unit)) == 1
    following = replace(alone, fence=unit.fence + 1, at_most=unit.deadline)

    assert connector.erase(TARGET, following).affected == MINE


def test_it_stops_after_the_chunk_after_which_the_store_has_enough(database: Database) -> None:
    events(database)
    unit, connector = work(), database.connector(**SMALL)

    with pytest.raises(Unfinished):
        connector.erase(TARGET, replace(unit, strained=lambda: True))

    assert len(noted(database, unit)) == 1
    receipt = connector.erase(TARGET, replace(unit, fence=unit.fence + 1))
    assert receipt.affected == MINE


def test_the_next_worker_goes_on_after_a_kill(server: Database) -> None:
    events(server)
    before, unit = others(server), work()
    pid = child(lambda: server.connector(**SMALL).erase(TARGET, unhurried(unit)))
    when_some_are_done(server, unit, pid)
    os.kill(pid, signal.SIGKILL)
    assert end_of(pid) == -signal.SIGKILL
    left = server.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}")

    receipt = server.connector(**SMALL).erase(TARGET, replace(unit, fence=2))

    chunks = noted(server, unit)
    assert 0 < left < MINE
    assert receipt.affected == MINE == sum(rows for _, rows, _ in chunks)
    assert sum(rows for _, rows, fence in chunks if fence == 2) <= left
    assert server.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}") == 0
    assert others(server) == before


def test_a_late_worker_changes_nothing(server: Database) -> None:
    events(server)
    unit = work()
    pid = child(lambda: server.connector(**SMALL).erase(TARGET, stopping(unit, after=4)))
    when_stopped(pid)
    done = len(noted(server, unit))
    try:
        receipt = server.connector(**SMALL).erase(TARGET, replace(unit, fence=2))
        series(
            server,
            "INSERT INTO events (id, user_id)",
            f"SELECT 1000000 + n, {ME} FROM s",
            2 * MINE,
        )
    finally:
        os.kill(pid, signal.SIGCONT)

    assert done > 0
    assert end_of(pid) == 3
    assert receipt.affected == MINE
    assert server.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}") == 2 * MINE


def test_a_worker_with_an_old_fence_is_refused_before_its_first_chunk(database: Database) -> None:
    events(database)
    unit, connector = work(fence=2), database.connector(**SMALL)
    until = replace(unit, fence=1)

    connector.erase(TARGET, unit)
    database.run("UPDATE rights_step SET receipt = NULL WHERE chunk_no = 0")

    with pytest.raises(Fenced):
        connector.erase(TARGET, until)


def test_anonymising_writes_each_row_once(server: Database) -> None:
    events(server)
    server.run("ALTER TABLE events ADD COLUMN writes INTEGER NOT NULL DEFAULT 0")
    count_writes(server)
    before, unit = others(server), work(anonymise=True)
    pid = child(lambda: server.connector(**SMALL).erase(TARGET, unhurried(unit)))
    when_some_are_done(server, unit, pid)
    os.kill(pid, signal.SIGKILL)
    end_of(pid)
    connector = server.connector(**SMALL)

    receipt = connector.erase(TARGET, replace(unit, fence=2))

    assert receipt.affected == MINE == sum(rows for _, rows, _ in noted(server, unit))
    assert server.rows("SELECT writes, COUNT(*) FROM events GROUP BY writes ORDER BY 1") == [
        (0, MINE // 3),
        (1, MINE),
    ]
    assert server.value("SELECT COUNT(*) FROM events WHERE ip IS NULL AND note IS NULL") == MINE
    assert others(server) == before
    assert connector.verify(TARGET, unit, Expect.ERASED).rows == 0


def count_writes(database: Database) -> None:
    """Let the database itself count how often a row is written."""
    if database.engine.dialect.name == "mysql":
        database.run(
            "CREATE TRIGGER counting BEFORE UPDATE ON events FOR EACH ROW"
            " SET NEW.writes = OLD.writes + 1"
        )
        return
    database.run(
        "CREATE FUNCTION counting() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.writes = OLD.writes + 1; RETURN NEW; END $$",
        "CREATE TRIGGER counting BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION counting()",
    )


def test_rows_of_several_owners_and_held_rows_are_told_apart_in_chunks(
    database: Database,
) -> None:
    events(database)
    database.run(
        "ALTER TABLE events ADD COLUMN friend_id INTEGER",
        "ALTER TABLE events ADD COLUMN made TIMESTAMP NULL",
        "ALTER TABLE events ADD COLUMN frozen BOOLEAN",
        f"UPDATE events SET friend_id = {OTHER} WHERE id % 5 = 0",
        "UPDATE events SET made = '2026-11-01 00:00:00' WHERE id % 7 = 0",
        "UPDATE events SET made = '2001-01-01 00:00:00' WHERE id % 7 <> 0",
    )
    both = table(
        "events",
        owner("user_id"),
        owner("friend_id"),
        fields=fields("ip", "note"),
        retention=Retention(period="3y", from_="made", basis="a law", rank="law"),
        restriction=Restriction("flag", "frozen", True),
    )
    target, unit = aim(both, held(users=ME)), work()
    plain, chunked = database.connector(), database.connector(**SMALL)
    counts = {
        "going": f"user_id = {ME} AND friend_id IS NULL AND id % 7 <> 0",
        "shared": f"user_id = {ME} AND friend_id IS NOT NULL AND id % 7 <> 0",
        "held": f"user_id = {ME} AND id % 7 = 0",
    }
    expected = {
        name: database.value(f"SELECT COUNT(*) FROM events WHERE {where}")
        for name, where in counts.items()
    }

    receipt, _ = until_done(chunked, target, unit)

    assert receipt.affected == expected["going"]
    assert receipt.decorrelated == expected["shared"]
    assert receipt.retained == expected["held"]
    assert receipt.because == "a law"
    assert len(noted(database, unit)) > 4
    assert plain.verify(target, unit, Expect.ERASED).rows == 0


def test_a_pointer_that_cannot_be_cut_is_refused_before_anything_goes(
    database: Database,
) -> None:
    events(database)
    database.run(
        "CREATE TABLE talks (id BIGINT PRIMARY KEY, user_id INTEGER, reader_id INTEGER NOT NULL)"
    )
    series(
        database,
        "INSERT INTO talks (id, user_id, reader_id)",
        f"SELECT n, CASE WHEN n < 3000 THEN {ME} ELSE {OTHER} END, {ME} FROM s",
        4000,
    )
    talks = table("talks", owner("user_id"), accessor("reader_id"))

    with pytest.raises(Refused, match="reader_id"):
        database.connector(**SMALL).erase(aim(talks, held(users=ME)), work())

    assert database.value("SELECT COUNT(*) FROM talks") == 4000


def test_children_of_very_many_parents_are_found_through_a_table_of_keys(
    server: Database,
) -> None:
    database = server
    database.run(
        "CREATE TABLE orders (id BIGINT PRIMARY KEY, user_id INTEGER)",
        "CREATE TABLE items (id BIGINT PRIMARY KEY, order_id BIGINT, sku VARCHAR(20))",
        "CREATE INDEX items_order ON items (order_id)",
    )
    parents = 12_000
    series(
        database,
        "INSERT INTO orders (id, user_id)",
        f"SELECT n, CASE WHEN n % 4 = 0 THEN {OTHER} ELSE {ME} END FROM s",
        parents * 4 // 3,
    )
    series(
        database,
        "INSERT INTO items (id, order_id, sku)",
        "SELECT n, n, 'sku' FROM s",
        parents * 4 // 3,
    )
    items = table("items", owner("order_id", "shop.orders"))
    mine = [row[0] for row in database.rows(f"SELECT id FROM orders WHERE user_id = {ME}")]
    target, unit = aim(items, held(orders=mine)), work()

    receipt, turns = until_done(database.connector(whale_rows=2000, chunk_s=0.2), target, unit)

    assert receipt.affected == parents
    assert turns > 1
    assert database.value("SELECT COUNT(*) FROM items") == parents // 3
    assert _temporary_tables(database) == 0


def _temporary_tables(database: Database) -> int:
    if database.engine.dialect.name != "postgresql":
        return 0
    return int(database.value("SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'rights_keys%'"))


def test_partitions_are_cut_one_by_one(clean_postgres_url: str) -> None:
    database = Database(clean_postgres_url)
    database.run(
        "CREATE TABLE events (id BIGINT, user_id INT, ip TEXT, note TEXT) PARTITION BY RANGE (id)",
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (2000)",
        "CREATE TABLE empty PARTITION OF events FOR VALUES FROM (2000) TO (3000)",
        "CREATE TABLE events_2 (ip TEXT, note TEXT, user_id INT, id BIGINT)",
        "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (3000) TO (9000)",
        "INSERT INTO events SELECT n, 1 + (n % 4 = 0)::int, 'x', repeat('y', 200)"
        " FROM generate_series(1, 8999) n WHERE n NOT BETWEEN 2000 AND 2999",
    )
    mine = database.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}")
    before, unit = others(database), work()

    receipt, turns = until_done(database.connector(**SMALL), TARGET, unit)

    assert receipt.affected == mine == sum(rows for _, rows, _ in noted(database, unit))
    assert turns > 4
    assert others(database) == before
    database.close()


def test_anonymised_collections_are_emptied_in_chunks(database: Database) -> None:
    events(database)
    before, unit = others(database), work()
    kept = replace(EVENTS, erasure=Erasure.ANONYMISE)

    receipt, turns = until_done(database.connector(**SMALL), aim(kept, held(users=ME)), unit)

    assert receipt.affected == MINE
    assert turns > 3
    assert others(database) == before
    assert database.value("SELECT COUNT(*) FROM events WHERE ip IS NULL") == MINE
