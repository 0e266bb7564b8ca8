"""A shop with a bridge to the national network identity service, and how people go there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from rights.net import Guard
from rights.services.network_identity import bridges
from rights.services.network_identity.bridge import Bridge
from rights.store.models import Entry, Lookup, ProofTry
from tests.web.house import House
from tests.web.portal.booth import SECRET, Booth
from tests.web.portal.desk import visited
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE, ask, only
from workflows.floor import Floor
from workflows.lookups import answer

ALLOW = "127.0.0.0/8"
BOUND = {"email": EVE, "user_id": "u-5"}


@dataclass
class Street:
    """A shop, its bridge, and its worker."""

    house: House
    booth: Booth
    floor: Floor | None

    def configure(self, **said: Any) -> None:
        given = {"backend_id": "", "url": self.booth.url, "secret": SECRET, "attests_names": True}
        with self.house.writing() as session:
            guard, now = Guard([ALLOW]), self.house.clock.now()
            bridge = Bridge(**{**given, **said})
            bridges.configure(session, self.house.context, guard, "shop", bridge, now=now)

    def work(self) -> None:
        """Let the worker answer what waits."""
        assert self.floor is not None
        with self.house.reading() as session:
            waiting = session.exec(select(Lookup).where(Lookup.state == "waiting")).all()
        for row in waiting:
            if row.question == "match":
                answer(self.floor, row.id)

    def tries(self) -> list[str]:
        with self.house.reading() as session:
            return [one.outcome for one in session.exec(select(ProofTry))]

    def entries(self, event: str) -> list[dict[str, Any]]:
        with self.house.reading() as session:
            return [e.data for e in session.exec(select(Entry).where(Entry.event == event))]


def coded(reader: Reader, kind: str = "portability") -> Page:
    """Ask without an account, and answer the code."""
    reader.begin()
    page = ask(reader, kind, who__email=EVE)
    return reader.send(page, "/proof", code=reader.house.code(only(reader.house).id))


def leave(reader: Reader, page: Page) -> str:
    """Choose the network identity; return where the browser is sent."""
    going = reader.send(page, "/network-identity")
    assert going.status == 200, going.text
    there = next(one for one in going.links if one.startswith("http"))
    assert going.response.headers["Refresh"] == f"0; url={there}"
    return there


def problem(page: Page) -> str:
    return page.html.partition('data-problem="')[2].partition('"')[0]


def shown(street: Street, reader: Reader, page: Page) -> Page:
    """Go there and back, and let the worker ask the bridge."""
    reader.get(visited(leave(reader, page)))
    street.work()
    return reader.get(f"/portal/requests/{only(street.house).id}")
