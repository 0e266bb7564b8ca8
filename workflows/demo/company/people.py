"""The people of the company."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from workflows.demo.company.words import happens, tongue, words

SEED: Final = 20260
FIRST_ID: Final = 1001
_OLDEST_DAYS: Final = 5 * 365
_STATUSES: Final = ("active",) * 18 + ("suspended", "banned")
_DRAMA: Final = 1000
"""Numbers in the British range reserved for drama, +44 7700 900000 to 900999."""


@dataclass(frozen=True, slots=True)
class Person:
    """
    One person, as the shop knows them.

    Args:
        id: The account number, from 1001 on.
        role: What the demo does for them, for the first few; empty for all others.
        status: ``active``, ``suspended`` or ``banned``; the last two keep their rights.
        device: An installation of the app, known without signing in too.
    """

    id: int
    role: str
    locale: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    device: str = field(repr=False)
    city: str
    born: date
    joined: datetime
    status: str
    real_name: bool
    marketing: bool
    card: str = field(repr=False)

    @property
    def tongue(self) -> str:
        """The language of what they write: ``zh`` or ``en``."""
        return tongue(self.locale)


@dataclass(frozen=True, slots=True)
class Company:
    """
    Everybody, and the day they are seen on.

    Args:
        today: Every date in the stores is on or before it.
    """

    people: tuple[Person, ...]
    today: date
    seed: int = SEED

    def dice(self, what: str) -> random.Random:
        """Return a source of chance of its own for *what*, the same each time."""
        return random.Random(f"{self.seed}|{what}")

    def member(self, role: str) -> Person:
        """Return the person of the cast who plays *role*."""
        return next(p for p in self.people if p.role == role)

    @property
    def midnight(self) -> datetime:
        """The start of today; UTC without a zone, as the stores keep their times."""
        return datetime.combine(self.today, time())


def found(today: date, *, seed: int = SEED) -> Company:
    """Return the company as it stands on *today*."""
    dice = random.Random(f"{seed}|people")
    return Company(tuple(_everybody(dice, today)), today, seed)


def _everybody(dice: random.Random, today: date) -> Iterator[Person]:
    facts = words()
    cast = facts["cast"]
    for number in range(facts["people"]):
        if number < len(cast):
            yield _person(dice, number, today, cast[number])
        else:
            yield _person(dice, number, today, {"role": "", **_stranger(dice, facts)})


def _stranger(dice: random.Random, facts: Mapping[str, Any]) -> dict[str, str]:
    if happens(dice, "english"):
        given, family = dice.choice(facts["given_en"]), dice.choice(facts["surnames_en"])
        latin = f"{given}.{family}".lower().replace("'", "")
        return {"locale": "en", "name": f"{given} {family}", "latin": latin}
    family, given = dice.choice(facts["surnames"]), dice.choice(facts["given_zh"])
    return {
        "locale": "zh-CN",
        "name": family[0] + given[0],
        "latin": f"{family[1]}.{given[1]}",
    }


def _person(dice: random.Random, number: int, today: date, who: Mapping[str, str]) -> Person:
    facts = words()
    known = bool(who["role"])
    age = dice.randrange(18 * 365, 70 * 365)
    since = dice.randrange(4 * 365 if known else 30, _OLDEST_DAYS)
    moment = time(dice.randrange(24), dice.randrange(60), dice.randrange(60))
    return Person(
        id=FIRST_ID + number,
        role=who["role"],
        locale=who["locale"],
        name=who["name"],
        email=f"{who['latin']}{FIRST_ID + number}@{dice.choice(facts['mail_domains'])}",
        phone=_phone(who["locale"], number),
        device=f"d-{dice.getrandbits(64):016x}",
        city=dice.choice(facts[f"cities_{tongue(who['locale'])}"]),
        born=today - timedelta(days=age),
        joined=datetime.combine(today - timedelta(days=since), moment),
        status="active" if known else dice.choice(_STATUSES),
        real_name=known or happens(dice, "real_name"),
        marketing=known or happens(dice, "marketing"),
        card="62" + f"{dice.randrange(10**14):014d}",
    )


def _phone(locale: str, number: int) -> str:
    """Return a number nobody else of the company has."""
    if locale == "en" and number < _DRAMA:
        return f"+447700900{number:03d}"
    return f"+86199{10_000_000 + number * 7919 % 89_999_999:08d}"
