"""A shop whose people sign in at a provider, and how they do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from rights.net import Guard
from rights.services import portal_sessions
from rights.services.sign_in import providers
from rights.services.sign_in.provider import Provider
from rights.store.models import PortalSession
from tests.browser.serving import serving
from tests.web.house import House
from tests.web.portal.desk import CLIENT, SECRET, Desk, visited
from tests.web.portal.reader import Page, Reader

ALICE = {"sub": "u-1", "email": "alice@example.com", "email_verified": True}
BOB = {"sub": "u-2", "email": "bob@example.com", "email_verified": True}
CLAIMS = {"sub": "user_id", "email": "email", "phone_number": "phone"}


@dataclass
class Town:
    """A shop whose people sign in at a provider."""

    house: House
    desk: Desk

    def reader(self, language: str = "en") -> Reader:
        return Reader(self.house, language)

    def configure(self, desk: Desk | None = None, name: str = "shop", **said: Any) -> Provider:
        """Let the people of a backend sign in at a desk."""
        at = (desk or self.desk).issuer
        given = {
            "backend_id": "",
            "title": "",
            "issuer": at,
            "client_id": CLIENT,
            "scopes": ("email",),
            "claims": CLAIMS,
            "secret": SECRET,
            **said,
        }
        guard = Guard(["127.0.0.0/8", "::1/128"])
        with self.house.writing() as session:
            return providers.configure(
                session,
                self.house.context,
                guard,
                name,
                Provider(**given),
                now=self.house.clock.now(),
            )


@contextmanager
def opened(desk: Desk, name: str = "127.0.0.1") -> Iterator[Desk]:
    """Serve a desk."""
    with serving(desk.app(), name=name) as at:
        desk.issuer = at
        yield desk


def leave(reader: Reader, at: int = 0, view: str = "") -> str:
    """Begin a sign-in; return where the browser is sent."""
    landing = reader.get(f"/portal/?view={view}" if view else "/portal/")
    form = [one for one in landing.forms if one.action == "/portal/sign-in"][at]
    going = reader.post(form.action, form.holding())
    assert going.status == 200, going.text
    there = next(one for one in going.links if one.startswith("http"))
    assert going.response.headers["Refresh"] == f"0; url={there}"
    return there


def sign_in(reader: Reader, **more: Any) -> Page:
    """Sign in at the desk."""
    return reader.get(visited(leave(reader, **more)))


def problem(page: Page) -> str:
    return page.html.partition('data-problem="')[2].partition('"')[0]


def people(house: House) -> list[PortalSession]:
    with house.reading() as session:
        return list(session.exec(select(PortalSession)))


def person_of(town: Town, reader: Reader) -> Any:
    """Return who the session of a browser is."""
    cookie = reader.client.get_cookie("rights_portal", path="/portal")
    assert cookie is not None
    with town.house.reading() as session:
        visit = portal_sessions.read(
            session, town.house.context, cookie.value, now=town.house.clock.now()
        )
    return visit.person
