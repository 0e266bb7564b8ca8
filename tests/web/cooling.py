"""A web process and a worker on one register, for people who choose to wait."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from rights.services import audit, backends
from rights.store.models import Entry, Notice, Request
from tests.web.house import House
from tests.web.portal.reader import SHOP
from tests.workflows.afterwards import MAP, Tables, filled
from tests.workflows.house import floor_over
from workflows import sweep
from workflows.floor import Floor
from workflows.jobs import work_on

ANN = {"user_id": "1", "email": "ann@example.com"}
WAITS = {"wait_days": 3}
KIND = "account_cancellation"


@dataclass
class Company:
    """The house people speak to, the floor on which work is done, and the rows of its stores."""

    house: House
    floor: Floor
    tables: Tables

    def ask(self, **more: Any) -> dict[str, Any]:
        """Cancel Ann's account, who is logged in."""
        return self.house.asserted(KIND, ANN, "mfa", **{"parameters": WAITS, **more})

    def pass_by(self, **by: float) -> None:
        """Let time pass, and the relay look."""
        self.house.clock.forward(**by)
        sweep.sweep(self.floor.register, self.floor.context, self.floor.now)

    def work(self, request_id: str) -> None:
        """Let a worker hear the doorbell."""
        work_on(self.floor, request_id)

    def request(self, request_id: str) -> Request:
        """Return a request as the register has it."""
        with self.house.reading() as session:
            found: Request = session.get_one(Request, request_id)
        return found

    def stands(self, request_id: str) -> tuple[Any, ...]:
        """Return all of a request that a wait could change in."""
        row = self.request(request_id)
        return row.state, row.wait, row.next_at, row.due_at, row.promised_at, row.version

    def entries(self, request_id: str) -> list[Entry]:
        """Return what happened to a request."""
        with self.house.reading() as session:
            return list(audit.entries(session, request_id))

    def told(self, request_id: str) -> list[str]:
        """Return what the person was written about."""
        with self.house.reading() as session:
            found = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
        return [one.event for one in found]

    def untouched(self) -> bool:
        """Return whether the stores hold what they held at first."""
        return self.tables == filled()

    def erased(self) -> bool:
        """Return whether Ann is gone and Bo is not."""
        people = [(one["id"], one["email"]) for one in self.tables["shop"]["users"]]
        orders = [one["user_id"] for one in self.tables["shop"]["orders"]]
        return (1, "ann@example.com") not in people and people[-1][0] == 2 and orders == [2]


def company(furnished: Callable[..., House], folder: Path, **settings: Any) -> Company:
    """Return a company whose people can cancel their accounts."""
    file = folder / "company.yaml"
    file.write_text(MAP, encoding="utf-8")
    house = furnished(datamap=file, **settings)
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    tables = copy.deepcopy(filled())
    place = folder / "floor"
    place.mkdir()
    url = house.context.settings.database_url
    clock: Any = house.clock.now
    return Company(house, floor_over(place, MAP, tables, clock, register_url=url), tables)
