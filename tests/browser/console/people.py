"""Members of staff at a real browser: how they come in, and what they do there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyotp
from sqlmodel import select

from rights.services.staff_access import accounts
from rights.store.models import Staff
from tests.browser.console.conftest import Office
from tests.web.console.clerk import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@dataclass
class Person:
    """
    One of the team at their browser.

    Args:
        secret: Of their authenticator app.
    """

    office: Office
    page: Page
    name: str
    secret: str = field(default="", repr=False)

    def invitation(self) -> str:
        """Return the address with which they set their password."""
        house = self.office.house
        with house.writing() as session:
            staff = session.exec(select(Staff).where(Staff.name == self.name)).one()
            token = accounts.invite(session, staff, None, now=house.clock.now())
        return f"{self.office.address}/invitation?w={token}"

    def set_password(self) -> None:
        """Type the same password twice on the page that asks for it."""
        self.page.locator("#password").fill(PASSWORD)
        self.page.locator("#again").fill(PASSWORD)
        self.send()

    def give_password(self) -> None:
        """Say who they are."""
        self.page.locator("#name").fill(self.name)
        self.page.locator("#password").fill(PASSWORD)
        self.send()

    def set_up_app(self) -> None:
        """Set up an authenticator app with the key on the page."""
        self.secret = self.page.locator("dd code").first.inner_text()
        self.give_code()

    def give_code(self) -> None:
        """Type what the app shows; time passes, so that no code is used twice."""
        self.office.house.clock.forward(seconds=30)
        self.page.locator("#code").fill(pyotp.TOTP(self.secret).at(self.office.house.clock.now()))
        self.send()

    def come_in(self) -> None:
        """Come in for the first time, by an invitation, as far as the overview."""
        self.page.goto(self.invitation())
        self.set_password()
        self.give_password()
        self.set_up_app()
        self.page.locator("main a.button").click()

    def send(self) -> None:
        """Send the first form of the page."""
        self.page.locator("main form button").first.click()

    def area(self, name: str) -> None:
        """Go to a part of the console by the head of the page."""
        self.page.locator(".areas li").get_by_role("link", name=name, exact=True).click()

    def open(self, made: str) -> None:
        """Follow the link to a request from where they are."""
        self.page.locator(f"main a[href$='/requests/{self.office.made[made]}']").first.click()

    def form(self, act: str) -> Locator:
        """Return the form of an act on the page of a request; what it is folded into is opened."""
        found = self.page.locator(f"form[action$='/{act}']").first
        folded = self.page.locator(f"details:not([open]):has(form[action$='/{act}']) > summary")
        if folded.count():
            folded.first.click()
        return found

    def act(self, act: str, **typed: str) -> None:
        """Fill in the form of an act, and send it."""
        form = self.form(act)
        for name, text in typed.items():
            field_of = form.locator(f"[name='{name.replace('__', '.')}']")
            if field_of.evaluate("one => one.tagName") == "SELECT":
                field_of.select_option(text)
            else:
                field_of.fill(text)
        form.locator("button").click()

    def told(self) -> str:
        """Return what the page says came of it."""
        return self.page.locator("main [role=status], main [role=alert]").first.inner_text()
