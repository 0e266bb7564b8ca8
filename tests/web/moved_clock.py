"""A relay and a register whose clock can be moved, beside the time that really passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import State, Wait
from rights.services import requests
from rights.services.settled_time import marked
from rights.store.db import RegisterClock
from rights.store.models import Evidence, HeldRows, OutboxMessage, Request
from tests.faults import clock as lab
from tests.web.house import House
from workflows import relaying, sweep
from workflows.relay import Chore

IRREVOCABLE = ("settled", "sweep", "holds", "evidence", "purge")


class Moved:
    """The register of a house; *passed* are the seconds of a clock that nobody can set."""

    def __init__(self, house: House, patch: pytest.MonkeyPatch) -> None:
        self.house, self.passed = house, 0.0
        self.own = house.engine.dialect.name == "postgresql"
        if self.own:
            lab.movable(house.engine)
        else:  # the clock of a file is the machine's, and that is left alone
            patch.setattr(RegisterClock, "now", lambda _: house.clock.now())
        self.ids: dict[str, str] = {}
        self.relay = self.begin()

    def begin(self) -> dict[str, Chore]:
        """Return the chores of a relay that begins now."""
        context = self.house.context
        made = relaying.build(context.settings, context, lambda: self.passed)
        return {one.name: one for one in made.chores}

    def restart(self) -> None:
        """Let another relay take over; what the first had in mind is gone."""
        self.relay = self.begin()

    def register_now(self) -> datetime:
        """Return what the register's clock says."""
        return RegisterClock(self.house.engine).now()

    def jump(self, **by: float) -> None:
        """Move the register's clock, and nothing else."""
        span = timedelta(**by).total_seconds()
        if self.own:
            lab.move(self.house.engine, span)
        self.house.clock.at += timedelta(seconds=span)

    def go_by(self, **by: float) -> None:
        """Let time really pass."""
        self.passed += timedelta(**by).total_seconds()
        self.jump(**by)

    def round(self, *relays: dict[str, Chore]) -> None:
        """Let each relay do what cannot be undone, as far as it is due."""
        for one in relays or (self.relay,):
            for name in IRREVOCABLE:
                while one[name].run() == sweep.BATCH:
                    pass

    def settle(self, hours: float) -> None:
        """Let hours pass, with a round in each half."""
        for _ in range(round(hours * 2)):
            self.go_by(minutes=30)
            self.round()

    def unbelieved(self) -> timedelta:
        """Return how much of the register's time is not believed."""
        with self.house.reading() as session:
            line = marked(session)
        assert line is not None
        return line.behind

    def furnish(self) -> None:
        """Let there be one of everything that time alone ends, none of it yet."""
        house, now = self.house, datetime.now(UTC)
        self.house.clock.at = now
        self.ids["unproved"] = str(house.submit("access")["id"])
        self.ids["closed"] = str(house.submit("deletion", {"user_id": "u-2"})["id"])
        house.post(f"/v1/requests/{self.ids['closed']}/cancel")
        self.ids["cooling"] = str(house.asserted("deletion", {"user_id": "u-3"})["id"])
        with house.writing() as session:
            row = requests.locked(session, self.ids["cooling"])
            row.state, row.wait = State.ON_HOLD, Wait.COOLING_OFF
            row.parameters = {"wait_days": 3}
            row.next_at = row.received_at + timedelta(days=3)
            given: dict[str, Any] = {"request_id": row.id, "uploaded_at": now, "wrapped_key": b"k"}
            session.add(Evidence(**given, destroy_at=now + timedelta(days=30)))
            held: dict[str, Any] = {
                "collection": "shop.orders",
                "code": "c",
                "basis": "b",
                "count": 1,
            }
            session.add(
                HeldRows(
                    **held,
                    request_id=self.ids["closed"],
                    created_at=now,
                    next_at=now + timedelta(days=10),
                )
            )
            for message in session.exec(select(OutboxMessage)):
                session.delete(message)
        house.package(self.ids["closed"], b"content")

    def ended(self) -> set[str]:
        """Return what of all that came to its end."""
        with self.house.reading() as session:
            rows = {name: session.get(Request, one) for name, one in self.ids.items()}
            states = {name: row.state for name, row in rows.items() if row is not None}
            found = {"lapsed": states["unproved"] is State.EXPIRED}
            found["cooled off"] = states["cooling"] is State.IN_PROGRESS
            keys = session.exec(select(Evidence.wrapped_key)).all()
            found["document"] = keys == [b""]
            jobs = select(OutboxMessage.id).where(col(OutboxMessage.job) == "hold_ends")
            found["hold"] = session.exec(jobs).first() is not None
        found["package"] = not list(self.house.blobs.list("packages"))
        return {name for name, is_so in found.items() if is_so}
