"""Whose a row is: every kind of link, on every engine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sdk import Expect, KeySet, Receipt, Standing
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import (
    DELETE_LINK,
    KEEP_LINK,
    accessor,
    aim,
    contact,
    counts,
    fields,
    held,
    owner,
    table,
)

ME, ANNA, BEN = 1, 2, 3

ORDERS = table("orders", owner("user_id"), contact("guest_email"), fields=fields("id", "total"))
MESSAGES = table(
    "messages",
    owner("sender_id", anonymise=("body", "sender_id")),
    accessor("recipient_id", mask=("sender_ip",), anonymise=("recipient_id",)),
    fields=fields("id", "body", "sender_ip"),
)


def messages(database: Database) -> None:
    database.run(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER, recipient_id INTEGER,"
        " body VARCHAR(20) NOT NULL, sender_ip VARCHAR(20))"
    )
    for number, (sender, recipient) in enumerate([(ME, ANNA), (ANNA, ME), (ANNA, BEN), (ME, ME)]):
        database.put(
            "messages",
            {
                "id": number,
                "sender_id": sender,
                "recipient_id": recipient,
                "body": f"text {number}",
                "sender_ip": f"10.0.0.{number}",
            },
        )


def test_what_one_sends_is_theirs_and_what_one_receives_is_seen(database: Database) -> None:
    messages(database)
    target = aim(MESSAGES, held(users=ME))

    assert counts(database.connector().locate(target, work())) == {"sole": 2, "seen": 1}


def test_a_mask_hides_a_field_unless_a_stronger_way_shows_it(database: Database) -> None:
    messages(database)

    records = list(database.connector().collect(aim(MESSAGES, held(users=ME)), work()))

    assert [(r["id"], r["sender_ip"]) for r in records] == [  # type: ignore[index]
        (0, "10.0.0.0"),
        (1, None),
        (3, "10.0.0.3"),
    ]


def test_erasing_a_recipient_cuts_the_pointer_and_leaves_the_message(database: Database) -> None:
    messages(database)
    connector, target = database.connector(), aim(MESSAGES, held(users=ME))

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.decorrelated) == (2, 1)
    assert database.rows("SELECT id, sender_id, recipient_id, body FROM messages ORDER BY id") == [
        (1, ANNA, None, "text 1"),
        (2, ANNA, BEN, "text 2"),
    ]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


def test_verify_finds_a_pointer_that_was_not_cut(database: Database) -> None:
    messages(database)
    connector, target = database.connector(), aim(MESSAGES, held(users=ME))
    connector.erase(target, work())
    database.run(f"UPDATE messages SET recipient_id = {ME} WHERE id = 2")

    assert connector.verify(target, work(), Expect.ERASED).rows == 1


def test_a_link_that_omits_shows_no_row(database: Database) -> None:
    messages(database)
    quiet = table("messages", accessor("recipient_id", omit=True), fields=fields("id"))

    assert list(database.connector().collect(aim(quiet, held(users=ME)), work())) == []


def test_an_address_decides_only_where_no_account_is_named(database: Database) -> None:
    database.run("CREATE TABLE letters (id INTEGER PRIMARY KEY, user_id INTEGER, mail VARCHAR(20))")
    rows = [(None, "me@x"), (ANNA, "me@x"), (ME, "old@x"), (None, "anna@x")]
    letters = [{"id": n, "user_id": one, "mail": mail} for n, (one, mail) in enumerate(rows)]
    database.put("letters", *letters)
    mine = table(
        "letters",
        owner("user_id"),
        contact("mail", type_column="user_id", type_value=None),
        fields=fields("id"),
    )
    connector = database.connector()
    target = aim(mine, held(users=ME, identifier_email="me@x"), normalise="email")

    assert counts(connector.locate(target, work())) == {"sole": 2}
    assert connector.erase(target, work()).affected == 2
    assert database.rows("SELECT id FROM letters ORDER BY id") == [(1,), (3,)]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


def test_rows_found_by_an_address_only_are_counted(database: Database) -> None:
    database.run("CREATE TABLE shares (id INTEGER PRIMARY KEY, list_id INTEGER, mail VARCHAR(20))")
    database.put("shares", {"id": 1, "list_id": 7, "mail": "ME@x"})
    shared = table("shares", contact("mail"), fields=fields("id"))
    target = aim(shared, held(identifier_email="me@x"), normalise="email")

    assert counts(database.connector().locate(target, work())) == {"sole": 1}


def accounts(database: Database) -> None:
    database.run(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, first_id INTEGER, second_id INTEGER)"
    )
    pairs = [(ME, ANNA), (ME, None), (ANNA, BEN), (None, ME), (ME, ME)]
    database.put(
        "accounts",
        *({"id": n, "first_id": one, "second_id": two} for n, (one, two) in enumerate(pairs)),
    )


ACCOUNTS = table("accounts", owner("first_id"), owner("second_id"), fields=fields("id"))


def test_a_co_owned_row_is_shared_until_its_last_owner_goes(database: Database) -> None:
    accounts(database)
    connector = database.connector()
    mine = aim(ACCOUNTS, held(users=ME))
    before = counts(connector.locate(mine, work()))

    first = connector.erase(mine, work())
    second = connector.erase(aim(ACCOUNTS, held(users=ANNA)), work())

    assert before == {"sole": 3, "shared": 1}
    assert (first.affected, first.decorrelated) == (3, 1)
    assert (second.affected, second.decorrelated) == (1, 1)
    assert database.rows("SELECT id, first_id, second_id FROM accounts") == [(2, None, BEN)]
    assert connector.verify(mine, work(), Expect.ERASED).rows == 0


def test_two_owners_erased_together_take_the_row(database: Database) -> None:
    accounts(database)

    receipt = database.connector().erase(aim(ACCOUNTS, held(users=[ME, ANNA, BEN])), work())

    assert receipt.affected == 5
    assert database.rows("SELECT * FROM accounts") == []


def test_two_owners_erased_at_the_same_time_leave_no_orphan(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time: nothing can run at the same time")
    accounts(database)
    database.run("DELETE FROM accounts WHERE id <> 0")
    done: list[Receipt] = []

    def erase(connector: Any, person: int) -> None:
        done.append(connector.erase(aim(ACCOUNTS, held(users=person)), work()))

    connectors = [database.connector(), database.connector()]
    for connector in connectors:  # reflection and journal first, so that both meet at the row
        erase(connector, 99)
    with database.engine.connect() as holder:
        holder.execute(sa.text("SELECT * FROM accounts FOR UPDATE"))
        threads = [
            threading.Thread(target=erase, args=pair)
            for pair in zip(connectors, (ME, ANNA), strict=True)
        ]
        for thread in threads:
            thread.start()
        threads[0].join(0.3)
        holder.rollback()
    for thread in threads:
        thread.join(20)

    assert sum(receipt.affected for receipt in done) == 1
    assert database.rows("SELECT * FROM accounts") == []


def test_effects_other_than_erasure_leave_co_owned_rows_alone(database: Database) -> None:
    accounts(database)
    database.run("ALTER TABLE accounts ADD COLUMN state VARCHAR(10)")
    closing = table("accounts", owner("first_id"), owner("second_id"), close={"state": "closed"})

    receipt = database.connector().close(aim(closing, held(users=ME)), work())

    assert receipt.affected == 3
    assert [i for (i,) in database.rows("SELECT id FROM accounts WHERE state = 'closed'")] == [
        1,
        3,
        4,
    ]


def test_a_row_under_a_shared_row_is_shared_and_keeps_its_pointer(database: Database) -> None:
    database.run(
        "CREATE TABLE transfers (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL)",
        "INSERT INTO transfers VALUES (1, 10), (2, 11)",
    )
    transfers = table("transfers", owner("account_id", "shop.accounts"))
    keys = KeySet({"shop.accounts": {Standing.SOLE: ((11,),), Standing.SHARED: ((10,),)}})
    connector = database.connector()

    frozen = connector.freeze(transfers, keys, aim(transfers, keys).predicate, ((),))
    receipt = connector.erase(aim(transfers, keys), work())

    assert frozen.anchors["shop.transfers"] == {Standing.SOLE: ((2,),), Standing.SHARED: ((1,),)}
    assert (receipt.affected, receipt.decorrelated) == (1, 0)
    assert database.rows("SELECT * FROM transfers") == [(1, 10)]


def test_polymorphic_links_follow_their_type(database: Database) -> None:
    database.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, kind VARCHAR(10), item_id INTEGER)",
        "INSERT INTO notes VALUES (1, 'order', 7), (2, 'review', 7), (3, 'order', 8), (4, NULL, 7)",
    )
    notes = table(
        "notes",
        owner("item_id", "shop.orders", type_column="kind", type_value="order"),
        owner("item_id", "shop.reviews", type_column="kind", type_value="review"),
        fields=fields("id"),
    )
    connector = database.connector()

    orders = aim(notes, held(orders=7))
    assert counts(connector.locate(orders, work())) == {"sole": 1}
    assert counts(connector.locate(aim(notes, held(orders=7, reviews=7)), work())) == {"sole": 2}
    assert connector.erase(orders, work()).affected == 1
    assert [i for (i,) in database.rows("SELECT id FROM notes ORDER BY id")] == [2, 3, 4]


def guests(database: Database) -> None:
    database.run(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER,"
        " guest_email VARCHAR(80) NOT NULL DEFAULT '', total NUMERIC(10, 2))",
        f"INSERT INTO orders VALUES (1, {ME}, '', 1.50), (2, NULL, 'me@example.test', 2),"
        f" (3, NULL, 'Me@Example.test', 3), (4, {ANNA}, '', 4), (5, NULL, 'xme@example.test', 5),"
        " (6, NULL, '', 6)",
    )


def test_guest_rows_are_found_by_contact_and_an_empty_one_is_nobody(database: Database) -> None:
    guests(database)
    keys = held(users=ME, identifier_email="me@example.test")

    records = list(database.connector().collect(aim(ORDERS, keys), work()))

    assert [r["id"] for r in records] == [1, 2]  # type: ignore[index]


def test_a_contact_compares_without_case_where_its_identifier_says_so(database: Database) -> None:
    guests(database)
    keys = held(identifier_email="ME@example.test")
    connector, target = database.connector(), aim(ORDERS, keys, normalise="email")

    receipt = connector.erase(target, work())

    assert receipt.affected == 2
    assert [i for (i,) in database.rows("SELECT id FROM orders ORDER BY id")] == [1, 4, 5, 6]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


def test_a_contact_never_reaches_a_person_whose_name_merely_looks_alike(
    database: Database,
) -> None:
    guests(database)
    database.put("orders", {"id": 7, "guest_email": "mülLer@example.test"})
    database.put("orders", {"id": 8, "guest_email": "müller@example.test "})
    keys = held(identifier_email="muller@example.test")
    accented = held(identifier_email="müller@example.test")

    assert database.connector().locate(aim(ORDERS, keys), work()).rows == 0
    assert database.connector().locate(aim(ORDERS, keys, normalise="email"), work()).rows == 0
    assert database.connector().locate(aim(ORDERS, accented), work()).rows == 0


def test_keys_a_column_cannot_hold_match_nothing(database: Database) -> None:
    guests(database)
    odd = ["1x", "01", "", " 1", "9" * 30, "1.5", "\x00", "\ud800", None, True and "true"]
    keys = held(users=odd, identifier_email=["\x00", "\ud800", "", "a" * 500])

    found = database.connector().locate(aim(ORDERS, held(users=odd)), work())

    assert found.rows == 0
    assert database.connector().locate(aim(ORDERS, keys), work()).rows in {0, 3}
    assert database.connector().locate(aim(ORDERS, held(users="1")), work()).rows == 1


def test_composite_keys_match_as_a_whole(database: Database) -> None:
    database.run(
        "CREATE TABLE seats (tenant VARCHAR(10), person INTEGER, seat INTEGER,"
        " PRIMARY KEY (tenant, person))",
        "INSERT INTO seats VALUES ('a', 1, 5), ('a', 2, 6), ('b', 1, 7), ('b', 2, 8)",
    )
    seats = table("seats", owner("tenant,person", "shop.people"), fields=fields("seat"))
    target = aim(seats, held(people=[("a", 1), ("b", 2)]))
    connector = database.connector()

    frozen = connector.freeze(seats, target.keys, target.predicate, ((), ("seat",)))
    receipt = connector.erase(target, work())

    assert frozen.keys("shop.seats") == (("a", 1), ("b", 2))
    assert frozen.keys("shop.seats:seat") == ((5,), (8,))
    assert receipt.affected == 2
    assert database.rows("SELECT seat FROM seats ORDER BY seat") == [(6,), (7,)]


def test_a_link_may_take_or_keep_the_row_whoever_owns_it(database: Database) -> None:
    database.run(
        "CREATE TABLE cards (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)",
        f"INSERT INTO cards VALUES (1, {ME}, {ANNA}), (2, {ANNA}, {ME}), (3, {ANNA}, {BEN})",
    )
    cards = table(
        "cards",
        accessor("a", on_erasure=DELETE_LINK),
        accessor("b", on_erasure=KEEP_LINK),
    )
    connector, target = database.connector(), aim(cards, held(users=ME))

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.decorrelated, receipt.retained) == (1, 0, 1)
    assert receipt.because
    assert database.rows("SELECT id, b FROM cards ORDER BY id") == [(2, ME), (3, BEN)]
    after = connector.verify(target, work(), Expect.ERASED)
    assert (after.rows, after.restricted) == (0, 1)


def test_keys_of_another_store_are_followed(database: Database) -> None:
    database.run(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, customer VARCHAR(36))",
        "INSERT INTO visits VALUES (1, '7'), (2, '70'), (3, 'x')",
    )
    visits = table("visits", owner("customer", "crm.customers"), fields=fields("id"))
    keys = KeySet({"crm.customers": {Standing.SOLE: ((7,),)}})

    receipt = database.connector().erase(aim(visits, keys), work())

    assert receipt.affected == 1
    assert database.rows("SELECT id FROM visits ORDER BY id") == [(2,), (3,)]
