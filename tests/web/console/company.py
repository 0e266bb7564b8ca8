"""A company whose staff sign in at its own provider, and how they do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyotp
from sqlmodel import col, select

from rights.services import audit
from rights.store.models import DayChain, Staff
from tests.web.house import House
from tests.web.portal.desk import CLIENT, SECRET, Desk, visited
from tests.web.portal.reader import Page, Reader

ANA = {"sub": "s-1", "name": "Ana Li", "groups": ["privacy"], "amr": ["pwd", "otp"]}
GIVEN: dict[str, Any] = {
    "webhook_allow": "127.0.0.0/8",
    "staff_oidc_client_id": CLIENT,
    "staff_oidc_secret": SECRET,
    "staff_oidc_roles": "privacy=approver, privacy=legal, Heads of office=admin",
}
"""Settings, but for the issuer."""


@dataclass
class Company:
    """
    An office, and the provider at which its staff sign in.

    Args:
        secrets: Of the authenticator apps that were set up here, by browser.
    """

    house: House
    desk: Desk
    secrets: dict[int, str] = field(default_factory=dict)

    def reader(self, language: str = "en") -> Reader:
        return Reader(self.house, language)

    def leave(self, reader: Reader, to: str = "") -> str:
        """Begin a sign-in; return where the browser is sent."""
        page = reader.get(f"/console/sign-in?to={to}")
        going = reader.send(page, "/sign-in/provider")
        assert going.status == 200, going.text
        return onward(going)

    def sign_in(self, reader: Reader, to: str = "") -> Page:
        """Sign in at the desk, and go on as the page does that is shown afterwards."""
        page = reader.get(visited(self.leave(reader, to)))
        return reader.get(onward(page)) if "Refresh" in page.response.headers else page

    def entries(self, event: str) -> list[tuple[str, dict[str, Any]]]:
        """Return who is said to have done it, and what else, of one event."""
        with self.house.reading() as session:
            days = session.exec(select(DayChain.name).order_by(DayChain.name)).all()
            told = [one for day in days for one in audit.entries(session, day)]
        return [(one.actor, one.data) for one in told if one.event == event]

    def staff(self) -> list[Staff]:
        with self.house.reading() as session:
            return list(session.exec(select(Staff).order_by(col(Staff.created_at))))

    def roles(self) -> list[str]:
        """Return the roles of the only account there is."""
        (one,) = self.staff()
        return one.roles

    def code(self, secret: str) -> str:
        """Return the code that an app shows now; the clock goes on, so that none is used twice."""
        self.house.clock.forward(seconds=60)
        return pyotp.TOTP(secret).at(self.house.clock.now())


def onward(page: Page) -> str:
    """Return where a page goes on to by itself; a link says so too."""
    there = page.response.headers["Refresh"].removeprefix("0; url=")
    assert there in page.links
    return there


def inside(reader: Reader) -> bool:
    """Return whether a browser is in the console."""
    return reader.get("/console/").response.request.path == "/console/"


def problem(page: Page) -> str:
    """Return what the page of an error says first."""
    return page.html.partition("<h1>")[2].partition("</h1>")[0]
