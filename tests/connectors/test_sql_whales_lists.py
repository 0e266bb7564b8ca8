"""Very many rows that name their people in a list: in chunks, each once, others' elements whole."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.sdk import Expect
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import accessor, aim, fields, held, owner, table
from tests.connectors.whales import (
    ME,
    OTHER,
    SMALL,
    child,
    end_of,
    noted,
    series,
    unhurried,
    until_done,
    when_some_are_done,
)

ROWS = 3_000
"""Of each sort: hers alone, of both, his alone."""

CARTS = table(
    "carts",
    owner("items[].user_id", anonymise=("items[].user_id", "items[].note")),
    accessor("watchers[]"),
    key=("id",),
    fields=fields("title", "items[].note"),
)
TARGET = aim(CARTS, held(users=ME))
MINE = {"user_id": ME, "note": "hers"}
HIS = {"user_id": OTHER, "note": "his", "deep": {"n": [1, None, "ü"]}}
NAMELESS = {"sku": 'a "quoted" one', "n": 1.5, "x": None, "ok": True}
LISTS = {0: [MINE], 1: [HIS, MINE, NAMELESS, MINE], 2: [HIS]}


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that several processes write to at once."""
    made = Database(request.getfixturevalue(f"clean_{request.param}_url"))
    yield made
    made.close()


def carts(database: Database, *, key: str = "BIGINT", rows: int = ROWS) -> None:
    """Rows by number: ``id % 3`` says whose; of both, she watches too."""
    engine = database.engine.dialect.name
    kind = {"postgresql": "JSONB", "mysql": "JSON", "sqlite": "TEXT"}[engine]
    listed = "INTEGER[]" if engine == "postgresql" else kind
    database.run(
        f"CREATE TABLE carts (id {key} PRIMARY KEY, title VARCHAR(20), items {kind},"
        f" watchers {listed})"
    )
    sorts = {n: json.dumps(one, ensure_ascii=False) for n, one in LISTS.items()}
    cases = " ".join(f"WHEN n % 3 = {n} THEN {_text(engine, one)}" for n, one in sorts.items())
    both = f"{OTHER}, {ME}"
    watched = f"'{{{both}}}'" if engine == "postgresql" else f"'[{both}]'"
    nobody = "'{}'" if engine == "postgresql" else "'[]'"
    cast = {"postgresql": "::jsonb"}.get(engine, "")
    array = {"postgresql": "::integer[]"}.get(engine, "")
    number = "n" if key == "BIGINT" else ("'k' || n" if engine == "sqlite" else "CONCAT('k', n)")
    series(
        database,
        "INSERT INTO carts (id, title, items, watchers)",
        f"SELECT {number}, 'a cart', (CASE {cases} END){cast},"
        f" (CASE WHEN n % 3 = 1 THEN {watched} ELSE {nobody} END){array} FROM s",
        3 * rows,
    )


def _text(engine: str, text: str) -> str:
    # A colon would begin a parameter.
    text = text.replace("'", "''").replace(":", r"\:")
    return "'" + (text.replace('\\"', '\\\\"') if engine == "mysql" else text) + "'"


def left(database: Database) -> dict[str, int]:
    """Return how many rows hold which lists; of JSON what it says, not how it is written."""
    found: dict[str, int] = {}
    for row in database.rows("SELECT title, items, watchers, COUNT(*) FROM carts GROUP BY 1, 2, 3"):
        title, *lists, count = row
        read = [json.loads(x) if isinstance(x, str) else x for x in lists]
        said = json.dumps([title, *read], sort_keys=True, ensure_ascii=False)
        found[said] = found.get(said, 0) + count
    return found


def lists(items: Any, watchers: Any) -> str:
    return json.dumps(["a cart", items, watchers], sort_keys=True, ensure_ascii=False)


AFTER = {lists([HIS, {}, NAMELESS, {}], [OTHER]): ROWS, lists([HIS], []): ROWS}


@pytest.mark.parametrize("key", ["BIGINT", "VARCHAR(20)"])
def test_rows_named_in_a_list_go_in_chunks_and_lose_only_her_elements(
    database: Database, key: str
) -> None:
    carts(database, key=key)
    unit, connector = work(), database.connector(**SMALL)

    receipt, turns = until_done(connector, TARGET, unit)

    chunks = noted(database, unit)
    assert (receipt.affected, receipt.decorrelated, receipt.retained) == (ROWS, ROWS, 0)
    assert turns > 3
    assert len(chunks) > 4
    assert sum(rows for _, rows, _ in chunks) == 2 * ROWS
    assert left(database) == AFTER
    assert connector.erase(TARGET, replace(unit, fence=unit.fence + 10_000)) == receipt
    assert connector.verify(TARGET, unit, Expect.ERASED).rows == 0


def test_in_chunks_and_at_once_it_comes_to_the_same(database: Database) -> None:
    carts(database)
    unit, connector = work(), database.connector()

    receipt = connector.erase(TARGET, unit)

    assert [chunk for chunk, _, _ in noted(database, unit)] == [0]
    assert (receipt.affected, receipt.decorrelated) == (ROWS, ROWS)
    assert left(database) == AFTER


def test_the_next_worker_goes_on_in_the_lists_after_a_kill(server: Database) -> None:
    carts(server)
    unit = work()
    pid = child(lambda: server.connector(**SMALL).erase(TARGET, unhurried(unit)))
    when_some_are_done(server, unit, pid)
    os.kill(pid, signal.SIGKILL)
    assert end_of(pid) == -signal.SIGKILL
    between = sum(left(server).values())

    receipt = server.connector(**SMALL).erase(TARGET, replace(unit, fence=2))

    assert 2 * ROWS < between < 3 * ROWS
    assert (receipt.affected, receipt.decorrelated) == (ROWS, ROWS)
    assert sum(rows for _, rows, _ in noted(server, unit)) == 2 * ROWS
    assert left(server) == AFTER


def test_anonymised_lists_are_emptied_in_chunks(database: Database) -> None:
    carts(database)
    unit, connector = work(anonymise=True), database.connector(**SMALL)

    receipt, turns = until_done(connector, TARGET, unit)

    assert turns > 3
    assert (receipt.affected, receipt.decorrelated) == (ROWS, ROWS)
    assert connector.verify(TARGET, unit, Expect.ERASED).rows == 0
    after = left(database)
    assert after[lists([HIS], [])] == ROWS
    assert after[lists([HIS, {}, NAMELESS, {}], [OTHER])] == ROWS
    assert sum(after.values()) == 3 * ROWS
    assert "hers" not in str(after)


def test_lists_are_compared_with_very_many_keys_of_hers_in_chunks(
    clean_postgres_url: str,
) -> None:
    """More keys than are sent with a statement: they are in a table of the connection."""
    database = Database(clean_postgres_url)
    carts(database, rows=400)
    many = aim(CARTS, held(users=[ME, *range(100, 12_200)]))
    unit, connector = work(), database.connector(whale_rows=200, chunk_s=0.02)

    receipt, turns = until_done(connector, many, unit)

    assert turns > 1
    assert (receipt.affected, receipt.decorrelated) == (400, 400)
    assert left(database) == dict.fromkeys(AFTER, 400)
    database.close()


def test_rows_that_two_columns_name_her_in_are_counted_once_each(database: Database) -> None:
    """Plain columns as well: the first cut moves a row of PostgreSQL out of its page."""
    database.run(
        "CREATE TABLE talks (id BIGINT PRIMARY KEY, user_id INTEGER, friend_id INTEGER,"
        " reader_id INTEGER, body VARCHAR(80))"
    )
    series(
        database,
        "INSERT INTO talks (id, user_id, friend_id, reader_id, body)",
        f"SELECT n, {ME}, {OTHER}, {ME}, 'a long talk about nothing in particular' FROM s",
        ROWS,
    )
    talks = table("talks", owner("user_id"), owner("friend_id"), accessor("reader_id"), key=("id",))
    target, unit, connector = aim(talks, held(users=ME)), work(), database.connector(**SMALL)

    receipt, turns = until_done(connector, target, unit)

    assert turns > 3
    assert (receipt.affected, receipt.decorrelated) == (0, ROWS)
    assert sum(rows for _, rows, _ in noted(database, unit)) == ROWS
    query = "SELECT user_id, friend_id, reader_id, COUNT(*) FROM talks GROUP BY 1, 2, 3"
    assert [tuple(row) for row in database.rows(query)] == [(None, OTHER, None, ROWS)]
