"""A finished copy, what staff let through of it, and the relay and worker that make it anew."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.kinds import Kind
from rights.services import additions, redaction_desk
from rights.services.additions import Stands
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Entry, Notice, OutboxMessage, Package, Staff
from tests.workflows.people_in_stores import People
from tests.workflows.test_other_people import ANN, shop
from workflows import jobs, sweep
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import settings_in
from workflows.packing import files_of

__all__ = ["Case", "case", "shop"]


@dataclass
class Case:
    """A finished copy of Ann's, out of which Bob's numbers were taken."""

    shop: People
    floor: Floor
    request_id: str
    ahead: timedelta = timedelta()

    def at(self, ahead: timedelta) -> None:
        """Let the time be this much later than it is."""
        self.ahead = ahead

    def release(self, *values: str) -> None:
        """Let staff say that values are the person's own."""
        with transaction(self.floor.register) as session:
            staff = session.exec(select(Staff)).first() or Staff(
                name="rui", roles=["reviewer"], created_at=datetime.now(UTC)
            )
            session.add(staff)
            session.flush()
            about = (session, self.floor.context, self.floor.blobs, self.request_id)
            rows = list(redaction_desk.seen(*about, staff, self.floor.now()))
            numbers = [r["number"] for r in rows if r["value"] in values]
            assert numbers
            redaction_desk.release(*about, numbers, staff, self.floor.now())

    def ring(self, *, times: int = 1) -> None:
        """Let the relay ring for what is due, and workers answer each doorbell so often."""
        sweep.aftercare(self.floor.register, self.floor.now)
        with transaction(self.floor.register) as session:
            waiting = session.exec(
                select(OutboxMessage).where(
                    OutboxMessage.job == "look_again", col(OutboxMessage.sent_at).is_(None)
                )
            ).all()
            ids = [m.args["aftercare_id"] for m in waiting]
            for message in waiting:
                message.sent_at = self.floor.now()
        jobs.at(self.floor)
        for one in ids * times:
            jobs.JOBS["look_again"](one)

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """Return rows of the register."""
        with reading(self.floor.register) as session:
            return list(session.exec(select(model).where(*where)))

    def packages(self) -> list[Package]:
        """Return the finished packages, the oldest first."""
        found = self.rows(Package, Package.state == "ready")
        return sorted(found, key=lambda p: p.created_at)

    def live(self) -> list[Package]:
        """Return those that can be downloaded now."""
        now = self.floor.now()
        return [p for p in self.packages() if p.expires_at and p.expires_at > now]

    def owed(self) -> list[Aftercare]:
        """Return what is owed or was."""
        return self.rows(Aftercare, Aftercare.kind == additions.KIND)

    def letters(self) -> int:
        """Return how often the person is told of an addition."""
        return len(self.rows(Notice, Notice.event == "package_added"))

    def events(self) -> list[str]:
        """Return the entries of the request."""
        return [e.event for e in self.rows(Entry, Entry.chain == self.request_id)]

    def stands(self) -> Stands | None:
        """Return how far the addition is."""
        with reading(self.floor.register) as session:
            return additions.stands(session, self.request_id)

    def content(self, package: Package) -> dict[str, bytes]:
        """Return the files of a package."""
        with zipfile.ZipFile(BytesIO(b"".join(files_of(self.floor, package)))) as opened:
            return {name: opened.read(name) for name in opened.namelist()}

    def lying(self) -> set[str]:
        """Return everything that lies in the object store."""
        places = ("packages", "apart", "spool")
        return {key for place in places for key in self.floor.blobs.list(place)}


@pytest.fixture
def case(shop: People) -> Iterator[Case]:
    request_id = shop.run(Kind.COPY, subject=ANN)["request"]
    floor = floor_for(parts_for(settings_in(shop.map_file, shop.folder / "state")), worker="w1")
    made = Case(shop, floor, request_id)
    made.floor = replace(floor, now=lambda: floor.now() + made.ahead)
    yield made
    floor.close()
