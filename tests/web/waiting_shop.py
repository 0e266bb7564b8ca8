"""A company whose stores can put a person out of use, but for one, and switch three things off."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from rights.services import backends, meanwhile
from rights.store.models import Request
from tests.web.cooling import Company
from tests.web.house import House
from tests.web.portal.reader import SHOP
from tests.workflows.afterwards import MAP, filled
from tests.workflows.house import floor_over
from workflows.aftercare import close_out

SWITCHES = """\
switches:
- {name: personalised, collection: shop.users, column: ads, on: 1, off: 0}
- {name: push, collection: shop.users, column: push, on: 1, off: 0}
stores:
"""
PRODUCTS = """\
products:
- {name: mall, title: {zh: 商城, en: Mall}}
- {name: reader, title: {zh: 阅读, en: Reader}}
stores:
"""
FLAG = "    restriction: {strategy: flag, column: stopped, value: 1, lifted: 0}\n"


@dataclass
class Waiting(Company):
    """The company, and what is used of Ann in it."""

    def meanwhile(self, cancellation: str) -> Request:
        """Return the restriction that stands while a cancellation waits."""
        with self.house.reading() as session:
            found = meanwhile.of(session, session.get_one(Request, cancellation))
        assert found is not None
        return found

    def restricted(self, **more: Any) -> str:
        """Ask for a cancellation that waits, and let the data be put out of use."""
        made: str = self.ask(**more)["id"]
        self.pass_by()
        self.work(self.meanwhile(made).id)
        return made

    def called_off(self, cancellation: str) -> Request | None:
        """Cancel it, let what follows be done, and return the request that lifts."""
        assert self.house.post(f"/v1/requests/{cancellation}/cancel").status_code == 200
        close_out(self.floor, cancellation)
        return self.lift(cancellation)

    def lift(self, cancellation: str) -> Request | None:
        """Return the request that lifts what was put out of use, worked on."""
        restriction = self.meanwhile(cancellation).id
        with self.house.reading() as session:
            found = session.exec(select(Request).where(Request.follows == restriction)).all()
        assert len(found) <= 1
        if not found:
            return None
        self.work(found[0].id)
        return self.request(found[0].id)

    def used(self, number: int = 1) -> tuple[int, int, int]:
        """Return a person's flag and switches: in use for everything is ``(0, 1, 1)``."""
        row = next(one for one in self.tables["shop"]["users"] if one["id"] == number)
        return row["stopped"], row["ads"], row["push"]

    def reads(self, name: str) -> str:
        """Return what a product hears of one of Ann's switches."""
        body = {"name": name, "subject": {"user_id": "1"}}
        said: str = self.house.post("/v1/preferences/read", body).json["value"]
        return said


def of_products(text: str) -> str:
    """Return the map of two products: the orders are one's, the subscribers the other's."""
    text = text.replace("stores:\n", PRODUCTS, 1)
    text = text.replace("  - name: orders\n", "  - name: orders\n    products: [mall]\n" + FLAG)
    return text.replace(
        "  - name: subscribers\n", "  - name: subscribers\n    products: [reader]\n"
    )


def waiting(
    furnished: Callable[..., House], folder: Path, drawn: Callable[[str], str] = str
) -> Waiting:
    """
    Return the company.

    Args:
        drawn: What is changed in its data map.
    """
    text = MAP.replace("stores:\n", SWITCHES, 1)
    text = drawn(
        text.replace("    close: {status: closed}\n", FLAG + "    close: {status: closed}\n")
    )
    (folder / "company.yaml").write_text(text, encoding="utf-8")
    house = furnished(datamap=folder / "company.yaml")
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    tables = copy.deepcopy(filled())
    for row in tables["shop"]["users"]:
        row |= {"stopped": 0, "ads": 1, "push": 1}
    for row in tables["shop"]["orders"]:
        row |= {"stopped": 0}
    (folder / "floor").mkdir()
    url = house.context.settings.database_url
    clock: Any = house.clock.now
    floor = floor_over(folder / "floor", text, tables, clock, register_url=url)
    return Waiting(house, floor, tables)
