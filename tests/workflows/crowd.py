"""A shop of a dozen people who share some of their rows, and a register beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, func, select

from connectors.sql import Sql, SqlSettings
from rights.domain.kinds import Kind, Option
from rights.store.db import reading
from rights.store.models import JournalRow, StepRow
from tests.workflows.house import Clock, ask, floor_over, replace
from workflows.floor import Floor

MAP = """
version: 1
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
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
    fields:
    - {name: email, category: contact}
    - {name: name, category: contact}
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    restriction: {strategy: flag, column: restricted, value: true}
    retention: {period: 3y, from: bought_at, basis: E-Commerce Law 31, rank: law}
    fields: [{name: note, category: orders, erasure: delete}]
  - name: items
    links: [{columns: [order_id], to: orders, role: owner}]
    retention: {with: orders}
    fields: [{name: label, category: orders}]
  - name: events
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: events}]
  - name: messages
    links:
    - {columns: [sender_id], to: users, role: owner, on_erasure: {anonymise: [body, sender_id]}}
    - {columns: [recipient_id], to: users, role: accessor}
    fields: [{name: body, category: messages}]
  - name: papers
    links:
    - {columns: [first_id], to: users, role: owner}
    - {columns: [second_id], to: users, role: owner}
    fields: [{name: title, category: content}]
"""
PEOPLE = 12
SCHEMA = (
    (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE,"
        " name VARCHAR(40))"
    ),
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
        " note VARCHAR(40), restricted BOOLEAN DEFAULT FALSE, bought_at TIMESTAMP NULL)"
    ),
    (
        "CREATE TABLE items (order_id INTEGER REFERENCES orders (id), line INTEGER,"
        " label VARCHAR(40), PRIMARY KEY (order_id, line))"
    ),
    "CREATE TABLE events (user_id INTEGER REFERENCES users (id), note VARCHAR(40))",
    (
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES users (id),"
        " recipient_id INTEGER REFERENCES users (id), body VARCHAR(40))"
    ),
    (
        "CREATE TABLE papers (id INTEGER PRIMARY KEY, first_id INTEGER REFERENCES users (id),"
        " second_id INTEGER REFERENCES users (id), title VARCHAR(40))"
    ),
)
TABLES = ("users", "orders", "items", "events", "messages", "papers")


def fill(url: str) -> None:
    """Twelve people; the last two have an order that is held, and everybody writes to the next."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.execute(sa.text(statement))
        for statement, rows in _rows():
            connection.execute(sa.text(statement), rows)
    engine.dispose()


def _rows() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    people = range(1, PEOPLE + 1)
    after = {n: n % PEOPLE + 1 for n in people}
    yield (
        "INSERT INTO users VALUES (:n, :mail, 'somebody')",
        [{"n": n, "mail": f"p{n}@mail.example"} for n in people],
    )
    yield (
        "INSERT INTO orders VALUES (:n, :n, 'gift wrap', FALSE, :at)",
        [{"n": n, "at": _bought(n)} for n in people],
    )
    lines = [{"n": n, "line": line} for n in people for line in (1, 2)]
    yield "INSERT INTO items VALUES (:n, :line, 'tea')", lines
    yield "INSERT INTO events VALUES (:n, 'seen')", [{"n": n} for n in people for _ in range(3)]
    yield (
        "INSERT INTO messages VALUES (:n, :n, :to, 'hello')",
        [{"n": n, "to": after[n]} for n in people],
    )
    pairs = [{"n": n, "other": after[n]} for n in people]
    yield "INSERT INTO papers VALUES (:n, :n, :other, 'on tea')", pairs


def _bought(number: int) -> str:
    return "2030-01-01 00:00:00" if number > PEOPLE - 2 else "2011-01-01 00:00:00"


def picture(url: str) -> dict[str, list[Any]]:
    """Every row of every table; words that stand for nobody are all the same here."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(
                tuple(map(_told, row))
                for row in connection.execute(sa.text(f"SELECT * FROM {name}"))
            )
            for name in TABLES
        }
    engine.dispose()
    return found


def _told(value: Any) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return "nobody" if text.startswith("anon-") else text


class House:
    """A floor over one of the databases."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.clock = Clock()
        settings = {"bystander_share": 0, **settings}  # whoever is looked at goes alone
        made = floor_over(folder, MAP, {}, self.clock, **settings)
        self.store = Sql(SqlSettings(url))
        self.url = url
        self.joint: list[int] = []
        real = self.store.erase_jointly

        def counted(members: Sequence[Any]) -> Any:
            found = real(members)
            self.joint.append(len(members) if found else 0)
            return found

        self.store.erase_jointly = counted  # type: ignore[method-assign]  # watched, not replaced
        self.floor: Floor = replace(
            made, connector=lambda _: self.store, manifests={"sql": Sql.manifest}
        )

    def asked(self, *people: int, option: Option | None = None) -> list[str]:
        return [ask(self.floor, Kind.DELETION, {"user_id": str(n)}, option=option) for n in people]

    def close(self) -> None:
        self.store.close_connections()
        self.floor.register.dispose()

    def receipts(self, request_id: str) -> dict[str, dict[str, Any]]:
        query = select(StepRow).where(
            col(StepRow.request_id) == request_id, col(StepRow.action) == "erase"
        )
        with reading(self.floor.register) as session:
            rows = session.exec(query).all()
        return {p: r for row in rows for p, r in row.result.get("collections", {}).items()}

    def journal(self) -> int:
        """Rows that the store's own journal says were changed."""
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(sa.text("SELECT SUM(j.rows) FROM rights_step j")).scalar()
        engine.dispose()
        return int(found or 0)

    def affected(self) -> int:
        with reading(self.floor.register) as session:
            return int(session.exec(select(func.sum(JournalRow.affected))).one() or 0)
