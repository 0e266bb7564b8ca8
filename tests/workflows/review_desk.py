"""The desk of a reviewer, over a company that has people in its stores; and power that goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from rights import failpoints
from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.services import package_reviews, packages, redaction_desk, requests
from rights.services.live_settings import changing
from rights.services.live_settings.in_force import InForce
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import (
    Entry,
    Notice,
    Package,
    Request,
    Staff,
)
from tests.workflows.house import ask
from tests.workflows.people_in_stores import People
from tests.workflows.test_other_people import ANN, shop
from workflows import jobs
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import settings_in

__all__ = ["shop"]


ONLY = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)


class Ended(BaseException):
    """The power went."""


@dataclass
class Desk:
    """A floor over a live shop, and the reviewer at it."""

    shop: People
    floor: Floor
    ahead: timedelta = timedelta()

    def setting(self, value: str) -> None:
        """Let staff have set when packages are looked at."""
        with transaction(self.floor.register) as session:
            ada, ben = (self.staff(session, name, "admin") for name in ("ada", "ben"))
            about = (session, self.floor.context, "packages_reviewed", value, ada, ben)
            changing.change_agreed(*about, now=self.floor.now())
        self.floor.context.in_force.look_again()

    def asked(self, kind: Kind = Kind.COPY, option: Option | None = None) -> str:
        """Ask, and let a worker do what it can."""
        made = ask(self.floor, kind, ANN, option=option)
        jobs.work_on(self.floor, made)
        return made

    def staff(self, session: Session, name: str = "rui", *roles: str) -> Staff:
        """Return a member of staff."""
        known = session.exec(select(Staff).where(Staff.name == name)).first()
        made = known or Staff(name=name, roles=[*(roles or ("reviewer",))], created_at=_now())
        session.add(made)
        session.flush()
        return made

    def let_go(self, request_id: str, sha256: str = "", name: str = "rui", *roles: str) -> None:
        """Let a package go, by its hash if none is given."""
        sha256 = sha256 or self.package(request_id).sha256
        with transaction(self.floor.register) as session:
            who, found = self.staff(session, name, *roles), requests.locked(session, request_id)
            about = (session, self.floor.context, found, sha256, who)
            package_reviews.let_go(*about, now=self.floor.now())

    def anew(self, request_id: str, because: str = "changed") -> None:
        """Have a package made anew."""
        sha256 = self.package(request_id).sha256
        with transaction(self.floor.register) as session:
            who, found = self.staff(session), requests.locked(session, request_id)
            about = (session, found, sha256, because, who)
            package_reviews.make_anew(*about, now=self.floor.now())

    def release(self, request_id: str, value: str) -> None:
        """Say that a value that was taken out is the person's own."""
        with transaction(self.floor.register) as session:
            about = (session, self.floor.context, self.floor.blobs, request_id)
            staff = self.staff(session)
            rows = list(redaction_desk.seen(*about, staff, self.floor.now()))
            numbers = [row["number"] for row in rows if row["value"] == value]
            redaction_desk.release(*about, numbers, staff, self.floor.now())

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """Return rows of the register."""
        with reading(self.floor.register) as session:
            return list(session.exec(select(model).where(*where)))

    def request(self, request_id: str) -> Request:
        """Return a request as it stands."""
        (found,) = self.rows(Request, Request.id == request_id)
        assert isinstance(found, Request)
        return found

    def package(self, request_id: str) -> Package:
        """Return the only package of a request."""
        (found,) = self.rows(Package, Package.request_id == request_id)
        assert isinstance(found, Package)
        return found

    def events(self, request_id: str) -> list[str]:
        """Return its entries."""
        return [one.event for one in self.rows(Entry, Entry.chain == request_id)]

    def given(self, request_id: str) -> list[Package]:
        """Return what the person and products see of its packages."""
        with reading(self.floor.register) as session:
            return packages.of_request(session, requests.find(session, request_id))

    def waits(self, request_id: str) -> bool:
        """Return whether its package waits for a look, and nobody can tell that there is one."""
        found, package = self.request(request_id), self.package(request_id)
        held = (found.state, found.wait, package.state) == (State.ON_HOLD, Wait.TASK, "in_review")
        told = self.rows(Notice, Notice.request_id == request_id, Notice.event == "package_ready")
        assert not held or (not self.given(request_id) and not told and not package.expires_at)
        with reading(self.floor.register) as session, pytest.raises(NotFound):
            packages.find(session, found, package.id if held else "0" * 32)
        return held


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def desk(shop: People) -> Iterator[Desk]:
    settings = settings_in(shop.map_file, shop.folder / "state")
    upgrade(settings.database_url)
    given = settings.model_copy()
    given.model_fields_set.discard("packages_reviewed")
    parts = parts_for(settings)
    context = replace(parts.context, in_force=InForce(given))
    floor = floor_for(replace(parts, context=context), worker="w1")
    made = Desk(shop, floor)
    made.floor = replace(floor, now=lambda: floor.now() + made.ahead)
    yield made
    floor.close()


def ended_at(desk: Desk, request_id: str, at: int) -> bool:
    """Work and let the power go at the so many-th point; return whether it went on to its end."""
    try:
        return ended(lambda: jobs.work_on(desk.floor, request_id), at)
    finally:
        desk.floor.leases.stop()


def ended(do: Callable[[], None], at: int) -> bool:
    """Do it and let the power go at the so many-th point; return whether it went on to its end."""
    passed = 0

    def act(_: failpoints.Point) -> None:
        nonlocal passed
        passed += 1
        if passed >= at:
            raise Ended

    failpoints.on(act)
    try:
        do()
    except Ended:
        return False
    finally:
        failpoints.on(None)
    return True
