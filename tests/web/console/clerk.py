"""A member of staff at a browser without JavaScript, and the office they work in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pyotp
from sqlmodel import select

from rights.domain.lifecycle import Event, Wait
from rights.services import audit, requests
from rights.services.staff_access import accounts, second_factors, sessions, signing_in
from rights.services.staff_access.sessions import Stage
from rights.store.models import DayChain, PlanRow, Request, Staff, StepRow, StepState
from rights.web.auth import STAFF_COOKIE
from tests.web.house import House
from tests.web.portal.reader import Page, Reader

AGENT = "Werkzeug"
PASSWORD = "a long walk by the river"
CITED = {"law": "Anti-Money Laundering Law 7", "rank": "law"}
"""What a denial that keeps a secret rests on."""


@dataclass
class Clerk:
    """
    One member of staff.

    Args:
        secret: Of their authenticator app.
    """

    house: House
    name: str
    secret: str = ""
    paper: list[str] = field(default_factory=list)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.house)

    def code(self) -> str:
        """Return the code that the app shows now; the clock goes on, so that none is used twice."""
        self.house.clock.forward(seconds=60)
        return pyotp.TOTP(self.secret).at(self.house.clock.now())

    def accept(self, token: str, password: str = PASSWORD) -> Page:
        """Set a password with a link."""
        page = self.reader.get(f"/console/invitation?w={token}")
        return self.reader.send(page, "/invitation", password=password, again=password)

    def password(self, password: str = PASSWORD, *, to: str = "") -> Page:
        """Give a name and a password."""
        page = self.reader.get(f"/console/sign-in?to={to}")
        return self.reader.send(page, "/sign-in", name=self.name, password=password)

    def set_up(self, page: Page) -> Page:
        """Set up an authenticator app on the page that asks for it."""
        self.secret = _shown(page)
        page = self.reader.send(page, "/set-up", code=self.code())
        self.paper = _codes(page)
        return page

    def come_in(self) -> Page:
        """Sign in: with a fresh app the first time, with its code from then on."""
        page = self.password()
        if not self.secret:
            self.set_up(page)
            return self.reader.get("/console/")
        return self.reader.send(page, "/code", code=self.code())

    def get(self, path: str) -> Page:
        """Open a page of the console."""
        return self.reader.get(f"/console{path}")

    def act(self, request_id: str, name: str, **said: Any) -> Page:
        """Send the form of an act from the page of a request."""
        page = self.get(f"/requests/{request_id}")
        return self.reader.send(page, f"/{request_id}/{name}", **said)

    def force(self, path: str, **said: Any) -> Page:
        """Send what no page offers, with this session's own proof against forgery."""
        key = dict(self.get("/account").form("/account/password").fields)["key"]
        return self.reader.post(f"/console{path}", {"key": key, **said})


def _shown(page: Page) -> str:
    return page.html.split("<code>")[1].split("</code>")[0]


def _codes(page: Page) -> list[str]:
    return [part.split("</code>")[0] for part in page.html.split("<code>")[1:]]


def newcomer(house: House, name: str, *roles: str) -> Clerk:
    """Add somebody and let them in, by every page of it."""
    with house.writing() as session:
        now = house.clock.now()
        staff = accounts.add(session, name, roles, None, now=now)
        token = accounts.invite(session, staff, None, now=now)
    made = Clerk(house, name)
    made.accept(token)
    page = made.come_in()
    assert page.status == 200, page.text
    return made


def clerk(house: House, name: str, *roles: str) -> Clerk:
    """
    Add somebody and let them in.

    What is left behind is what :meth:`Clerk.accept` and :meth:`Clerk.come_in` leave: account,
    password, app, codes on paper, session, entries. It is written by the same services, without
    the ten pages of it, which are looked at where signing in is what a test is about.
    """
    made = Clerk(house, name)
    client = made.reader.client
    with house.writing() as session:
        now = house.clock.now()
        staff = accounts.add(session, name, roles, None, now=now)
        staff = accounts.accept(
            session, accounts.invite(session, staff, None, now=now), PASSWORD, now=now
        )
        given: dict[str, Any] = {"agent": AGENT, "now": now}
        begun = sessions.begin(session, house.context.settings, staff, Stage.SET_UP, **given)
        session.flush()
        here, _ = sessions.read(session, begun, now=now)
        made.secret = second_factors.begin(session, house.context, here, issuer="tests").secret
        session.flush()
        code, now = made.code(), house.clock.now()
        made.paper = second_factors.set_up(session, house.context, here, code, now=now) or []
        cookie = signing_in.entered(session, house.context, here, "app", now=now)
    client.set_cookie(STAFF_COOKIE, cookie, path="/console", secure=True, httponly=True)
    return made


def events(house: House) -> list[tuple[str, str]]:
    """Return what the day's chains say: event and actor."""
    with house.reading() as session:
        days = session.exec(select(DayChain.name).order_by(DayChain.name)).all()
        return [(e.event, e.actor) for day in days for e in audit.entries(session, day)]


def refusals(house: House) -> list[dict[str, str]]:
    """Return what the entries of the days say of what was tried and refused."""
    with house.reading() as session:
        days = session.exec(select(DayChain.name).order_by(DayChain.name)).all()
        found = [e for day in days for e in audit.entries(session, day)]
    return [dict(e.data) for e in found if e.event == "staff_refused"]


def told(house: House, request_id: str) -> list[str]:
    """Return the events of a request's chain."""
    with house.reading() as session:
        return [e.event for e in audit.entries(session, request_id)]


def id_of(house: House, name: str) -> str:
    """Return the id of a member of staff."""
    with house.reading() as session:
        return str(session.exec(select(Staff.id).where(Staff.name == name)).one())


def query_of(path: str) -> str:
    """Return the query of an address."""
    return urlsplit(path).query


STEP = {
    "phase": 1,
    "store": "shop",
    "part": "",
    "collections": ["shop.users"],
    "manual": "",
}
"""What a plan says of its one step, but for what is done."""


def _plan(made: str, action: str, body: Mapping[str, Any], now: datetime) -> PlanRow:
    counts = {"shop.users": {"rows": 3}}
    whole = {"steps": [{**STEP, "action": action}], "counts": counts, "holds": {}, "warnings": []}
    hashes: dict[str, Any] = {"config_hash": "c", "schema_hash": "s", "hash": "p" * 64}
    given: dict[str, Any] = {"body": whole | dict(body), "created_at": now, "needs_approval": True}
    return PlanRow(request_id=made, **hashes, **given)


def planned(
    house: House,
    kind: str = "deletion",
    *,
    action: str = "erase",
    beside: str = "",
    body: Mapping[str, Any] = MappingProxyType({}),
    regimes: Sequence[str] = (),
    **waits: Any,
) -> str:
    """
    Let a request wait with a plan, as a worker leaves it; *body* is what else the plan has.

    Args:
        beside: Another store, in which the same was done already.
    """
    more: dict[str, Any] = {"regimes": list(regimes)} if regimes else {}
    made = str(house.asserted(kind, **more)["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        now = house.clock.now()
        session.add(_plan(made, action, body, now))
        step: dict[str, Any] = {"request_id": made, "phase": 1, "action": action, "store": "shop"}
        session.add(StepRow(id=f"{made}-01-{action}-shop", **step, **waits))
        if beside:
            done = step | {"store": beside, "state": StepState.DONE}
            session.add(StepRow(id=f"{made}-01-{action}-{beside}", **done))
        wait = Wait.APPROVAL if not waits else Wait.TASK
        request.wait = wait
        requests.record(session, request, Event.HELD, actor="system", now=now, data={"wait": wait})
    return made
