"""Adding keys in the portal without a browser, and what an authenticator app shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from sqlmodel import col, select

from rights.store.models import Challenge, IdentifierRow, KeyLetter, Notice
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader


@dataclass
class App:
    """An authenticator app that holds one secret."""

    secret: str = field(repr=False)

    def shows(self, at: datetime, *, steps: int = 0) -> str:
        """Return the code at a moment, or some steps of 30 seconds away from it."""
        return pyotp.TOTP(self.secret).at(at, counter_offset=steps)


def mailed(house: House) -> str:
    """Return the code of the newest mail that opens somebody's keys."""
    with house.reading() as session:
        query = select(Challenge).where(Challenge.purpose == "keys")
        newest = max(session.exec(query), key=lambda c: c.created_at)
    return house.context.vault.open(newest.sealed_code, aad=f"code|{newest.id}").decode()


def told(house: House, event: str) -> list[str]:
    """Return the addresses that are written to about keys on one occasion."""
    with house.reading() as session:
        query = (
            select(IdentifierRow)
            .join(Notice, col(Notice.identifier_id) == col(IdentifierRow.id))
            .join(KeyLetter, col(KeyLetter.id) == col(Notice.request_id))
            .where(Notice.event == event)
        )
        rows = session.exec(query).all()
    aads = [(row.sealed, f"identifier|{row.request_id}|{row.type}") for row in rows]
    return sorted(house.context.vault.open(sealed, aad=aad).decode() for sealed, aad in aads)


def opened(house: House, reader: Reader) -> Page:
    """Open the page of one's keys with the code by mail."""
    page = reader.get("/portal/keys")
    if not any(form.action.endswith("/keys/code") for form in page.forms):
        return page  # it was opened before
    page = reader.send(page, "/keys/code")
    return reader.send(page, "/keys/proof", code=mailed(house))


def with_app(house: House, reader: Reader, name: str = "My phone") -> App:
    """Add an authenticator app to whoever is in the portal."""
    page = reader.send(opened(house, reader), "/keys/authenticator")
    found = re.search(r"secret=([A-Z2-7]{32})", page.html)
    assert found, page.text
    app = App(found[1])
    page = reader.send(page, "/confirm", name=name, code=app.shows(house.clock.now()))
    assert "Added" in page.text
    return app


def aged(house: House, reader: Reader, days: int = 8, subject: object = ALICE) -> None:
    """Let so much time go by that a key counts alone; come in again."""
    house.clock.forward(days=days)
    reader.enter(subject, "session")
