"""Cancelling one product takes what is that product's alone, in live databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import Invalid
from rights.services import suppression
from rights.services.datamap import load
from rights.services.suppression import Asked
from rights.store.db import open_engine, reading
from rights.store.keys import Keyring
from rights.store.migrate import upgrade
from rights.store.models import HeldRows
from rights.store.vault import Vault
from tests.workflows.held_shop import MIA, NOA, Shop
from tests.workflows.test_foreseeing import asked, person

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), status VARCHAR(10));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, note VARCHAR(80),
    state VARCHAR(10), frozen INTEGER DEFAULT 0, completed_at TIMESTAMP NULL);
CREATE TABLE members (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, state VARCHAR(10));
CREATE TABLE shelves (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, name VARCHAR(40));
CREATE TABLE books (id INTEGER PRIMARY KEY, shelf_id INTEGER NOT NULL, title VARCHAR(40));
CREATE TABLE both_of (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, points INTEGER)
"""
MAP = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
products:
- {name: mall, title: {zh: 商城, en: The mall}}
- {name: reader, title: {zh: 阅读, en: The reader}}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    erasure: anonymise
    close: {status: closed}
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    products: [mall]
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 3y, from: completed_at, basis: E-Commerce Law 31, rank: law}
    restriction: {strategy: flag, column: frozen, value: 1}
    unsettled: {column: state, values: [paid, sent], title: {zh: 未完成的订单, en: Open orders},
      resolve: "https://shop.example/orders"}
    fields:
    - {name: note, category: purchases, disclose: true}
    - {name: state, category: purchases, disclose: true}
    - {name: completed_at, category: time}
  - name: members
    products: [mall]
    links: [{columns: [user_id], to: users, role: owner}]
    close: {state: ended}
    fields: [{name: state, category: account, disclose: true}]
  - name: shelves
    products: [reader]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: name, category: content, disclose: true}]
  - name: books
    products: [reader]
    links: [{columns: [shelf_id], to: shelves, role: owner}]
    fields: [{name: title, category: content, disclose: true}]
  - name: both_of
    products: [mall, reader]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: points, category: account, disclose: true}]
"""
TABLES = ("users", "orders", "members", "shelves", "books", "both_of")
LONG_AGO = f"{datetime.now(UTC) - timedelta(days=2000):%Y-%m-%d %H:%M:%S}"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """Mia and Noa, each with a settled order of long ago, an open one, and books."""
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    made = Shop(url, tmp_path, tmp_path / "map.yaml")
    made.map_file.write_text(MAP, encoding="utf-8")
    made.run(SCHEMA)
    for one, email in ((MIA, "mia@example.com"), (NOA, "noa@example.com")):
        made.run(
            f"INSERT INTO users VALUES ({one}, '{email}', 'open');"
            f"INSERT INTO orders VALUES ({one}0, {one}, 'old', 'done', 0, '{LONG_AGO}');"
            f"INSERT INTO orders VALUES ({one}1, {one}, 'open', 'paid', 0, NULL);"
            f"INSERT INTO members VALUES ({one}, {one}, 'active');"
            f"INSERT INTO shelves VALUES ({one}, {one}, 'night');"
            f"INSERT INTO books VALUES ({one}, {one}, 'Emma');"
            f"INSERT INTO both_of VALUES ({one}, {one}, 7)"
        )
    yield made
    made.close()


def _everything(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    return {name: shop.rows(f"SELECT * FROM {name} ORDER BY id") for name in TABLES}


def _cancel(shop: Shop, *products: str, **more: Any) -> dict[str, Any]:
    options = [f"products={','.join(products)}"] if products else []
    return shop.erase(kind="account_cancellation", options=options, **more)


@pytest.mark.requirement("R-APP6-2", "R-NEG-10")
def test_one_product_is_cancelled_and_the_other_the_account_and_what_is_shared_stay(
    shop: Shop,
) -> None:
    before = _everything(shop)

    outcome = _cancel(shop, "mall")

    after = _everything(shop)
    assert outcome["state"] == "fulfilled"  # what is left, a law holds
    assert [row[0] for row in after["orders"]] == [MIA * 10 + 1, NOA * 10, NOA * 10 + 1]
    assert [row[0] for row in after["members"]] == [NOA]
    for name in ("users", "shelves", "books", "both_of"):
        assert after[name] == before[name]
    touched = {f"{x['store']}.{x['collection']}" for x in outcome["collections"]}
    assert touched == {"shop.orders", "shop.members"}


@pytest.mark.requirement("R-APP6-2")
def test_an_open_order_is_held_with_its_reason_and_the_rest_is_cancelled(shop: Shop) -> None:
    outcome = _cancel(shop, "mall")

    line = shop.line(outcome)
    assert (line["affected"], line["retained"]) == (1, 1)
    assert line["because"] == "E-Commerce Law 31"
    assert shop.rows(f"SELECT note, frozen FROM orders WHERE user_id = {MIA}") == [("open", 1)]
    (held,) = shop.noted(HeldRows)
    assert held.collection == "shop.orders"


def _may_come_in(shop: Shop, collection: str) -> bool:
    vault = Vault(Keyring.parse(shop.settings.keys.get_secret_value()))
    items, datamap = [Asked("user_id", str(MIA), None, collection)], load(shop.map_file)
    engine = open_engine(shop.settings.database_url)
    with reading(engine) as session:
        (found,) = suppression.check(session, vault, datamap, items, now=datetime.now(UTC))
    engine.dispose()
    return found.allowed


def test_older_data_of_what_was_cancelled_is_not_imported_and_of_the_rest_it_is(shop: Shop) -> None:
    _cancel(shop, "mall")

    assert [_may_come_in(shop, f"shop.{name}") for name in ("members", "orders")] == [False, False]
    assert [_may_come_in(shop, f"shop.{name}") for name in ("users", "books", "both_of")] == [
        True,
        True,
        True,
    ]


def test_without_a_product_the_whole_account_goes(shop: Shop) -> None:
    outcome = _cancel(shop)

    assert outcome["state"] == "fulfilled"
    after = _everything(shop)
    for name in ("members", "shelves", "books", "both_of"):
        assert [row[0] for row in after[name]] == [NOA]


@pytest.mark.requirement("R-NEG-10")
def test_what_is_no_product_is_refused_and_nothing_is_cancelled(shop: Shop) -> None:
    before = _everything(shop)

    with pytest.raises(Invalid):
        _cancel(shop, "malls")

    assert _everything(shop) == before


@pytest.mark.requirement("R-APP6-2")
def test_what_is_not_settled_is_told_beforehand_and_holds_up_nothing(shop: Shop) -> None:
    upgrade(shop.settings.database_url)
    about = {"kind": "account_cancellation", "option": "all", "regimes": []}

    row, told = asked(shop.floor(), "foreseen", person(MIA), about)

    assert row.state == "answered"
    assert told["unsettled"] == ["shop.orders"]
    shop.run(f"UPDATE orders SET state = 'done' WHERE user_id = {MIA}")
    assert asked(shop.floor(), "foreseen", person(MIA), about)[1]["unsettled"] == []


def test_a_product_whose_end_would_delete_rows_that_stay_is_not_begun(shop: Shop) -> None:
    text = MAP.replace(
        "  - name: both_of\n",
        """  - name: visits
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [member_id], to: members, role: none}
    fields: [{name: note, category: content, disclose: true}]
  - name: both_of
""",
    )
    shop.map_file.write_text(text, encoding="utf-8")
    shop.run(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL,"
        " member_id INTEGER NOT NULL, note VARCHAR(40),"
        " FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE);"
        f"INSERT INTO visits VALUES (1, {NOA}, {MIA}, 'of somebody else')"
    )
    before = _everything(shop)

    outcome = _cancel(shop, "mall")

    assert outcome["state"] == "on_hold"
    assert _everything(shop) == before
    assert shop.rows("SELECT note FROM visits") == [("of somebody else",)]
