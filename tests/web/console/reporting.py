"""Staff ask for a report at the console, the relay makes it, and staff take it."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from rights.services.reports import awaited
from rights.services.signing import Signer
from tests.web.console.clerk import Clerk
from tests.web.house import SEED, House
from tests.web.portal.reader import Page


def relay(house: House) -> int:
    """Do what the relay does every second for those who wait; return how many it made."""
    return awaited.make_due(house.engine, house.context, Signer(SEED), house.clock.now)


def ask(staff: Clerk, page: Page | None = None, /, **said: Any) -> Page:
    """Ask for a report, and return the page that waits for it, shows it, or says what is wrong."""
    return staff.reader.send(page or staff.get("/reports"), "/reports", **said)


def path_of(page: Page) -> str:
    """Return where in the console a page is."""
    return page.response.request.path.removeprefix("/console")


def made(house: House, staff: Clerk, page: Page | None = None, /, **said: Any) -> Page:
    """Ask for a report, let the relay make it, and return its page."""
    waits = ask(staff, page, **said)
    assert waits.status == 200, waits.text
    if "Refresh" not in waits.response.headers:
        return waits
    relay(house)
    return staff.get(path_of(waits))


def file(staff: Clerk, page: Page, form: str) -> TestResponse:
    """Take the report of a page as a file."""
    found = staff.reader.send(page, path_of(page), form=form)
    assert found.status == 200, found.text
    return found.response
