"""Whose a row is when several people, or rows elsewhere, have a say."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
import sqlalchemy as sa

from rights.domain.kinds import Kind
from tests.links.case import USERS, USERS_TABLE, Case, missing, said
from tests.links.conftest import Cases

PEOPLE = (
    USERS_TABLE,
    "INSERT INTO users VALUES (1, 'anna@example.com'), (2, 'ben@example.com'), (3, 'cy@e.com')",
)

GROUPS = """\
  - name: memberships
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [group_id], to: groups, to_columns: [id], role: owns}
    fields: [{name: joined, category: content, disclose: true}]
  - name: groups
    fields: [{name: name, category: content, disclose: true}]
  - name: posts
    links: [{columns: [group_id], to: groups, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""

GROUP_ROWS = (
    (
        "CREATE TABLE memberships (id INTEGER PRIMARY KEY, user_id INTEGER, group_id INTEGER,"
        " joined VARCHAR(10))"
    ),
    "CREATE TABLE groups (id INTEGER PRIMARY KEY, name VARCHAR(10))",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, group_id INTEGER, body VARCHAR(10))",
    "INSERT INTO memberships VALUES (1, 1, 7, 'x'), (2, 2, 7, 'y'), (3, 1, 8, 'z')",
    "INSERT INTO groups VALUES (7, 'both'), (8, 'hers'), (9, 'nobody')",
    "INSERT INTO posts VALUES (1, 7, 'a'), (2, 8, 'b'), (3, 9, 'c')",
)


@pytest.mark.parametrize("order", list(permutations(["1", "2"])))
def test_what_rows_elsewhere_own_goes_with_the_last_owner(
    case: Cases, order: tuple[str, str]
) -> None:
    shop = case(USERS + GROUPS)
    shop.sql(*PEOPLE, *GROUP_ROWS)

    assert shop.ask({"user_id": order[0]})["state"] == "fulfilled"
    after_one = {name for (name,) in shop.rows("SELECT name FROM groups")}
    assert shop.ask({"user_id": order[1]})["state"] == "fulfilled"

    assert after_one == ({"both", "nobody"} if order[0] == "1" else {"both", "hers", "nobody"})
    assert shop.rows("SELECT name FROM groups") == [("nobody",)]
    assert shop.rows("SELECT body FROM posts") == [("c",)]
    assert shop.rows("SELECT id FROM memberships") == []


def test_a_membership_whose_person_is_gone_makes_nobody_an_owner(anywhere: Cases) -> None:
    shop = anywhere(
        USERS + GROUPS.replace("name: groups", "name: clubs").replace("to: groups", "to: clubs")
    )
    rows = (
        r.replace("TABLE groups", "TABLE clubs").replace("INTO groups", "INTO clubs")
        for r in GROUP_ROWS
    )
    shop.sql(*PEOPLE, *rows)

    shop.ask({"user_id": "2"}, Kind.DELETION, "option=anonymise")
    shop.ask({"user_id": "1"})

    assert shop.rows("SELECT user_id, group_id FROM memberships") == [(None, 7)]
    assert shop.rows("SELECT name FROM clubs") == [("nobody",)]


def test_types_of_accounts_are_kept_apart_even_where_a_link_says_owner(case: Cases) -> None:
    clinic = """\
  - name: doctors
    identifies: {doctor_id: id}
    fields: [{name: name, category: content, disclose: true}]
  - name: patients
    identifies: {patient_id: id}
    links: [{columns: [doctor_id], to: doctors, role: owner}]
    fields: [{name: name, category: content, disclose: true}]
"""
    shop = case(clinic)
    shop.sql(
        "CREATE TABLE doctors (id INTEGER PRIMARY KEY, name VARCHAR(10))",
        "CREATE TABLE patients (id INTEGER PRIMARY KEY, name VARCHAR(10), doctor_id INTEGER)",
        "INSERT INTO doctors VALUES (1, 'Li')",
        "INSERT INTO patients VALUES (1, 'Pat', 1), (2, 'Quinn', NULL)",
    )

    assert shop.ask({"doctor_id": "1"})["state"] == "fulfilled"

    assert shop.rows("SELECT * FROM patients ORDER BY id") == [(1, "Pat", None), (2, "Quinn", None)]
    assert shop.ask({"patient_id": "1"})["state"] == "fulfilled"
    assert shop.rows("SELECT name FROM patients") == [("Quinn",)]


def test_from_a_user_over_an_actor_to_a_revision(case: Cases) -> None:
    wiki = """\
  - name: actors
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: name, category: content, disclose: true}]
  - name: revisions
    links: [{columns: [actor_id], to: actors, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""
    shop = case(USERS + wiki)
    shop.sql(
        *PEOPLE,
        "CREATE TABLE actors (id INTEGER PRIMARY KEY, user_id INTEGER, name VARCHAR(10))",
        "CREATE TABLE revisions (id INTEGER PRIMARY KEY, actor_id INTEGER, body VARCHAR(10))",
        "INSERT INTO actors VALUES (11, 1, 'anna'), (12, 2, 'ben'), (13, NULL, 'bot')",
        "INSERT INTO revisions VALUES (1, 11, 'hers'), (2, 12, 'his'), (3, 13, 'a bot''s')",
    )

    told = shop.ask({"user_id": "1"}, Kind.ACCESS)["records"]
    shop.ask({"user_id": "1"})

    assert [r["body"] for r in told["revisions"]] == ["hers"]
    assert shop.rows("SELECT id FROM revisions") == [(2,), (3,)]
    assert shop.rows("SELECT id FROM actors") == [(12,), (13,)]


def test_two_account_rows_of_one_person_go_together(case: Cases) -> None:
    accounts = """\
  - name: accounts
    identifies: {person_id: person, user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    links: [{columns: [user_id], to: accounts, to_columns: [id], role: owner}]
    fields: [{name: item, category: content, disclose: true}]
"""
    shop = case(accounts)
    shop.sql(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, person INTEGER, email VARCHAR(40))",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, item VARCHAR(10))",
        "INSERT INTO accounts VALUES (1, 5, 'a@x.com'), (2, 5, 'old@x.com'), (3, 6, 'b@x.com')",
        "INSERT INTO orders VALUES (1, 1, 'cup'), (2, 2, 'pot'), (3, 3, 'tin')",
    )

    assert shop.ask({"email": "a@x.com"})["state"] == "fulfilled"

    assert shop.rows("SELECT id FROM accounts") == [(3,)]
    assert shop.rows("SELECT item FROM orders") == [("tin",)]


MERGING = """\
  - name: accounts
    identifies: {user_id: id}
    links: [{columns: [merged_into], to: accounts, role: owner}]
    fields: [{name: id, category: account, disclose: true}]
  - name: addresses
    identifies: {user_id: account, email: email}
    links: [{columns: [account], to: accounts, role: owner}]
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    links: [{columns: [guest], identifier: email, role: owner}]
    fields: [{name: item, category: content, disclose: true}]
"""


def _merged(anywhere: Cases) -> Case:
    """Anna's account took over one that had taken over another; their addresses are hers too."""
    shop = anywhere(MERGING)
    shop.sql(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, merged_into INTEGER)",
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, account INTEGER, email VARCHAR(40))",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, guest VARCHAR(40), item VARCHAR(10))",
        "INSERT INTO accounts VALUES (1, NULL), (2, 1), (3, 2), (4, NULL), (5, NULL)",
        "INSERT INTO addresses VALUES (1, 1, 'a@x.com'), (2, 2, 'old@x.com'),"
        " (3, 3, 'older@x.com'), (4, 1, 'old@x.com'), (5, 1, 'older@x.com'), (6, 4, 'b@x.com'),"
        " (7, 4, 'both@x.com'), (8, 5, 'both@x.com'), (9, 3, 'b@x.com')",
        "INSERT INTO orders VALUES (1, 'a@x.com', 'cup'), (2, 'old@x.com', 'pot'),"
        " (3, 'Older@x.com', 'pan'), (4, 'b@x.com', 'tin')",
    )
    return shop


@pytest.mark.parametrize(
    "subject",
    [{"email": "a@x.com"}, {"email": "old@x.com"}, {"email": "older@x.com"}, {"user_id": "1"}],
    ids=lambda s: "".join(s.values()),
)
def test_what_a_merged_account_was_known_by_is_followed_like_the_persons_own(
    anywhere: Cases, subject: dict[str, str]
) -> None:
    shop = _merged(anywhere)

    told = shop.ask(subject, Kind.COPY)
    outcome = shop.ask(subject)

    assert {r["item"] for r in told["records"]["orders"]} == {"cup", "pot", "pan"}
    assert {r["email"] for r in told["records"]["addresses"]} >= {"old@x.com", "older@x.com"}
    assert outcome["state"] == "fulfilled"
    assert shop.rows("SELECT item FROM orders") == [("tin",)]
    assert shop.rows("SELECT id FROM accounts ORDER BY id") == [(4,), (5,)]


def test_a_merged_account_lends_nobody_elses_address(case: Cases) -> None:
    """The account that was taken over once had an address that is another person's today."""
    shop = _merged(case)

    outcome = shop.ask({"user_id": "1"})

    assert outcome["state"] == "fulfilled"
    assert shop.rows("SELECT item FROM orders") == [("tin",)]
    assert shop.rows("SELECT account FROM addresses ORDER BY id") == [(4,), (4,), (5,)]


def test_two_accounts_of_which_neither_took_over_the_other_stay_ambiguous(case: Cases) -> None:
    shop = _merged(case)

    outcome = shop.ask({"email": "both@x.com"})

    assert "lead to 2 accounts in shop.addresses" in said(outcome)
    assert len(shop.rows("SELECT id FROM addresses")) == 9


def test_who_proves_the_account_that_is_no_more_gets_no_more_than_that(case: Cases) -> None:
    shop = _merged(case)

    told = shop.ask({"user_id": "3"}, Kind.COPY)

    assert "cup" not in {r["item"] for r in told["records"].get("orders", [])}


def test_an_address_of_two_accounts_is_refused_before_anything_is_touched(case: Cases) -> None:
    shop = case(USERS)
    shop.sql(*PEOPLE, "INSERT INTO users VALUES (4, 'Anna@Example.com')")

    for kind in (Kind.DELETION, Kind.ACCESS):
        outcome = shop.ask({"email": "anna@example.com"}, kind)

        assert outcome["state"] == "on_hold"
        assert "lead to 2 accounts in shop.users" in said(outcome)
        assert "anna" not in said(outcome).lower()
    assert shop.rows("SELECT count(*) FROM users") == [(4,)]


def test_a_recycled_number_alone_reaches_nobody(case: Cases) -> None:
    shop = case(
        USERS.replace("email: email}", "email: email, phone: phone}", 1)
        + """\
  - name: calls
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [number], identifier: phone, role: owner}
    fields: [{name: note, category: content, disclose: true}]
"""
    )
    shop.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40), phone VARCHAR(20))",
        "CREATE TABLE calls (id INTEGER PRIMARY KEY, user_id INTEGER, number VARCHAR(20),"
        " note VARCHAR(10))",
        "INSERT INTO users VALUES (1, 'a@x.com', '+8613800000000'), (2, 'b@x.com', NULL)",
        "INSERT INTO calls VALUES (1, 1, '+8613800000000', 'hers'),"
        " (2, 2, '+8613800000000', 'his'), (3, NULL, '+8613800000000', 'older')",
    )

    refused = shop.ask({"phone": "+8613800000000"})

    assert refused["state"] == "on_hold"
    assert "no row is found by phone alone" in said(refused)
    assert shop.ask({"user_id": "1"})["state"] == "fulfilled"
    assert shop.rows("SELECT note FROM calls ORDER BY id") == [("his",), ("older",)]


def test_values_are_carried_from_one_store_to_another(case: Cases) -> None:
    visits = """\
  - name: visits
    links: [{columns: [customer], to: shop.users, to_columns: [id], role: owner}]
    fields: [{name: page, category: content, disclose: true}]
  - name: clicks
    links: [{columns: [visit], to: visits, role: owner}]
    fields: [{name: place, category: content, disclose: true}]
"""
    shop = case({"shop": USERS, "stats": visits})
    shop.sql(*PEOPLE)
    shop.sql(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, customer VARCHAR(10), page VARCHAR(10))",
        "CREATE TABLE clicks (id INTEGER PRIMARY KEY, visit INTEGER, place VARCHAR(10))",
        "INSERT INTO visits VALUES (1, '1', 'home'), (2, '10', 'shop'), (3, '2', 'cart')",
        "INSERT INTO clicks VALUES (1, 1, 'top'), (2, 3, 'top')",
        store="stats",
    )

    told = shop.ask({"email": "anna@example.com"}, Kind.ACCESS)["records"]
    assert shop.ask({"email": "anna@example.com"})["state"] == "fulfilled"

    assert [r["page"] for r in told["visits"]] == ["home"]
    assert shop.rows("SELECT id FROM visits", "stats") == [(2,), (3,)]
    assert shop.rows("SELECT id FROM clicks", "stats") == [(2,)]


def test_what_nobody_could_be_asked_about_is_named_and_never_reads_as_nothing(
    case: Cases,
) -> None:
    devices = """\
  - name: devices
    identifies: {device_id: id}
    fields: [{name: model, category: content, disclose: true}]
  - name: signals
    links: [{columns: [device], to: devices, role: owner}]
    fields: [{name: level, category: content, disclose: true}]
"""
    shop = case(USERS + devices)
    shop.sql(
        *PEOPLE,
        "CREATE TABLE devices (id VARCHAR(10) PRIMARY KEY, model VARCHAR(10))",
        "CREATE TABLE signals (id INTEGER PRIMARY KEY, device VARCHAR(10), level INTEGER)",
    )

    shown, counted, gone = (
        shop.ask({"user_id": "1"}, Kind.ACCESS),
        shop.ask({"user_id": "1"}, Kind.ACCESS, "option=summary"),
        shop.ask({"user_id": "1"}),
    )

    unknown = {"devices": "not_identifiable", "signals": "not_identifiable"}
    assert [missing(x) for x in (shown, counted, gone)] == [unknown] * 3
    assert gone["state"] == "partially_fulfilled"
    assert missing(shop.ask({"user_id": "2", "device_id": "d-1"}, Kind.ACCESS)) == {}


def test_how_a_person_was_followed_is_in_the_audit_trail(case: Cases) -> None:
    shop = case(USERS)
    shop.sql(*PEOPLE)
    outcome = shop.ask({"email": "anna@example.com"})

    register = sa.create_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with register.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT data FROM entry WHERE chain = ? AND event = 'step_done'",
            (outcome["request"],),
        ).scalars()
        told = [json.loads(row) for row in rows]
    register.dispose()

    (hops,) = [t["hops"] for t in told if "hops" in t]
    assert hops[0] == {"hop": 1, "collection": "shop.users", "rows": 1}
    assert "anna" not in json.dumps(told)


def test_identifiers_are_followed_only_so_far_and_staff_can_read_how(case: Cases) -> None:
    chain = "".join(
        f"  - name: c{n}\n    identifies: {{i{n}: a, i{n + 1}: b}}\n"
        "    fields: [{name: note, category: content, disclose: true}]\n"
        for n in range(9)
    )
    shop = case(USERS + chain)
    names = "".join(f"  i{n}: {{kind: device}}\n" for n in range(10))
    text = shop.map.read_text(encoding="utf-8").replace("identifiers:\n", f"identifiers:\n{names}")
    shop.map.write_text(text.replace("email: email}", "email: email, i0: tag}"), encoding="utf-8")
    shop.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40), tag VARCHAR(10))",
        "INSERT INTO users VALUES (1, 'a@x.com', 'secret0')",
        *(
            f"CREATE TABLE c{n} (a VARCHAR(10) PRIMARY KEY, b VARCHAR(10), note VARCHAR(10))"
            for n in range(9)
        ),
        *(f"INSERT INTO c{n} VALUES ('secret{n}', 'secret{n + 1}', 'x')" for n in range(9)),
    )

    outcome = shop.ask({"user_id": "1"})

    assert outcome["state"] == "on_hold"
    assert "identifiers were followed 6 times" in said(outcome)
    assert "1 shop.users 1" in said(outcome)
    assert "secret" not in said(outcome)
    assert shop.rows("SELECT count(*) FROM users") == [(1,)]
