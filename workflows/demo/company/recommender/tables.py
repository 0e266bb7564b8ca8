"""The recommender's own file: its tables, and how it is filled for the demo."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from workflows.demo.company.people import Company, Person
from workflows.demo.company.recommender.rules import Inputs, decide
from workflows.demo.company.shop import Order, Shop
from workflows.demo.company.words import words

SCHEMA: Final = """
CREATE TABLE profiles (
  user_id INTEGER PRIMARY KEY, personalised INTEGER NOT NULL, push INTEGER NOT NULL,
  commercial_messages INTEGER NOT NULL, human_required INTEGER NOT NULL,
  restricted INTEGER NOT NULL, orders_count INTEGER NOT NULL, spent_cents INTEGER NOT NULL,
  account_days INTEGER NOT NULL
);
CREATE TABLE devices (
  device_id TEXT PRIMARY KEY, user_id INTEGER, personalised INTEGER NOT NULL,
  push INTEGER NOT NULL, restricted INTEGER NOT NULL
);
CREATE TABLE tags (
  user_id INTEGER NOT NULL, interest TEXT NOT NULL,
  name_zh TEXT NOT NULL, name_en TEXT NOT NULL, source TEXT NOT NULL, since TEXT NOT NULL,
  PRIMARY KEY (user_id, interest)
);
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, score INTEGER, outcome TEXT,
  state TEXT NOT NULL, model TEXT NOT NULL, decided_at TEXT NOT NULL
);
CREATE TABLE calls (key TEXT PRIMARY KEY, reply TEXT NOT NULL);
CREATE TABLE steps (step TEXT PRIMARY KEY, fence INTEGER NOT NULL);
CREATE INDEX devices_user ON devices (user_id);
CREATE INDEX decisions_user ON decisions (user_id);
"""


def fill(file: Path, company: Company, shop: Shop) -> None:
    """Make the recommender's file and put everybody's profile into it."""
    bought: dict[int, list[Order]] = {person.id: [] for person in company.people}
    for order in shop.orders:
        if order.owner is not None:
            bought[order.owner.id].append(order)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(SCHEMA)
        inputs = {p.id: _inputs(company, p, bought[p.id]) for p in company.people}
        _fill_profiles(db, company, inputs)
        db.executemany(
            "INSERT INTO tags (user_id, interest, name_zh, name_en, source, since)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (tag for p in company.people for tag in _tags(p, bought[p.id])),
        )


def _fill_profiles(db: sqlite3.Connection, company: Company, inputs: dict[int, Inputs]) -> None:
    at = moment(company.midnight)
    db.executemany(
        "INSERT INTO profiles VALUES (?, 1, 1, ?, 0, 0, ?, ?, ?)",
        (
            (p.id, p.marketing, i.orders_count, i.spent_cents, i.account_days)
            for p in company.people
            for i in (inputs[p.id],)
        ),
    )
    db.executemany(
        "INSERT INTO devices VALUES (?, ?, 1, 1, 0)", ((p.device, p.id) for p in company.people)
    )
    db.executemany(
        "INSERT INTO decisions (user_id, score, outcome, state, model, decided_at)"
        " VALUES (?, ?, ?, 'automatic', ?, ?)",
        (
            (user, made.score, made.outcome, made.model, at)
            for user, i in inputs.items()
            for made in (decide(i),)
        ),
    )


def moment(at: datetime) -> str:
    """Return an instant as the recommender writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _inputs(company: Company, person: Person, orders: list[Order]) -> Inputs:
    spent = sum(order.total for order in orders)
    return Inputs(len(orders), spent, (company.midnight - person.joined).days)


def catalogue() -> list[tuple[str, str]]:
    """Return article number and interest of every product, best-selling first."""
    return [(sku, interest) for sku, _, _, _, interest in words()["products"]]


def _tags(person: Person, orders: list[Order]) -> Iterator[tuple[int, str, str, str, str, str]]:
    interest_of = dict(catalogue())
    seen = Counter(interest_of[sku] for order in orders for sku in order.skus)
    for interest, _ in seen.most_common(3):
        first = min(o.at for o in orders if interest in {interest_of[s] for s in o.skus})
        name = words()["interests"][interest]
        yield person.id, interest, name["zh"], name["en"], "purchases", moment(first)
