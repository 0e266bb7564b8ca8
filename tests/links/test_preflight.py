"""What would stop a deletion half-way is refused, by name, before anything is touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from tests.links.case import USERS, USERS_TABLE, Case, said
from tests.links.conftest import Cases

ANNA = {"user_id": "1"}

ORDERS = """\
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: item, category: content, disclose: true}]
"""

ROWS = (
    USERS_TABLE,
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, item VARCHAR(10),"
        " made DATE, CONSTRAINT order_user FOREIGN KEY (user_id) REFERENCES users (id))"
    ),
    "CREATE INDEX orders_user ON orders (user_id)",
    "INSERT INTO users VALUES (1, 'anna@example.com'), (2, 'ben@example.com')",
    "INSERT INTO orders VALUES (1, 1, 'cup', '2026-01-01'), (2, 2, 'pot', '2026-01-01')",
)


def refused(shop: Case, outcome: dict[str, Any], *words: str) -> None:
    """Make sure that a request waits for staff, that it says why, and that nothing is gone."""
    assert outcome["state"] == "on_hold"
    assert all(word in said(outcome) for word in words), said(outcome)
    assert shop.rows("SELECT count(*) FROM users") == [(2,)]
    assert shop.rows("SELECT count(*) FROM orders") == [(2,)]


def nothing_begun(shop: Case, *words: str) -> None:
    """Make sure that a map that names what is not there is refused before any request is made."""
    with pytest.raises(ConfigError) as wrong:
        shop.ask(ANNA)
    assert all(word in str(wrong.value) for word in words), wrong.value
    assert shop.rows("SELECT count(*) FROM users") == [(2,)]
    assert shop.rows("SELECT count(*) FROM orders") == [(2,)]


def warnings(outcome: dict[str, Any]) -> list[str]:
    return [w["text"]["en"].partition(" → ")[0] for w in outcome["warnings"]]


def test_a_plan_without_anything_in_its_way_warns_of_nothing(anywhere: Cases) -> None:
    shop = anywhere(USERS + ORDERS)
    shop.sql(*ROWS)

    planned = shop.ask(ANNA, dry_run=True)

    assert (planned["state"], warnings(planned)) == ("planned", [])
    assert shop.ask(ANNA)["state"] == "fulfilled"
    assert shop.rows("SELECT id FROM orders") == [(2,)]


def test_a_link_to_a_column_that_is_not_there(anywhere: Cases) -> None:
    shop = anywhere(USERS + ORDERS.replace("[user_id]", "[buyer_id]"))
    shop.sql(*ROWS)

    nothing_begun(shop, "shop.orders.buyer_id: the table has no column buyer_id", "shop.users")


@pytest.mark.parametrize("name", ["item.buyer.id", "item[].user_id", "item[]"])
def test_a_link_over_a_value_inside_a_column(anywhere: Cases, name: str) -> None:
    shop = anywhere(USERS + ORDERS.replace("[user_id]", f'["{name}"]'))
    shop.sql(*ROWS)

    refused(shop, shop.ask(ANNA), f"shop.orders.{name}: a link cannot run over a value inside")


def test_everything_that_is_wrong_is_told_at_once(case: Cases) -> None:
    shop = case(USERS + ORDERS.replace("[user_id]", "[buyer_id]").replace("name: item", "name: it"))
    shop.sql(*ROWS)

    nothing_begun(shop, "no column buyer_id", "no column it")


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
def test_a_foreign_key_nobody_declared_that_changes_rows_by_itself(
    anywhere: Cases, action: str
) -> None:
    shop = anywhere(USERS + ORDERS)
    shop.sql(
        *ROWS,
        "CREATE TABLE audits (id INTEGER PRIMARY KEY, user_id INTEGER, CONSTRAINT audit_user"
        f" FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE {action})",
        "INSERT INTO audits VALUES (1, 1)",
    )

    refused(shop, shop.ask(ANNA), "shop.audits.user_id", f"{action} changes its rows unasked")
    assert shop.rows("SELECT * FROM audits") == [(1, 1)]


def test_a_foreign_key_without_an_index_and_one_without_a_link_are_warned_of(
    case: Cases, postgres_url: str
) -> None:
    shop = case(USERS + ORDERS, shop=postgres_url)
    shop.sql(
        *ROWS,
        "DROP INDEX orders_user",
        "CREATE TABLE audits (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id))",
    )

    planned = shop.ask(ANNA, dry_run=True)

    assert sorted(warnings(planned)) == [
        (
            "shop.audits.user_id: a foreign key to users has no link: rows that hold it stop"
            " the deletion"
        ),
        (
            "shop.audits.user_id: a foreign key to users without an index: each deleted row"
            " reads this table"
        ),
        (
            "shop.orders.user_id: a foreign key to users without an index: each deleted row"
            " reads this table"
        ),
    ]
    (unlinked,) = [w for w in planned["warnings"] if w["code"] == "key_without_link"]
    assert unlinked["place"] == "shop.audits.user_id"
    kept = {"code": "key_without_link", "place": "shop.audits.user_id", "to": "users"}
    assert kept in planned["plan"]["warnings"], "what is approved is no sentence"
    assert unlinked["text"]["zh-CN"] == (
        "shop.audits.user_id：有一个指向 users 的外键没有声明关联：引用它的数据行会阻止删除"
        " → 请在数据地图中声明与 users 的关联；如果它不说明数据属于谁，请写 role: none"
    )


@pytest.mark.parametrize("engine", ["sqlite", "mariadb_url"])
def test_a_trigger_on_the_way_is_warned_of(
    case: Cases, request: pytest.FixtureRequest, engine: str
) -> None:
    url = "" if engine == "sqlite" else request.getfixturevalue(engine)
    shop = case(USERS + ORDERS, shop=url)
    each = "" if engine == "sqlite" else " FOR EACH ROW"
    body = "BEGIN INSERT INTO notes VALUES ('gone'); END"
    shop.sql(
        *ROWS,
        "CREATE TABLE notes (note VARCHAR(10))",
        f"CREATE TRIGGER tell AFTER DELETE ON orders{each} {body}",
    )

    (told,) = warnings(shop.ask(ANNA, dry_run=True))

    assert told == "shop.orders: the trigger tell runs when rows are changed or deleted"


def test_a_rule_that_does_something_else_is_refused(case: Cases, postgres_url: str) -> None:
    shop = case(USERS + ORDERS, shop=postgres_url)
    shop.sql(*ROWS, "CREATE RULE keep AS ON DELETE TO orders DO INSTEAD NOTHING")

    refused(shop, shop.ask(ANNA), "shop.orders: the rule keep makes the store do something else")


def test_an_account_that_may_not_delete_is_refused_on_postgresql(
    case: Cases, postgres_url: str
) -> None:
    name = f"clerk{os.getpid()}"
    shop = case(USERS + ORDERS, shop=postgres_url)
    shop.sql(*ROWS, f"CREATE ROLE {name} LOGIN", f"GRANT SELECT ON users, orders TO {name}")
    try:
        _as(shop, make_url(postgres_url).set(username=name))
        refused(shop, shop.ask(ANNA), "shop.orders: the account may not DELETE there", "grant")
    finally:
        shop.sql(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_an_account_that_may_not_delete_is_refused_on_mariadb(
    case: Cases, mariadb_url: str
) -> None:
    name, database = f"clerk{os.getpid()}", make_url(mariadb_url).database
    shop = case(USERS + ORDERS, shop=mariadb_url)
    shop.sql(
        *ROWS,
        f"CREATE USER {name}@'%%'",
        f"CREATE USER {name}@localhost",
        f"GRANT SELECT, CREATE ON {database}.* TO {name}@'%%'",
        f"GRANT SELECT, CREATE ON {database}.* TO {name}@localhost",
    )
    try:
        _as(shop, make_url(mariadb_url).set(username=name))
        refused(shop, shop.ask(ANNA), "shop.orders: the account may not DELETE there")
    finally:
        shop.sql(f"DROP USER {name}@'%%'", f"DROP USER {name}@localhost")


def _as(shop: Case, url: sa.URL) -> None:
    address = url.render_as_string(hide_password=False)
    text = shop.map.read_text(encoding="utf-8")
    start = text.index('url: "') + len('url: "')
    shop.map.write_text(text[:start] + address + text[text.index('"', start) :], encoding="utf-8")


def test_a_read_only_file_is_refused(case: Cases, tmp_path: Path) -> None:
    shop = case(USERS + ORDERS)
    shop.sql(*ROWS)
    text = shop.map.read_text(encoding="utf-8")
    shop.map.write_text(
        text.replace(f"{tmp_path}/shop.db", f"file:{tmp_path}/shop.db?mode=ro&uri=true")
    )

    refused(shop, shop.ask(ANNA), "the account may not DELETE there")


@pytest.mark.parametrize("action", ["NO ACTION", "CASCADE"])
def test_a_held_row_under_a_row_that_goes_is_refused_and_never_taken_along(
    anywhere: Cases, action: str
) -> None:
    law = "{period: 3y, from: made, basis: E-Commerce Law 31, rank: law}"
    held = ORDERS.replace("    fields", f"    retention: {law}\n    fields")
    shop = anywhere(USERS + held)
    shop.sql(
        *(
            r.replace("REFERENCES users (id)", f"REFERENCES users (id) ON DELETE {action}")
            for r in ROWS
        )
    )
    shop.sql(
        "UPDATE orders SET made = CURRENT_DATE WHERE id = 1",
        "UPDATE orders SET made = '2001-01-01' WHERE id = 2",
    )

    refused(shop, shop.ask(ANNA), "rows of shop.orders are held and point at rows of shop.users")
    assert shop.ask({"user_id": "2"})["state"] == "fulfilled"
    assert shop.rows("SELECT id FROM orders") == [(1,)]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("{period: 3y, from: made, rank: law}", "basis"),
        ("{period: 3y, from: made, basis: a law, rank: whim}", "rank"),
        ("{period: 3y, from: made, basis: a law}", "rank"),
    ],
)
def test_a_hold_without_a_basis_or_of_unknown_rank_never_loads(
    case: Cases, rule: str, what: str
) -> None:
    shop = case(USERS + ORDERS.replace("    fields", f"    retention: {rule}\n    fields"))
    shop.sql(*ROWS)

    with pytest.raises(ConfigError, match=what):
        shop.ask(ANNA)
    assert shop.rows("SELECT count(*) FROM orders") == [(2,)]


def test_one_collection_without_a_flag_leaves_only_itself_to_staff(case: Cases) -> None:
    shop = case(
        USERS.replace(
            "    fields", "    restriction: {strategy: flag, column: stopped}\n    fields"
        )
        + """\
  - name: letters
    links: [{columns: [mail], identifier: email, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""
    )
    shop.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40), stopped BOOLEAN)",
        "CREATE TABLE letters (id INTEGER PRIMARY KEY, mail VARCHAR(40), body VARCHAR(10))",
        "INSERT INTO users VALUES (1, 'a@x.com', 0), (2, 'b@x.com', 0)",
    )

    outcome = shop.ask(ANNA, Kind.RESTRICTION)

    assert shop.rows("SELECT id, stopped FROM users") == [(1, 1), (2, 0)]
    assert outcome["state"] == "on_hold"
    todo = {x["collection"]: x["missing"] for x in outcome["collections"]}
    assert (todo["users"], bool(todo["letters"])) == ("", True)
