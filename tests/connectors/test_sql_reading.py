"""What rows look like when they are read: types, paths, order, streams, and discovery."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from connectors.sdk import Expect, KeySet, Misconfigured, Standing, TableFound
from connectors.sql import Sql, SqlSettings, engines, keysets, reading
from tests.connectors.contract import record, said, work
from tests.connectors.database import Database, elsewhere
from tests.connectors.keys import SOLE, accessor, aim, fields, held, owner, table

ME = 1

TYPES = {
    "sqlite": "b BLOB, ts DATETIME, d DATE, n NUMERIC(10,2), f REAL, ok BOOLEAN, j JSON,"
    " u CHAR(32)",
    "postgresql": "b BYTEA, ts TIMESTAMPTZ, d DATE, n NUMERIC(10,2), f FLOAT8, ok BOOLEAN, j JSONB,"
    " u UUID",
    "mysql": "b BLOB, ts TIMESTAMP NULL, d DATE, n NUMERIC(10,2), f DOUBLE, ok BOOLEAN, j JSON,"
    " u CHAR(32)",
}
UUID = "5f0c6d0e1b2a4c3d8e9f0a1b2c3d4e5f"


def read(connector: Sql, target: Any) -> list[dict[str, Any]]:
    return [record(item) for item in connector.collect(target, work())]


def test_every_value_becomes_json_native(database: Database) -> None:
    dialect = database.engine.dialect.name
    database.run(f"CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER, {TYPES[dialect]})")
    row = {
        "id": 1,
        "user_id": ME,
        "b": b"\x00\xff",
        "ts": "2026-01-02 03:04:05",
        "d": "2026-01-02",
        "n": 10.5,
        "f": 0.25,
        "ok": True,
        "j": '{"a": [{"id": 1}, {"id": 2}]}',
        "u": UUID,
    }
    database.put("things", row)
    names = ("b", "ts", "d", "n", "f", "ok", "j", "u", "j.a[].id")
    things = table("things", owner("user_id"), fields=fields(*names))

    [record] = read(database.connector(), aim(things, held(users=ME)))

    offset = "" if dialect == "sqlite" else "+00:00"
    assert json.loads(json.dumps(record)) == record
    assert record["b"] == "AP8="
    assert record["ts"] == f"2026-01-02T03:04:05{offset}"
    assert record["d"] == "2026-01-02"
    assert (record["n"], record["f"], record["ok"]) == ("10.50", 0.25, True)
    assert record["j.a[].id"] == [1, 2]
    assert record["u"].replace("-", "") == UUID


def test_a_date_in_another_spelling_is_passed_on_and_not_refused(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.run(
        "CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER, ts DATETIME, n DECIMAL)",
        f"INSERT INTO things VALUES (1, {ME}, '2026-01-02T03:04:05Z', 'x'),"
        f" (2, {ME}, 1700000000, 2), (3, {ME}, 'last May', NULL)",
    )
    things = table("things", owner("user_id"), fields=fields("ts"))

    records = read(database.connector(), aim(things, held(users=ME)))

    assert [r["ts"] for r in records] == ["2026-01-02T03:04:05+00:00", 1700000000, "last May"]
    database.close()


def test_more_rows_than_a_page_come_once_each_and_in_order(database: Database) -> None:
    count = reading.PAGE * 2 + 7
    database.run("CREATE TABLE hits (id INTEGER PRIMARY KEY, user_id INTEGER)")
    database.put("hits", *({"id": n, "user_id": n % 2} for n in range(2 * count)))
    hits = table("hits", owner("user_id"), fields=fields("id"))

    records = read(database.connector(), aim(hits, held(users=ME)))

    assert [r["id"] for r in records] == list(range(1, 2 * count, 2))


def test_a_stream_that_is_left_early_frees_its_connection(database: Database) -> None:
    database.run("CREATE TABLE hits (id INTEGER PRIMARY KEY, user_id INTEGER)")
    database.put("hits", *({"id": n, "user_id": ME} for n in range(reading.PAGE * 2)))
    hits = table("hits", owner("user_id"), fields=fields("id"))
    connector = database.connector(pool=1)

    for _ in range(3):
        stream = connector.collect(aim(hits, held(users=ME)), work())
        next(stream)
        stream.close()  # type: ignore[attr-defined]

    assert connector.locate(aim(hits, held(users=ME)), work()).rows == reading.PAGE * 2


def test_thousands_of_keys_are_one_set(database: Database) -> None:
    count = keysets.LONGEST_LIST + 5
    database.run(
        "CREATE TABLE hits (id INTEGER PRIMARY KEY, user_id INTEGER, ref VARCHAR(20))",
    )
    database.put("hits", *({"id": n, "user_id": n * 10, "ref": f"r{n}"} for n in range(50)))
    hits = table("hits", owner("user_id"), owner("ref", "crm.refs"), fields=fields("id"))
    many = held(users=[n * 10 for n in range(25)] + [-n for n in range(1, count)])
    texts = held(users=[n * 10 for n in range(50)]).merged(
        KeySet({"crm.refs": {Standing.SOLE: tuple((f"r{n}",) for n in range(count))}})
    )
    connector = database.connector()

    assert connector.locate(aim(hits, many), work()).by_standing == {"shared": 25}
    assert connector.erase(aim(hits, texts), work()).affected == 50


def test_names_that_need_quoting_are_quoted(database: Database) -> None:
    quote = database.engine.dialect.identifier_preparer.quote_identifier
    name, column = quote("order"), quote("select: x%s")
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {column} INTEGER)"
        )
        connection.exec_driver_sql(f"INSERT INTO {name} VALUES (1, {ME})")
    orders = table("order", owner("select: x%s"), fields=fields("id", "select: x%s"))
    connector, target = database.connector(), aim(orders, held(users=ME))

    assert read(connector, target) == [{"id": 1, "select: x%s": ME}]
    assert connector.verify(target, work(), Expect.ERASED).rows == 1
    assert connector.erase(target, work()).affected == 1


def test_discover_lists_keys_and_foreign_keys_and_not_our_own_table(database: Database) -> None:
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(10))",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, note VARCHAR(5),"
        " FOREIGN KEY (user_id) REFERENCES users (id))",
        "CREATE TABLE log (line VARCHAR(10))",
    )
    connector = database.connector()
    connector.erase(aim(table("log", owner("line")), held(users="x")), work())

    inventory = connector.discover()

    found = {t.name: t for t in inventory.tables}
    assert set(found) == {"users", "orders", "log"}
    assert isinstance(found["orders"], TableFound)
    assert found["orders"].foreign_keys == ((("user_id",), "users", ("id",)),)
    assert found["orders"].key == ("id",)
    assert found["log"].key == ()
    indexed_by_itself = database.engine.dialect.name == "mysql"
    assert found["orders"].unindexed == (() if indexed_by_itself else (("user_id",),))


def test_the_hash_changes_with_the_schema(database: Database) -> None:
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    before = database.connector().discover().hash
    database.run("ALTER TABLE users ADD COLUMN email VARCHAR(20)")

    assert database.connector().discover().hash != before


def test_a_column_the_table_does_not_have_is_misconfigured(database: Database) -> None:
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    users = table("users", owner("id"), fields=fields("nick"))

    with pytest.raises(Misconfigured, match=r"shop\.users: the table has no column nick"):
        read(database.connector(), aim(users, held(users=ME)))


def test_a_table_that_changes_under_a_running_worker_is_looked_at_again(
    database: Database,
) -> None:
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER, nick VARCHAR(9))")
    database.put("users", {"id": ME, "age": 4, "nick": "n"})
    users = table("users", owner("id"), fields=fields("id", "age", "nick"))
    target, connector = aim(users, held(users=ME)), database.connector()
    for _ in range(8):  # often enough for a prepared statement
        assert read(connector, target)[0]["nick"] == "n"
    database.run("DROP TABLE users", "CREATE TABLE users (id INTEGER PRIMARY KEY, age VARCHAR(9))")
    database.put("users", {"id": ME, "age": "old"})

    with pytest.raises(Misconfigured):
        read(connector, target)
    with pytest.raises(Misconfigured, match="no column nick"):
        read(connector, target)
    fewer = table("users", owner("id"), fields=fields("id", "age"))

    assert read(connector, aim(fewer, held(users=ME))) == [{"id": ME, "age": "old"}]


def test_a_partition_is_no_table_of_its_own(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.run(
        "CREATE TABLE hits (id INTEGER, at DATE) PARTITION BY RANGE (at)",
        "CREATE TABLE hits_26 PARTITION OF hits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    )

    assert [t.name for t in database.connector().discover().tables] == ["hits"]
    database.close()


def test_another_schema_and_another_role_for_reading(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.run(
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.orders (id INTEGER PRIMARY KEY, user_id INTEGER)",
        f"INSERT INTO sales.orders VALUES (1, {ME})",
    )
    reader = database.connector(
        schema="sales",
        read_url=postgres_url,
        url=elsewhere(postgres_url, username="no_such_role"),
    )
    target = aim(table("orders", owner("user_id"), fields=fields("id")), held(users=ME))

    assert read(reader, target) == [{"id": 1}]
    with pytest.raises(Misconfigured):
        reader.erase(target, work())
    assert database.connector(schema="sales").erase(target, work()).affected == 1
    database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense://x", "postgresql://u:pass-7f3a@h:port/db", "oracle://h/d"]
)
def test_an_address_nobody_speaks_is_misconfigured_and_not_repeated(url: str) -> None:
    connector = Sql(SqlSettings(url=url))

    with pytest.raises(Misconfigured) as caught:
        connector.probe()

    assert "pass-7f3a" not in " ".join(said(caught.value)) + repr(connector) + repr(
        SqlSettings(url)
    )


def test_a_forked_worker_opens_connections_of_its_own(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.run("CREATE TABLE hits (id INTEGER PRIMARY KEY, user_id INTEGER)")
    database.put("hits", {"id": 1, "user_id": ME})
    target = aim(table("hits", owner("user_id")), held(users=ME))
    connector = database.connector()
    assert connector.locate(target, work()).rows == 1

    child = os.fork()
    if child == 0:
        found = connector.locate(target, work()).rows
        os._exit(0 if found == 1 else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert connector.locate(target, work()).rows == 1
    database.close()


def test_a_connection_the_server_closed_is_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_url)
    database.run("CREATE TABLE hits (id INTEGER PRIMARY KEY, user_id INTEGER)")
    target = aim(table("hits", owner("user_id")), held(users=ME))
    connector = database.connector()
    connector.locate(target, work())
    monkeypatch.setattr(engines, "_IDLE_S", 0.0)
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    assert connector.locate(target, work()).rows == 0
    database.close()


def test_a_row_found_before_shows_no_more_than_the_way_it_was_found_by(
    database: Database,
) -> None:
    database.run(
        "CREATE TABLE staff (id INTEGER PRIMARY KEY, boss_id INTEGER, note VARCHAR(20))",
        "INSERT INTO staff VALUES (1, NULL, 'mine'), (2, 1, 'hers')",
    )
    masked = table(
        "staff",
        accessor("boss_id", "shop.staff", mask=("note",)),
        identifies={"staff_id": "id"},
        fields=fields("id", "note"),
    )
    keys = KeySet({"identifier:staff_id": {SOLE: ((1,),)}, "shop.staff": {SOLE: ((1,),)}})
    seen = KeySet({"shop.staff": {Standing.SEEN: ((2,),)}})
    connector, target = database.connector(), aim(masked, keys.merged(seen))

    assert [tuple(r.values()) for r in connector.collect(target, work())] == [  # type: ignore[union-attr]
        (1, "mine"),
        (2, None),
    ]
