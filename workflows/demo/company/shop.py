"""The shop's rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table

from workflows.demo.company import shop_tables as tables
from workflows.demo.company.people import Company, Person
from workflows.demo.company.words import happens, words

Row = dict[str, Any]
Rows = list[Row]

GUESTS: Final = 60
_FIRST_ORDER: Final = 50_001
_CAST_ORDERS_DAYS: Final = (1400, 1200, 400, 90, 12)
"""When people of the cast ordered: two orders are past the three years the law asks for."""
_AGENTS: Final = ("ShopApp/5.2 (Android 15)", "ShopApp/5.2 (iOS 19)", "Mozilla/5.0 (Windows)")


@dataclass(frozen=True, slots=True)
class Order:
    """
    One order, as far as other stores need to know it.

    Args:
        owner: None for a guest.
    """

    id: int
    number: str
    owner: Person | None
    total: int
    at: datetime
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything in the shop: rows by table, and its orders once more for the other stores."""

    rows: Mapping[Table, Rows]
    orders: tuple[Order, ...]


def stock(company: Company) -> Shop:
    """Return the shop of *company*."""
    orders = list(_orders(company))
    dice = company.dice("shop")
    rows: dict[Table, Rows] = {
        tables.PRODUCTS: [
            {"sku": sku, "title_zh": zh, "title_en": en, "price_cents": price}
            for sku, zh, en, price, _ in words()["products"]
        ],
        tables.USERS: [_user(dice, p) for p in company.people],
        tables.ADDRESSES: _numbered(a for p in company.people for a in _addresses(dice, p)),
        tables.ORDERS: [row for _, row, _, _ in orders],
        tables.ORDER_ITEMS: [item for _, _, items, _ in orders for item in items],
        tables.PAYMENTS: _numbered(payment for _, _, _, payment in orders),
        tables.REVIEWS: _numbered(r for p in company.people for r in _reviews(dice, company, p)),
        tables.LOGIN_EVENTS: _numbered(
            e for p in company.people for e in _logins(dice, company, p)
        ),
    }
    return Shop(rows, tuple(order for order, _, _, _ in orders))


def _numbered(rows: Iterator[Row]) -> Rows:
    return [{"id": number, **row} for number, row in enumerate(rows, 1)]


def _user(dice: random.Random, person: Person) -> Row:
    return {
        "id": person.id,
        "email": person.email,
        "email_changed_at": None,
        "phone": person.phone,
        "name": person.name,
        "password_hash": f"argon2id${dice.getrandbits(128):032x}",
        "born": person.born,
        "city": person.city,
        "locale": person.locale,
        "status": person.status,
        "real_name_verified": person.real_name,
        "marketing": person.marketing,
        "research": happens(dice, "research"),
        "restricted": False,
        "created_at": person.joined,
        "closed_at": None,
    }


def street(dice: random.Random, person: Person) -> str:
    """Return where somebody could live."""
    facts = words()
    if person.tongue == "zh":
        district, road = dice.choice(facts["districts_zh"]), dice.choice(facts["roads_zh"])
        return f"{district}{road}{dice.randrange(1, 300)}号{dice.randrange(1, 30)}室"
    return f"{dice.randrange(1, 200)} {dice.choice(facts['roads_en'])}"


def _addresses(dice: random.Random, person: Person) -> Iterator[Row]:
    for label in ("home", "work")[: 2 if person.role or happens(dice, "second_address") else 1]:
        yield {
            "user_id": person.id,
            "label": label,
            "recipient": person.name,
            "phone": person.phone,
            "city": person.city,
            "street": street(dice, person),
        }


def _orders(company: Company) -> Iterator[tuple[Order, Row, Rows, Row]]:
    dice = company.dice("orders")
    number = _FIRST_ORDER
    for person in company.people:
        for at in _order_times(dice, company, person):
            yield _order(dice, number, person, at, guest=False)
            number += 1
    # Some people also bought without signing in: only their e-mail says that it was them.
    cast = [p for p in company.people if p.role]
    guests = cast + dice.sample(company.people[len(cast) :], GUESTS - len(cast))
    for person in guests:
        at = company.midnight - timedelta(days=dice.randrange(1100, 1500), hours=3)
        yield _order(dice, number, person, at, guest=True)
        number += 1


def _order_times(dice: random.Random, company: Company, person: Person) -> Iterator[datetime]:
    if person.role:
        yield from (company.midnight - timedelta(days=days) for days in _CAST_ORDERS_DAYS)
        return
    age = (company.midnight - person.joined).days
    for _ in range(dice.choice((0, 1, 2, 3, 4, 7))):
        yield person.joined + timedelta(days=dice.randrange(age), hours=dice.randrange(24))


def _order(
    dice: random.Random, number: int, person: Person, at: datetime, *, guest: bool
) -> tuple[Order, Row, Rows, Row]:
    facts = words()
    bought = dice.sample(facts["products"], dice.choice((1, 1, 2, 3)))
    items = [
        {
            "order_id": number,
            "position": position,
            "sku": sku,
            "title": zh if person.tongue == "zh" else en,
            "quantity": dice.choice((1, 1, 1, 2)),
            "price_cents": price,
            "restricted": False,
            "created_at": at,
        }
        for position, (sku, zh, en, price, _) in enumerate(bought, 1)
    ]
    total = sum(item["price_cents"] * item["quantity"] for item in items)
    owner = None if guest else person
    order = Order(number, f"NO-{number}", owner, total, at, tuple(p[0] for p in bought))
    row = {
        "id": number,
        "number": order.number,
        "user_id": None if guest else person.id,
        # Guests typed their address by hand, as people do.
        "guest_email": person.email.capitalize() if guest else None,
        "ship_to": person.name,
        "ship_street": street(dice, person),
        "note": dice.choice(facts["order_notes"][person.tongue]),
        "total_cents": total,
        "currency": "CNY" if person.tongue == "zh" else "GBP",
        "restricted": False,
        "created_at": at,
    }
    return order, row, items, _payment(dice, order, person)


def _payment(dice: random.Random, order: Order, person: Person) -> Row:
    card = happens(dice, "card")
    return {
        "order_id": order.id,
        "method": "card" if card else "wallet",
        "card_number": person.card if card else None,
        "card_tail": person.card[-4:] if card else None,
        "amount_cents": order.total,
        "restricted": False,
        "paid_at": order.at + timedelta(minutes=2),
    }


def _since(dice: random.Random, company: Company, person: Person) -> datetime:
    age = (company.midnight - person.joined).days
    return person.joined + timedelta(days=dice.randrange(age), minutes=dice.randrange(1440))


def _reviews(dice: random.Random, company: Company, person: Person) -> Iterator[Row]:
    facts = words()
    for _ in range(2 if person.role else dice.choice((0, 0, 1, 2))):
        yield {
            "user_id": person.id,
            "sku": dice.choice(facts["products"])[0],
            "stars": dice.randrange(2, 6),
            "body": dice.choice(facts["reviews"][person.tongue]),
            "created_at": _since(dice, company, person),
        }


def _logins(dice: random.Random, company: Company, person: Person) -> Iterator[Row]:
    agent = dice.choice(_AGENTS)
    for _ in range(dice.randrange(1, 8)):
        yield {
            "user_id": person.id,
            "ip": f"203.0.113.{dice.randrange(1, 255)}",
            "device_id": person.device,
            "user_agent": agent,
            "restricted": False,
            "created_at": _since(dice, company, person),
        }
