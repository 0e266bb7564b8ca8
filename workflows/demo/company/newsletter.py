"""The newsletter: a product of its own that knows people by e-mail only."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, MetaData, String, Table

from workflows.demo.company.people import Company, Person
from workflows.demo.company.words import happens, words

METADATA: Final = MetaData()

SUBSCRIBERS: Final = Table(
    "subscribers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("email", String(120), nullable=False, index=True),
    Column("name", String(80)),
    Column("subscribed", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("subscribed_at", DateTime, nullable=False),
)
SENDS: Final = Table(
    "sends",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("campaign", String(40), nullable=False),
    Column("sent_at", DateTime, nullable=False),
)
CLICKS: Final = Table(
    "clicks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("send_id", ForeignKey("sends.id"), nullable=False, index=True),
    Column("url", String(200), nullable=False),
    Column("ip", String(45)),
    Column("clicked_at", DateTime, nullable=False),
)
Rows = list[dict[str, Any]]


def subscribe(company: Company) -> Mapping[Table, Rows]:
    """Return the rows of the newsletter's tables: everybody who agreed to marketing."""
    dice = company.dice("newsletter")
    rows: dict[Table, Rows] = {SUBSCRIBERS: [], SENDS: [], CLICKS: []}
    for person in company.people:
        if person.marketing:
            _subscribe(dice, company, person, rows)
    return rows


def _subscribe(
    dice: random.Random, company: Company, person: Person, rows: dict[Table, Rows]
) -> None:
    number = len(rows[SUBSCRIBERS]) + 1
    rows[SUBSCRIBERS].append(
        {
            "id": number,
            "email": person.email,
            "name": person.name,
            "subscribed": True,
            "restricted": False,
            "subscribed_at": person.joined,
        }
    )
    for weeks, campaign in enumerate(words()["campaigns"], 2):
        sent = len(rows[SENDS]) + 1
        at = company.midnight - timedelta(weeks=weeks)
        rows[SENDS].append(
            {"id": sent, "subscriber_id": number, "campaign": campaign, "sent_at": at}
        )
        if person.role or happens(dice, "clicked"):
            rows[CLICKS].append(_click(dice, len(rows[CLICKS]) + 1, sent, campaign))
            rows[CLICKS][-1]["clicked_at"] = at + timedelta(hours=5)


def _click(dice: random.Random, number: int, sent: int, campaign: str) -> dict[str, Any]:
    return {
        "id": number,
        "send_id": sent,
        "url": f"https://shop.example.com/{campaign}",
        "ip": f"198.51.100.{dice.randrange(1, 255)}",
    }
