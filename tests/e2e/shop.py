"""A small shop in a SQL database, and a data map of it, for tests with real processes."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
)

META = MetaData()
USERS = Table(
    "users",
    META,
    Column("id", Integer, primary_key=True),
    Column("email", String(120), unique=True),
    Column("nickname", String(80)),
    Column("personalised", Boolean, default=True),
    Column("restricted", Boolean, default=False),
)
ORDERS = Table(
    "orders",
    META,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), index=True),
    Column("note", String(80)),
    Column("created_at", DateTime(timezone=True), server_default=func.now()),
)
ITEMS = Table(
    "items",
    META,
    Column("id", Integer, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), index=True),
    Column("name", String(80)),
)

MAP = """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
switches:
- {name: personalised, collection: shop.users, column: personalised}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    restriction: {strategy: flag, column: restricted, value: true}
    fields:
    - {name: id, category: account, disclose: true}
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, correct: {mode: self_service}}
    - {name: personalised, category: preference, disclose: true}
    - {name: restricted, category: account}
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: id, category: order, disclose: true}
    - {name: note, category: order, disclose: true}
    - {name: created_at, category: order, disclose: true}
  - name: items
    links: [{columns: [order_id], to: orders, role: owner}]
    fields:
    - {name: id, category: order, disclose: true}
    - {name: name, category: order, disclose: true}
"""

ORDERS_EACH = 3
ITEMS_EACH = 2


def fill(url: str, people: int) -> Engine:
    """Make the shop with *people* people, numbered from 1; three orders of two items each."""
    engine = create_engine(url)
    META.create_all(engine)
    users = [
        {"id": n, "email": f"p{n}@example.com", "nickname": f"n{n}"} for n in range(1, people + 1)
    ]
    orders = [
        {"id": n * 10 + k, "user_id": n, "note": f"order {k} of {n}"}
        for n in range(1, people + 1)
        for k in range(ORDERS_EACH)
    ]
    items = [
        {"id": int(str(o["id"])) * 10 + k, "order_id": o["id"], "name": f"thing {k}"}
        for o in orders
        for k in range(ITEMS_EACH)
    ]
    with engine.begin() as connection:
        for table, rows in ((USERS, users), (ORDERS, orders), (ITEMS, items)):
            connection.execute(insert(table), rows)
    return engine


def rows_of(engine: Engine, person: int) -> tuple[int, int, int]:
    """Count one person's users, orders and items, by queries of the test's own."""
    with engine.connect() as connection:
        users = connection.scalar(select(func.count()).where(USERS.c.id == person))
        orders = connection.scalar(select(func.count()).where(ORDERS.c.user_id == person))
        low, high = person * 100, person * 100 + 99
        items = connection.scalar(select(func.count()).where(ITEMS.c.id.between(low, high)))
    return users or 0, orders or 0, items or 0


WHOLE = (1, ORDERS_EACH, ORDERS_EACH * ITEMS_EACH)
GONE = (0, 0, 0)
