"""A shop in a live database that is put back to an older state, with a register beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import Session, select

from rights.store.db import open_engine
from workflows.commands.execute import execute
from workflows.commands.replay import recheck, replay, restored

SCHEMA = (
    """CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80) UNIQUE,
       nickname VARCHAR(40), kept_until VARCHAR(20))""",
    """CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       email VARCHAR(80), note VARCHAR(80))""",
    """CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders (id),
       line INTEGER NOT NULL, label VARCHAR(80), PRIMARY KEY (order_id, line))""",
    """CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER, issued_at TIMESTAMP NULL,
       total INTEGER, stopped INTEGER)""",
)
TABLES = ("users", "orders", "order_items", "invoices")
MAP = """
version: 1
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:REPLAY_SHOP_URL}"}
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  backups: [{name: nightly dump, keeps: 14d, remedy: rights replay}]
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, correct: {mode: self_service}}
  - name: orders
    links:
    - {columns: [user_id], to: users, role: owner}
    - {type: {column: user_id, value: null}, columns: [email], identifier: email, role: owner}
    fields: [{name: note, category: purchases, disclose: true}]
  - name: order_items
    links: [{columns: [order_id], to: orders, role: owner}]
    fields: [{name: label, category: purchases, disclose: true}]
  - name: invoices
    links: [{columns: [user_id], to: users, role: owner}]
    restriction: {strategy: flag, column: stopped, value: 1}
    retention: {period: 10y, from: issued_at, basis: Tax rules 29, rank: law}
    fields: [{name: total, category: purchases, disclose: true}]
"""

Content = dict[str, list[tuple[Any, ...]]]


@dataclass
class Shop:
    """A shop in a live database, with a register beside it."""

    url: str
    folder: Path
    engine: sa.Engine = field(repr=False)
    tables: tuple[str, ...] = TABLES

    def write(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def content(self) -> Content:
        """Return every row of every table."""
        with self.engine.connect() as connection:
            return {
                name: sorted(
                    (tuple(r) for r in connection.execute(sa.text(f"SELECT * FROM {name}"))),
                    key=str,
                )
                for name in self.tables
            }

    def restore(self, backup: Content, *, whole: bool = True) -> None:
        """Put an older dump back; *whole*: our journal in the store is as old as the rest."""
        with self.engine.begin() as connection:
            for name in reversed(self.tables):
                connection.execute(sa.text(f"DELETE FROM {name}"))
            for name in self.tables:
                for row in backup[name]:
                    places = ", ".join(f":p{n}" for n in range(len(row)))
                    values = {f"p{n}": value for n, value in enumerate(row)}
                    connection.execute(sa.text(f"INSERT INTO {name} VALUES ({places})"), values)
            if whole:
                connection.execute(sa.text("DELETE FROM rights_step"))

    def execute(
        self, kind: str, *options: str, state: str = "fulfilled", **subject: str
    ) -> dict[str, Any]:
        """Run one request to its end on the command line."""
        given = [f"--subject={name}={value}" for name, value in subject.items()]
        wished = [f"--option={option}" for option in options]
        result = self._cli(execute, f"--kind={kind}", *given, *wished, "--json")
        assert result["state"] == state, json.dumps(result["collections"])
        return result

    def replay(self, since: datetime, *more: str) -> dict[str, Any]:
        return self._cli(replay, f"--since={since.isoformat()}", *more)

    def announce(self, backup: datetime) -> dict[str, Any]:
        return self._cli(restored, "shop", f"--backup={backup.isoformat()}")

    def recheck(self, since: datetime) -> dict[str, Any]:
        return self._cli(recheck, f"--since={since.isoformat()}")

    def _cli(self, command: Any, *given: str) -> dict[str, Any]:
        where = (f"--datamap={self.folder / 'map.yaml'}", f"--state={self.folder / 'state'}")
        result = CliRunner().invoke(command, [*where, *given])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        last = result.stdout.strip().rpartition("\n")[2]
        return {**json.loads(last), "exit": result.exit_code}

    def register(self) -> Session:
        return Session(open_engine(f"sqlite:///{self.folder / 'state' / 'register.sqlite'}"))

    def rows(self, model: Any) -> list[Any]:
        with self.register() as session:
            return list(session.exec(select(model)))


_DAY = "2025-05-05 05:05:00"
PEOPLE = ((1, "ann"), (2, "bo"), (3, "cy"))


def move_in(shop: Shop, number: int, name: str) -> None:
    address = f"{name}@example.com"
    shop.write(
        "INSERT INTO users VALUES (:id, :email, :name, NULL)", id=number, email=address, name=name
    )
    for order in (number * 10, number * 10 + 1):
        shop.write("INSERT INTO orders VALUES (:id, :user, NULL, 'cup')", id=order, user=number)
        shop.write("INSERT INTO order_items VALUES (:id, 1, 'cup')", id=order)
    shop.write(
        "INSERT INTO orders VALUES (:id, NULL, :email, 'guest')", id=number * 10 + 5, email=address
    )
    shop.write(
        "INSERT INTO invoices VALUES (:id, :user, :at, 5, 0)", id=number, user=number, at=_DAY
    )


def of(shop: Shop, number: int) -> set[tuple[str, Any]]:
    """Say by plain statements what is there of one person, held invoices apart."""
    name = dict(PEOPLE)[number]
    found: set[tuple[str, Any]] = set()
    with shop.engine.connect() as connection:
        for table, where in (
            ("users", "id = :n OR email = :e"),
            ("orders", "user_id = :n OR email = :e OR id BETWEEN :n * 10 AND :n * 10 + 9"),
            ("order_items", "order_id BETWEEN :n * 10 AND :n * 10 + 9"),
        ):
            query = sa.text(f"SELECT * FROM {table} WHERE {where}")
            rows = connection.execute(query, {"n": number, "e": f"{name}@example.com"})
            found |= {(table, row[0]) for row in rows}
    return found


def beside(content: Content, *numbers: int) -> Content:
    """Leave out what belongs to these people: the rest is others'."""
    names = {f"{dict(PEOPLE)[n]}@example.com" for n in numbers}

    def theirs(table: str, row: tuple[Any, ...]) -> bool:
        key = row[0] if table in {"users", "invoices"} else row[0] // 10
        return key in numbers or bool(names & set(map(str, row)))

    return {t: [r for r in rows if not theirs(t, r)] for t, rows in content.items()}


def changed(content: Content, number: int, nickname: str) -> Content:
    users = [(*r[:2], nickname, *r[3:]) if r[0] == number else r for r in content["users"]]
    return {**content, "users": users}


def now() -> datetime:
    return datetime.now(UTC)
