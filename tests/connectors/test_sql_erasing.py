"""What an erasure leaves: anonymised, held and kept rows, refusals, and how it happens once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.sdk import (
    Change,
    Erasure,
    Expect,
    Fenced,
    KeySet,
    MapField,
    Misconfigured,
    Refused,
    Restriction,
    Standing,
)
from rights.domain.datamap import Retention
from tests.connectors.contract import said, work
from tests.connectors.database import Database, elsewhere
from tests.connectors.keys import accessor, aim, contact, fields, held, owner, table

ME, ANNA = 1, 2
CANARY = "canary-51c2@example.test"


def users(database: Database) -> None:
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE,"
        " name VARCHAR(40) NOT NULL, phone VARCHAR(20), age INTEGER NOT NULL, born DATE NOT NULL,"
        " plan VARCHAR(10) NOT NULL)"
    )
    for number, email in ((ME, CANARY), (ANNA, "anna@example.test")):
        database.put(
            "users",
            {
                "id": number,
                "email": email,
                "name": "Somebody",
                "phone": "138",
                "age": 40,
                "born": "1986-01-02",
                "plan": "gold",
            },
        )


USERS = table(
    "users",
    identifies={"user_id": "id", "email": "email"},
    erasure=Erasure.ANONYMISE,
    fields=(
        *fields("email", "name", "phone", "age", "born"),
        MapField("plan", "technical", erasure=Erasure.KEEP),
    ),
)


def test_anonymising_leaves_nothing_of_the_person_and_the_row_in_place(
    database: Database,
) -> None:
    users(database)
    connector, target = database.connector(), aim(USERS, held(identifier_user_id="1", users=ME))

    before = connector.verify(target, work(), Expect.ERASED)
    receipt = connector.erase(target, work())

    [[email, name, phone, age, born, plan]] = database.rows(
        f"SELECT email, name, phone, age, born, plan FROM users WHERE id = {ME}"
    )
    assert before.rows == receipt.affected == 1
    assert email.startswith("anon-") and len(email) > 20
    assert (name, phone, age, str(born), plan) == ("", None, 0, "1970-01-01", "gold")
    assert connector.verify(target, work(), Expect.ERASED).rows == 0
    assert database.value(f"SELECT name FROM users WHERE id = {ANNA}") == "Somebody"


def test_a_word_that_stands_for_nobody_differs_by_request_and_row(database: Database) -> None:
    users(database)
    both = aim(USERS, held(users=[ME, ANNA]))
    database.connector().erase(both, work())
    first = database.rows("SELECT email FROM users ORDER BY id")
    database.run("UPDATE users SET email = 'again@example.test' WHERE id = 1")

    database.connector().erase(both, work())

    second = database.rows("SELECT email FROM users ORDER BY id")
    assert len({*first}) == 2
    assert first[0] != second[0]
    assert first[1] == second[1]


def test_a_request_for_anonymisation_keeps_the_rows(database: Database) -> None:
    database.run(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, note VARCHAR(20), total"
        " INTEGER)",
        f"INSERT INTO orders VALUES (1, {ME}, 'ring twice', 5), (2, {ANNA}, 'hers', 6)",
    )
    orders = table(
        "orders",
        owner("user_id"),
        fields=(*fields("note"), MapField("total", "technical", erasure=Erasure.KEEP)),
    )
    connector, target = database.connector(), aim(orders, held(users=ME))

    receipt = connector.erase(target, work(anonymise=True))

    assert receipt.affected == 1
    assert database.rows("SELECT * FROM orders ORDER BY id") == [
        (1, None, None, 5),
        (2, ANNA, "hers", 6),
    ]
    assert connector.verify(target, work(anonymise=True), Expect.ERASED).rows == 0


def test_one_path_of_a_json_column_is_taken_out_and_the_rest_stays(database: Database) -> None:
    database.run("CREATE TABLE events (id INTEGER PRIMARY KEY, user_id INTEGER, payload JSON)")
    database.put(
        "events",
        {"id": 1, "user_id": ME, "payload": '{"customer": {"email": "x@y"}, "sku": "a"}'},
    )
    email = fields("payload.customer.email")
    events = table("events", owner("user_id"), erasure=Erasure.ANONYMISE, fields=email)
    connector, target = database.connector(), aim(events, held(users=ME))
    before = connector.verify(target, work(), Expect.ERASED)

    connector.erase(target, work())

    left = database.value("SELECT payload FROM events")
    assert before.rows == 1
    assert "x@y" not in str(left)
    assert "sku" in str(left)
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


INVOICES = table(
    "invoices",
    owner("user_id"),
    fields=fields("note", "total", "made_at"),
    retention=Retention("3y", "made_at", "E-Commerce Law 31", "law", keep_fields=("total",)),
    restriction=Restriction("flag", "frozen", value=1),
)


def invoices(database: Database) -> None:
    database.run(
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, note VARCHAR(20),"
        " total INTEGER NOT NULL, made_at TIMESTAMP NULL, frozen INTEGER NOT NULL DEFAULT 0)"
    )
    for number, person, made in (
        (1, ME, "2020-01-01 00:00:00"),
        (2, ME, "2025-06-01 00:00:00"),
        (3, ME, None),
        (4, ANNA, "2025-06-01 00:00:00"),
    ):
        database.put(
            "invoices",
            {"id": number, "user_id": person, "note": "n", "total": 9, "made_at": made},
        )


def test_rows_a_law_holds_are_kept_restricted_and_reduced(database: Database) -> None:
    invoices(database)
    connector, target = database.connector(), aim(INVOICES, held(users=ME))

    receipt = connector.erase(target, work())
    after = connector.verify(target, work(), Expect.ERASED)

    assert (receipt.affected, receipt.retained) == (1, 2)
    assert receipt.because == "E-Commerce Law 31"
    assert database.rows("SELECT id, note, total, frozen FROM invoices ORDER BY id") == [
        (2, None, 9, 1),
        (3, None, 9, 1),
        (4, "n", 9, 0),
    ]
    assert (after.rows, after.restricted) == (0, 2)


def test_verify_finds_a_held_row_that_was_not_reduced(database: Database) -> None:
    invoices(database)
    connector, target = database.connector(), aim(INVOICES, held(users=ME))
    connector.erase(target, work())
    database.run("UPDATE invoices SET note = 'back again' WHERE id = 2")

    after = connector.verify(target, work(), Expect.ERASED)

    assert (after.rows, after.restricted) == (1, 1)


def test_a_rank_that_needs_approval_holds_nothing_by_itself(database: Database) -> None:
    invoices(database)
    weak = replace(INVOICES, retention=Retention("3y", "made_at", "house rule", "company_policy"))

    receipt = database.connector().erase(aim(weak, held(users=ME)), work())

    assert (receipt.affected, receipt.retained) == (3, 0)


def test_a_kept_collection_is_left_but_for_the_fields_that_go(database: Database) -> None:
    invoices(database)
    kept = table(
        "invoices",
        owner("user_id"),
        erasure=Erasure.KEEP,
        because="accounts",
        fields=(MapField("note", "content", erasure=Erasure.DELETE), *fields("total")),
    )
    connector, target = database.connector(), aim(kept, held(users=ME))

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.retained, receipt.because) == (0, 3, "accounts")
    assert database.value("SELECT COUNT(*) FROM invoices WHERE note IS NULL") == 3
    after = connector.verify(target, work(), Expect.ERASED)
    assert (after.rows, after.restricted) == (0, 3)


def test_a_pointer_that_cannot_be_cut_is_refused_by_name(database: Database) -> None:
    database.run(
        "CREATE TABLE likes (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL)",
        f"INSERT INTO likes VALUES (1, {ME}, {ANNA}), (2, {ANNA}, 3)",
    )
    likes = table("likes", owner("a"), owner("b"))
    connector = database.connector()

    with pytest.raises(Refused, match=r"shop\.likes: column a points at the person"):
        connector.erase(aim(likes, held(users=ME)), work())

    assert database.value("SELECT COUNT(*) FROM likes") == 2
    assert connector.erase(aim(likes, held(users=99)), work()).affected == 0


def test_a_contact_that_may_not_be_null_is_emptied(database: Database) -> None:
    database.run(
        "CREATE TABLE carts (id INTEGER PRIMARY KEY, user_id INTEGER, guest VARCHAR(80) NOT NULL)",
        f"INSERT INTO carts VALUES (1, {ANNA}, '{CANARY}')",
    )
    carts = table("carts", owner("user_id"), contact("guest"))

    receipt = database.connector().erase(aim(carts, held(identifier_email=CANARY)), work())

    assert receipt.decorrelated == 1
    assert database.rows("SELECT * FROM carts") == [(1, ANNA, "")]


def test_an_undeclared_foreign_key_is_refused_without_a_value(database: Database) -> None:
    users(database)
    database.run(
        "CREATE TABLE badges (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL,"
        " FOREIGN KEY (email) REFERENCES users (email))",
        f"INSERT INTO badges VALUES (1, '{CANARY}')",
    )
    plain = replace(USERS, erasure=Erasure.DELETE)
    connector = database.connector()

    with pytest.raises(Refused, match="badges") as caught:
        connector.erase(aim(plain, held(users=ME)), work())

    assert CANARY not in " ".join(said(caught.value))
    assert database.value("SELECT COUNT(*) FROM users") == 2


def test_a_correction_that_clashes_is_refused_without_a_value(database: Database) -> None:
    users(database)
    connector, target = database.connector(), aim(USERS, held(users=ANNA))

    with pytest.raises(Refused) as clash:
        connector.correct(target, work(), [Change("email", CANARY)])
    with pytest.raises(Refused) as unfit:
        connector.correct(target, work(), [Change("age", CANARY)])
    with pytest.raises(Refused) as empty:
        connector.correct(target, work(), [Change("name", None)])

    told = " ".join(line for e in (clash, unfit, empty) for line in said(e.value))
    assert CANARY not in told
    assert "column age" in told and "column name" in told


def test_a_correction_may_change_case_only(database: Database) -> None:
    users(database)
    target = aim(USERS, held(users=ME))

    receipt = database.connector().correct(target, work(), [Change("name", "SOMEBODY")])

    assert receipt.affected == 1
    assert database.value(f"SELECT name FROM users WHERE id = {ME}") == "SOMEBODY"


def test_effects_together_happen_all_or_not_at_all(database: Database) -> None:
    users(database)
    invoices(database)
    plain = replace(USERS, erasure=Erasure.DELETE)
    bare = replace(INVOICES, retention=None)
    keys, unit, connector = held(users=ME), work(), database.connector()

    with pytest.raises(Misconfigured), connector.together(unit, range(2)):
        connector.erase(aim(bare, keys), unit)
        connector.erase(aim(table("nowhere", owner("user_id")), keys), replace(unit, chunk=1))
    left = database.value("SELECT COUNT(*) FROM invoices")
    with connector.together(unit, range(2)):
        first = connector.erase(aim(bare, keys), unit)
        second = connector.erase(aim(plain, keys), replace(unit, chunk=1))

    assert left == 4
    assert (first.affected, second.affected) == (3, 1)
    assert connector.erase(aim(bare, keys), replace(unit, fence=2)) == first
    with pytest.raises(Fenced), connector.together(unit, range(2)):
        pytest.fail("a newer worker has the step")


def test_a_failure_swallowed_inside_a_shared_transaction_is_not_a_success(
    database: Database,
) -> None:
    invoices(database)
    bare, unit, connector = replace(INVOICES, retention=None), work(), database.connector()
    stuck = table("invoices", owner("user_id"), accessor("total"))
    keys = KeySet({"shop.users": {Standing.SOLE: ((9,),)}})

    with pytest.raises(Refused), connector.together(unit, range(2)):
        with pytest.raises(Refused):
            connector.erase(aim(stuck, keys), replace(unit, chunk=1))
        connector.erase(aim(bare, held(users=ME)), unit)

    assert database.value("SELECT COUNT(*) FROM invoices") == 4


def test_a_store_that_lets_us_make_no_table_is_served_without_a_journal(
    postgres_url: str,
) -> None:
    database = Database(postgres_url)
    users(database)
    role = f"rights_guest_{abs(hash(postgres_url)) % 10**9}"
    database.run(
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT, UPDATE, DELETE ON users TO {role}",
    )
    try:
        guest = Database(elsewhere(postgres_url, username=role))
        connector, plain = guest.connector(), replace(USERS, erasure=Erasure.DELETE)
        unit = work()

        first = connector.erase(aim(plain, held(users=ME)), unit)
        again = connector.erase(aim(plain, held(users=ME)), replace(unit, fence=2))

        assert (first.affected, first.at_least) == (1, False)
        assert (again.affected, again.at_least) == (0, True)
        guest.close()
    finally:
        database.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
        database.close()
