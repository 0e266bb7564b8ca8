"""The files the company keeps: avatars, uploads and invoices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from workflows.demo.company.people import Company, Person
from workflows.demo.company.pictures import avatar
from workflows.demo.company.shop import Order, Shop
from workflows.demo.company.words import happens, words

PEOPLE: Final = 100
"""How many people have files: each object is a call of its own, and the demo starts fast."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object to put into the bucket."""

    key: str
    media_type: str
    body: bytes = field(repr=False)


def cabinet(company: Company, shop: Shop) -> Iterator[Object]:
    """Yield the objects of the first people of *company*."""
    dice = company.dice("files")
    theirs = {person.id: person for person in company.people[:PEOPLE]}
    newest = {order.owner.id: order for order in shop.orders if order.owner is not None}
    for person in theirs.values():
        yield Object(f"avatars/{person.id}/avatar.png", "image/png", avatar(dice))
        if person.role or happens(dice, "upload"):
            yield _upload(person)
    for order in shop.orders:
        owner = order.owner
        if owner is None or owner.id not in theirs:
            continue
        if owner.role or newest[owner.id] is order:
            yield _invoice(order, owner)


def _upload(person: Person) -> Object:
    text = words()["reviews"][person.tongue][0]
    body = f"{person.name}\n{text}\n".encode()
    return Object(f"uploads/{person.id}/letter.txt", "text/plain; charset=utf-8", body)


def _invoice(order: Order, person: Person) -> Object:
    head = "发票" if person.tongue == "zh" else "Invoice"
    lines = [f"{head} {order.number}", order.at.date().isoformat(), person.name, *order.skus]
    lines.append(f"{order.total / 100:.2f}")
    body = "\n".join(lines).encode()
    return Object(f"invoices/{order.id}.txt", "text/plain; charset=utf-8", body)
