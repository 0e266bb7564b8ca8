"""Rows that law holds only because of the row they belong to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.sdk import Expect, KeySet, Standing
from connectors.sdk import held as held_anchor
from rights.domain.datamap import Retention
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, fields, held, none, owner, table

ME = 1
ORDERS = table(
    "orders",
    owner("user_id"),
    key=("id",),
    fields=fields("id"),
    retention=Retention("3y", "made_at", "a law", "law"),
)
LINES = table(
    "order_lines",
    owner("order_id", to="shop.orders"),
    key=("id",),
    fields=fields("id", "engraving"),
    retention=Retention("3y", "", "a law", "law", with_="shop.orders"),
)
LETTERS = table(
    "engravings",
    owner("line_id", to="shop.order_lines"),
    fields=fields("id"),
    retention=Retention("3y", "", "a law", "law", with_="shop.order_lines"),
)
ADDRESSES = table(
    "addresses",
    owner("id", to="shop.orders", to_columns=("address_id",)),
    key=("id",),
    fields=fields("id", "street"),
    retention=Retention("3y", "", "a law", "law", with_="shop.orders"),
)


@pytest.fixture
def keys(database: Database) -> KeySet:
    """An order of this year and one of long ago, each with a line, and what belongs to that."""
    for name, more in (
        ("addresses", "street VARCHAR(20)"),
        ("orders", "user_id INTEGER, address_id INTEGER, made_at TIMESTAMP NULL"),
        ("order_lines", "order_id INTEGER, engraving VARCHAR(20)"),
        ("engravings", "line_id INTEGER"),
    ):
        database.run(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {more})")
    new = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    for number, made in ((1, new), (2, new.replace(year=new.year - 4, day=1))):
        order = {"id": number, "user_id": ME, "address_id": number * 10, "made_at": made}
        database.put("addresses", {"id": number * 10, "street": "长安街"})
        database.put("orders", order)
        database.put("order_lines", {"id": number * 5, "order_id": number, "engraving": "安"})
        database.put("engravings", {"id": number, "line_id": number * 5})
    connector, found = database.connector(), held(users=ME)
    for collection, columns in ((ORDERS, ((), ("address_id",))), (LINES, ((),))):
        predicate = aim(collection, found).predicate
        found = found.merged(connector.freeze(collection, found, predicate, columns))
    return found


def test_freezing_tells_which_rows_are_held(keys: KeySet) -> None:
    assert keys.keys(held_anchor("shop.orders")) == ((1,),)
    assert keys.keys(held_anchor("shop.orders:address_id")) == ((10,),)
    assert keys.keys(held_anchor("shop.order_lines")) == ((5,),)


@pytest.mark.parametrize(
    ("collection", "left"), [(LINES, [(5,)]), (LETTERS, [(1,)]), (ADDRESSES, [(10,)])]
)
def test_what_belongs_to_a_held_row_is_held_and_the_rest_goes(
    database: Database, keys: KeySet, collection: object, left: object
) -> None:
    connector, target = database.connector(), aim(collection, keys)  # type: ignore[arg-type]

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.retained, receipt.because) == (1, 1, "a law")
    assert database.rows(f"SELECT id FROM {target.collection.name}") == left
    found = connector.verify(target, work(), Expect.ERASED)
    assert (found.rows, found.restricted) == (0, 1)


def test_a_statement_made_for_one_person_is_not_taken_for_another(
    database: Database, keys: KeySet
) -> None:
    connector, free = database.connector(), held(orders=2)

    assert connector.erase(aim(LINES, free), work()).retained == 0
    assert connector.erase(aim(LINES, keys), work()).retained == 1


def test_without_the_rule_everything_goes(database: Database, keys: KeySet) -> None:
    target = aim(replace(LINES, retention=None), keys)

    assert database.connector().erase(target, work()).affected == 2


def test_what_points_at_a_held_row_keeps_its_pointer(database: Database) -> None:
    """An order points at its payment, the payment at its order: both are held, or both go."""
    database.run("CREATE TABLE carts (id INTEGER PRIMARY KEY, order_id INTEGER)")
    database.put("carts", {"id": 1, "order_id": 1}, {"id": 2, "order_id": 2})
    carts = table("carts", none("order_id", "shop.orders"), key=("id",), fields=fields("id"))
    kept = KeySet({held_anchor("shop.orders"): {Standing.SOLE: ((1,),)}})
    connector, target = database.connector(), aim(carts, held(orders=[1, 2]).merged(kept))

    connector.erase(target, work())

    assert database.rows("SELECT order_id FROM carts ORDER BY id") == [(1,), (None,)]
    assert connector.verify(target, work(), Expect.ERASED).rows == 0
