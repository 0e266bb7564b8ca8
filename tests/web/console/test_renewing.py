"""A page that renews itself is no use of the session: an unattended browser is signed out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlmodel import select

import rights.web.console
from rights.services.reports.making import zone_of
from rights.store.models import StaffSession
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House
from tests.web.portal.reader import Page


def _report(house: House) -> tuple[Clerk, Page]:
    dana = clerk(house, "dana", "auditor")
    return dana, reporting.ask(dana, report="figures", year="2026")


def _signed(house: House) -> tuple[Clerk, Page]:
    dana = clerk(house, "dana", "auditor")
    today = f"{house.clock.now().astimezone(zone_of(house.context)):%Y-%m-%d}"
    made = reporting.made(house, dana, report="audit", first=today, last=today)
    return dana, dana.reader.send(made, "/reports/signed")


def _sample(house: House) -> tuple[Clerk, Page]:
    made, rui = str(house.asserted("copy")["id"]), clerk(house, "rui", "reviewer")
    house.package(made, b"x" * 4_000)
    return rui, rui.force(f"/requests/{made}/sample")


def _passages(house: House) -> tuple[Clerk, Page]:
    from tests.web.console.test_passages import _packed  # noqa: PLC0415 - what it is made of there

    made, rui = _packed(house), clerk(house, "rui", "reviewer")
    return rui, rui.reader.send(rui.get(f"/requests/{made}"), "/passages")


WAITING: Final[dict[str, Callable[[House], tuple[Clerk, Page]]]] = {
    "made_reports.py": _report,
    "signed_evidence.py": _signed,
    "samples.py": _sample,
    "passages.py": _passages,
}
"""How a page comes to wait, by the module that renews it."""


def _onward(page: Page) -> str:
    seconds, _, there = page.response.headers["Refresh"].partition("; url=")
    assert seconds == "2"
    return there


def test_every_page_that_renews_itself_is_in_the_list() -> None:
    sources = {
        one.name: one.read_text()
        for one in Path(rights.web.console.__path__[0]).iterdir()
        if one.suffix == ".py"
    }

    assert {n for n, text in sources.items() if "renewing.renews(" in text} == set(WAITING)
    # By a provider's page somebody comes in, once: it goes on at another address.
    assert {n for n, text in sources.items() if '"Refresh"' in text} == {
        "renewing.py",
        "by_provider.py",
    }


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("name", WAITING)
def test_a_page_that_renews_itself_keeps_nobody_signed_in(house: House, name: str) -> None:
    who, page = WAITING[name](house)
    house.clock.forward(minutes=2)
    there = _onward(page)
    who.get("/account")  # the last time that somebody did something

    statuses = []
    for _ in range(15):
        house.clock.forward(minutes=2)
        statuses.append(who.reader.client.get(there))
    over = statuses[-1]

    assert {one.status_code for one in statuses[:-1]} <= {200, 410}
    assert over.status_code == 303
    assert over.headers["Location"].startswith("/console/sign-in?to=")
    assert "renews" not in over.headers["Location"]


def test_whoever_is_there_stays_signed_in_and_the_mark_puts_off_nothing(house: House) -> None:
    who, page = _report(house)
    there = _onward(page)
    plain = urlsplit(there).path
    for _ in range(4):
        house.clock.forward(minutes=20)
        assert who.reader.client.get(plain).status_code == 200
    ends = _ends(house)

    for path in (there, "/console/?renews=", "/console/requests?renews=1&renews=2"):
        house.clock.forward(minutes=5)
        assert who.reader.client.get(path).status_code == 200
        assert _ends(house) == ends, path
    house.clock.forward(minutes=15)

    assert who.reader.client.get(there).status_code == 303
    assert who.reader.client.get(plain).status_code == 303


def test_a_form_sent_from_a_page_that_renewed_itself_is_use(house: House) -> None:
    who, page = _report(house)
    house.clock.forward(minutes=10)
    before = _ends(house)
    who.reader.client.post(_onward(page), data={"form": "json"})

    assert _ends(house) > before


def test_the_address_keeps_what_else_it_says_and_bears_the_mark_once(house: House) -> None:
    who, page = _report(house)
    path = urlsplit(_onward(page)).path

    page = who.reader.get(f"{path}?lang=zh-CN&a=%3B%20x&renews=1&a=b%0D%0Ac")

    there = urlsplit(_onward(page))
    assert (there.path, there.netloc) == (path, "")
    assert parse_qsl(there.query) == [
        ("lang", "zh-CN"),
        ("a", "; x"),
        ("a", "b\r\nc"),
        ("renews", "1"),
    ]
    assert not any("renews" in link for link in page.links)


def _ends(house: House) -> datetime:
    with house.reading() as session:
        row: StaffSession = session.exec(select(StaffSession)).one()
        return row.expires_at
