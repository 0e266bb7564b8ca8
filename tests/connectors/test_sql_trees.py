"""Rows that hang on rows of their own table, rows without a key, and rows that are a person."""

from __future__ import annotations

import pytest

from connectors.sdk import Expect, KeySet, Misconfigured, Standing
from rights.domain.datamap import Depth
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import accessor, aim, fields, held, none, owner, table

ME, ANNA, BEN = 1, 2, 3


def comments(database: Database) -> None:
    database.run(
        "CREATE TABLE comments (id INTEGER PRIMARY KEY, author_id INTEGER,"
        " parent_id INTEGER REFERENCES comments (id), body VARCHAR(20))",
        f"INSERT INTO comments VALUES (1, {ME}, NULL, 'mine')",
        f"INSERT INTO comments VALUES (2, {ANNA}, 1, 'a reply')",
        f"INSERT INTO comments VALUES (3, {BEN}, 2, 'a reply to it')",
        f"INSERT INTO comments VALUES (4, {BEN}, NULL, 'apart')",
        f"INSERT INTO comments VALUES (0, {ME}, 1, 'to myself')",
    )


def test_shallow_replies_stay_and_lose_the_pointer(database: Database) -> None:
    comments(database)
    collection = table("comments", owner("author_id"), none("parent_id", "shop.comments"))
    target = aim(collection, held(users=ME, comments=[0, 1]))
    connector = database.connector()

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.decorrelated) == (2, 1)
    assert database.rows("SELECT id, parent_id FROM comments ORDER BY id") == [
        (2, None),
        (3, 2),
        (4, None),
    ]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


def test_a_deep_subtree_goes_whoever_wrote_it(database: Database) -> None:
    comments(database)
    deep = none("parent_id", "shop.comments", depth=Depth.DEEP)
    collection = table("comments", owner("author_id"), deep)
    connector = database.connector()

    frozen = connector.freeze(
        collection, held(users=ME), aim(collection, KeySet()).predicate, ((),)
    )
    receipt = connector.erase(aim(collection, held(users=ME).merged(frozen)), work())

    assert set(frozen.keys("shop.comments", Standing.SOLE)) == {(0,), (1,), (2,), (3,)}
    assert receipt.affected == 4
    assert database.rows("SELECT id FROM comments") == [(4,)]


def test_ownership_follows_a_tree_of_its_own_collection(database: Database) -> None:
    database.run(
        "CREATE TABLE folders (id INTEGER PRIMARY KEY, user_id INTEGER, parent_id INTEGER)",
        f"INSERT INTO folders VALUES (1, {ME}, NULL), (2, NULL, 1), (3, NULL, 2), (4, {ANNA}, 2)",
    )
    folders = table("folders", owner("user_id"), owner("parent_id", "shop.folders"))
    predicate = aim(folders, KeySet()).predicate

    frozen = database.connector().freeze(folders, held(users=ME), predicate, ((),))

    assert frozen.anchors["shop.folders"] == {
        Standing.SOLE: ((1,), (2,), (3,)),
        Standing.SHARED: ((4,),),
    }


def test_a_table_without_a_key_is_erased_by_predicate_and_read_in_order(
    database: Database,
) -> None:
    database.run(
        "CREATE TABLE log (user_id INTEGER, page VARCHAR(20))",
        f"INSERT INTO log VALUES ({ME}, 'b'), ({ME}, 'a'), ({ME}, 'a'), ({ANNA}, 'c')",
    )
    log = table("log", owner("user_id"), fields=fields("page"))
    connector, target = database.connector(), aim(log, held(users=ME))

    pages = [r["page"] for r in connector.collect(target, work())]  # type: ignore[index]
    receipt = connector.erase(target, work())

    assert pages == ["a", "a", "b"]
    assert receipt.affected == 3
    assert database.rows("SELECT * FROM log") == [(ANNA, "c")]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


def test_children_of_a_table_without_a_key_are_a_mistake_in_the_map(database: Database) -> None:
    database.run("CREATE TABLE log (user_id INTEGER, page VARCHAR(20))")
    log = table("log", owner("user_id"))

    with pytest.raises(Misconfigured, match=r"shop\.log: it has no primary key"):
        database.connector().freeze(log, held(users=ME), aim(log, KeySet()).predicate, ((),))


def test_identifiers_are_taken_from_rows_that_are_the_persons_only(database: Database) -> None:
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), friend_id INTEGER)",
        f"INSERT INTO users VALUES ({ME}, 'me@example.test', NULL), ({ANNA}, 'a@b.test', {ME})",
    )
    users = table("users", accessor("friend_id"), identifies={"user_id": "id", "email": "email"})
    keys = held(identifier_user_id=str(ME), users=ME)

    frozen = database.connector().freeze(users, keys, aim(users, keys).predicate, ((),))

    assert frozen.keys("identifier:email") == (("me@example.test",),)
    assert frozen.anchors["shop.users"] == {Standing.SOLE: ((ME,),), Standing.SEEN: ((ANNA,),)}


def test_an_identity_row_is_found_by_its_frozen_key_when_its_address_changed(
    database: Database,
) -> None:
    database.run(
        "CREATE TABLE readers (id INTEGER PRIMARY KEY, email VARCHAR(80))",
        "INSERT INTO readers VALUES (5, 'new@example.test'), (6, 'other@example.test')",
    )
    readers = table("readers", identifies={"email": "email"})
    target = aim(readers, held(identifier_email="old@example.test", readers=5))
    connector = database.connector()

    assert connector.verify(target, work(), Expect.ERASED).rows == 1
    assert connector.erase(target, work()).affected == 1
    assert database.rows("SELECT id FROM readers") == [(6,)]
