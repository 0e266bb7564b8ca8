"""What a data map may say of products, and of what is not settled."""

from __future__ import annotations

import pytest

from rights.domain.errors import ConfigError
from rights.domain.products import Unsettled
from rights.services.datamap import parse

MAP = """
version: 1
identifiers: {user_id: {kind: account}}
purposes:
- {name: service, title: {zh: 服务, en: Service}, basis: contract}
products:
- {name: mall, title: {zh: 商城, en: The mall}}
- {name: reader, title: {zh: 阅读, en: The reader}}
stores:
- name: core
  connector: sql
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id}
- name: app
  connector: sql
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, products: [mall]}
  collections:
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: core.users, role: owner}]
    retention: {period: 3y, from: done_at, basis: E-Commerce Law 31, rank: law}
    unsettled: {column: state, values: [open, 2], title: {zh: 订单, en: Orders},
      resolve: "https://shop.example/orders"}
    fields: [{name: state, category: order}, {name: done_at, category: order}]
  - name: lines
    links: [{columns: [order_id], to: orders, role: owner}]
  - name: books
    products: [reader]
    links: [{columns: [user_id], to: core.users, role: owner}]
"""


def test_a_collection_is_a_products_and_says_what_is_not_settled() -> None:
    datamap = parse(MAP)

    assert datamap.products == {
        "mall": {"zh": "商城", "en": "The mall"},
        "reader": {"zh": "阅读", "en": "The reader"},
    }
    orders = datamap.collection("app.orders")
    assert orders.products == ("mall",)
    assert orders.unsettled == Unsettled(
        "state", ("open", 2), {"zh": "订单", "en": "Orders"}, "https://shop.example/orders"
    )
    assert datamap.collection("app.books").products == ("reader",)
    assert datamap.collection("core.users").products == ()
    assert parse(MAP.replace("The reader", "The book")).hash != datamap.hash


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("products: [reader]\n", "products: [raeder]\n", "which is no product"),
        ("    products: [reader]\n", "", "is a product that has nothing alone"),
        (
            "    products: [reader]\n",
            "    products: [mall, reader]\n",
            "is a product that has nothing alone",
        ),
        (
            "  - name: lines\n",
            "  - name: lines\n    products: [reader]\n",
            "hangs on app.orders, which is one of mall alone",
        ),
        (
            "  - name: lines\n",
            "  - name: lines\n    products: [mall, reader]\n",
            "hangs on app.orders, which is one of mall alone",
        ),
        (
            "  - name: lines\n",
            "  - name: lines\n    products: []\n",
            "hangs on app.orders, which is one of mall alone",
        ),
        ("rank: law", "rank: policy", "says what is not settled, and nothing holds such rows"),
        ("column: state", "column: stat", "stat is not among the collection's columns"),
        ("https://shop.example/orders", "javascript:alert(1)", "begins with https://"),
        (", en: Orders}", "}", "title.en"),
    ],
)
def test_what_is_wrong_with_it_is_said_where_it_stands(old: str, new: str, said: str) -> None:
    assert old in MAP
    with pytest.raises(ConfigError) as caught:
        parse(MAP.replace(old, new, 1))
    assert [line for line in caught.value.problems if said in line]


def test_a_product_that_is_listed_twice_is_a_mistake() -> None:
    twice = MAP.replace("- {name: reader, title", "- {name: mall, title", 1)
    twice = twice.replace("products: [reader]", "products: [mall]")

    with pytest.raises(ConfigError) as caught:
        parse(twice)

    assert "is there already under this name" in " ".join(caught.value.problems)
