"""Twenty thousand people in PostgreSQL, 135 rows each, made by the server itself."""

from __future__ import annotations

import psycopg

PEOPLE = 20_000

TABLES = {
    "addresses": 2,
    "orders": 10,
    "cards": 2,
    "messages": 20,
    "logins": 50,
    "tags": 20,
}
"""Rows per person; items hang on orders, three each."""

_SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, name text, phone text,
    personalised bool DEFAULT true, restricted bool DEFAULT false);
CREATE TABLE addresses (id int PRIMARY KEY, user_id int REFERENCES users, city text, street text);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric, placed date);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, name text, price numeric);
CREATE TABLE cards (id int PRIMARY KEY, user_id int REFERENCES users, brand text, tail text);
CREATE TABLE messages (id int PRIMARY KEY, user_id int REFERENCES users, body text,
    sent timestamptz);
CREATE TABLE logins (id int PRIMARY KEY, user_id int REFERENCES users, ip text, at timestamptz);
CREATE TABLE tags (id int PRIMARY KEY, user_id int REFERENCES users, tag text, weight real);
"""

_FILL = {
    "users": "SELECT n, 'p'||n||'@example.com', 'person '||n, '+86138'||lpad(n::text, 8, '0')"
    " FROM generate_series(1, %(people)s) n",
    "addresses": "SELECT n, (n-1)/2+1, '上海', 'road '||n FROM generate_series(1, %(rows)s) n",
    "orders": "SELECT n, (n-1)/10+1, n %% 500, date '2026-01-01' + n %% 300"
    " FROM generate_series(1, %(rows)s) n",
    "items": "SELECT n, (n-1)/3+1, 'thing '||n, n %% 90 FROM generate_series(1, %(rows)s) n",
    "cards": "SELECT n, (n-1)/2+1, 'visa', lpad((n %% 10000)::text, 4, '0')"
    " FROM generate_series(1, %(rows)s) n",
    "messages": "SELECT n, (n-1)/20+1, repeat('words ', 8)||n, now()"
    " FROM generate_series(1, %(rows)s) n",
    "logins": "SELECT n, (n-1)/50+1, '192.0.2.'||(n %% 250), now()"
    " FROM generate_series(1, %(rows)s) n",
    "tags": "SELECT n, (n-1)/20+1, 'tag '||(n %% 300), 0.5 FROM generate_series(1, %(rows)s) n",
}
_COLUMNS = {"users": " (id, email, name, phone)"}


def fill(dsn: str, people: int = PEOPLE) -> None:
    """Make and fill the tables, then index every foreign key."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_SCHEMA)
        for table, select in _FILL.items():
            each = 30 if table == "items" else TABLES.get(table, 1)
            insert = f"INSERT INTO {table}{_COLUMNS.get(table, '')} {select}"
            connection.execute(insert, {"people": people, "rows": people * each})
        for table in ("addresses", "orders", "cards", "messages", "logins", "tags"):
            connection.execute(f"CREATE INDEX ON {table} (user_id)")
        connection.execute("CREATE INDEX ON items (order_id)")
        connection.execute("CREATE INDEX ON users (lower(email))")  # contacts ignore case
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _collection(name: str, columns: str, link: str) -> str:
    fields = "\n".join(
        f"    - {{name: {c}, category: {name}, disclose: true}}" for c in columns.split()
    )
    return f"  - name: {name}\n    links: [{link}]\n    fields:\n{fields}\n"


_USER = "{columns: [user_id], to: users, role: owner}"

MAP = (
    """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
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
    - {name: name, category: profile, disclose: true}
    - {name: phone, category: contact, disclose: true}
    - {name: personalised, category: preference, disclose: true}
    - {name: restricted, category: account}
"""
    + _collection("addresses", "id city street", _USER)
    + _collection("orders", "id total placed", _USER)
    + _collection("items", "id name price", "{columns: [order_id], to: orders, role: owner}")
    + _collection("cards", "id brand tail", _USER)
    + _collection("messages", "id body sent", _USER)
    + _collection("logins", "id ip at", _USER)
    + _collection("tags", "id tag weight", _USER)
)
