"""
An impostor walks through the portal, with real workers and real mail behind it.

Once with the account and an address changed just now, once with the account and its own address,
once with nothing but somebody's address. The owner has an old address, and one click.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from rights import logs
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import backends
from rights.store.db import transaction
from rights.store.models import Entry, OutboxMessage, Package, Request
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.browser.portal.product import Product
from tests.browser.portal.test_pages import LOOKS
from tests.browser.serving import serving
from tests.browser.shots import shot
from tests.web.house import furnish, settings_for
from tests.workflows.desk import text_of
from tests.workflows.house import floor_over
from tests.workflows.takeover.company import ANN, EVE, MAP, NEW, OLD, link_in
from workflows import jobs
from workflows.embedded.smtp import Sink
from workflows.floor import Floor
from workflows.notices.send import send_due

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

pytestmark = pytest.mark.browser

_CODE = re.compile(r"^ +([0-9]{6})\s*$", re.MULTILINE)


@dataclass
class Company(Street):
    """The street, and behind it stores, a worker and a mail server."""

    floor: Floor
    sink: Sink
    rows: dict[str, Any] = field(default_factory=dict)

    @property
    def user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rows["shop"]["users"][0]
        return found

    def work(self) -> None:
        """Do what the outbox asks for, and send the mail, until there is nothing more."""
        jobs.at(self.floor)
        while ringing := self._taken():
            for job, about in ringing:
                jobs.JOBS[job](about)
        while send_due(self.floor.register, self.floor.context, self.floor.now):
            pass

    def _taken(self) -> list[tuple[str, str]]:
        with transaction(self.floor.register) as session:
            waiting = select(OutboxMessage).where(
                col(OutboxMessage.sent_at).is_(None), col(OutboxMessage.not_before).is_(None)
            )
            due = session.exec(waiting.order_by(col(OutboxMessage.id))).all()
            for message in due:
                message.sent_at = self.floor.now()
            return [(m.job, next(iter(m.args.values()))) for m in due]

    def mail(self, to: str) -> list[str]:
        """Return what arrived at an address."""
        return [text_of(m) for m in self.sink.messages if m["X-Envelope-To"] == to]

    def code(self, to: str) -> str:
        """Return the newest code that arrived there."""
        found = [m[1] for text in self.mail(to) if (m := _CODE.search(text))]
        return found[-1]

    def link(self, to: str) -> str:
        """Return where the newest warning there leads."""
        return f"{self.rights}/portal/not-me?w={link_in(self.mail(to)[-1], self.rights)}"

    def request(self, kind: Kind) -> Request:
        with self.house.reading() as session:
            found: Request = session.exec(select(Request).where(Request.kind == kind)).one()
            return found


@pytest.fixture
def company(
    _migrated: Path,
    tmp_path: Path,
    private_redis_url: str,
    free_port: Callable[[], int],
    smtp_sink: Sink,
) -> Iterator[Company]:
    logs.configure()
    port, file, map_file = free_port(), tmp_path / "register.db", tmp_path / "map.yaml"
    shutil.copy(_migrated, file)
    map_file.write_text(MAP, encoding="utf-8")
    rights, url = f"http://127.0.0.1:{port}", f"sqlite:///{file}"
    house = furnish(
        settings_for(url, private_redis_url, tmp_path, base_url=rights, datamap=map_file)
    )
    user = {"id": ANN, "email": NEW, "phone": "", "email_changed_at": None}
    rows: dict[str, Any] = {
        "shop": {"users": [user]},
        "letters": {"readers": [{"id": 1, "user_id": ANN, "email": OLD}]},
    }
    floor = floor_over(
        tmp_path,
        MAP,
        rows,
        house.clock.now,  # type: ignore[arg-type]  # it is only called
        register_url=url,
        base_url=rights,
        smtp_host=smtp_sink.host,
        smtp_port=smtp_sink.port,
        mail_from="rights@mall.example",
    )
    product = Product(house, rights)
    with serving(house.app, port=port), serving(product.app(), name="localhost") as shop:
        with house.writing() as session:
            backends.allow_origins(session, "shop", [shop], now=house.clock.now())
        yield Company(house, product, rights, shop, floor, smtp_sink, rows)
    floor.register.dispose()
    house.engine.dispose()
    house.parts.limits.close()


def _portal(page: Page) -> FrameLocator:
    return page.frame_locator("rights-portal iframe")


def _ask(company: Company, page: Page, kind: Kind, address: str) -> None:
    """Ask through the product's page, and answer the code that comes by mail."""
    portal = framed.go(page, f"{company.shop}/privacy?view={kind}")
    portal.get_by_role("button", name="Send", exact=True).click()
    portal.get_by_label("The code").wait_for()
    company.work()
    portal.get_by_label("The code").fill(company.code(address))
    portal.get_by_role("button", name="Check the code").click()
    portal.locator(".state.in_progress").wait_for()
    company.work()


def _say_not_me(company: Company, owner: Page) -> None:
    """Follow the link of the newest warning, as the owner, and press its one button."""
    owner.goto(company.link(OLD))
    owner.get_by_role("heading", name="Was this you?").wait_for()
    owner.get_by_role("button", name="That was not me").click()
    owner.get_by_text("It has been noted that this was not you.").wait_for()


@pytest.mark.requirement("R-ID-6")
def test_an_impostor_with_an_address_changed_just_now_gets_nothing(
    company: Company, new_page: Pages
) -> None:
    company.user.update(email=EVE, email_changed_at=company.house.clock.now())
    company.product.subject = {"user_id": ANN, "email": EVE}
    impostor, owner = new_page(language="en"), new_page(language="en")

    _ask(company, impostor, Kind.COPY, EVE)
    portal = _portal(impostor)
    portal.get_by_text("The address that you proved was changed only lately").wait_for()
    assert portal.locator("form[action*='/packages/']").count() == 0
    _say_not_me(company, owner)
    _ask(company, impostor, Kind.DELETION, EVE)
    _say_not_me(company, owner)
    company.work()

    for kind in (Kind.COPY, Kind.DELETION):
        framed.go(impostor, f"{company.shop}/privacy")
        portal.locator(f"a[href='/portal/requests/{company.request(kind).id}']").click()
        portal.get_by_text("says that it was not them").first.wait_for()
        assert portal.locator("form[action*='/packages/'], form[action$='/proof']").count() == 0
        assert portal.get_by_text("ann.old").count() == 0
    assert company.user["email"] == EVE
    assert {company.request(kind).state for kind in (Kind.COPY, Kind.DELETION)} == {State.ON_HOLD}
    with company.house.reading() as session:
        assert session.exec(select(Package)).all() == []
        assert "step_started" not in {e.event for e in session.exec(select(Entry))}


@pytest.mark.requirement("R-ID-6")
def test_the_owners_click_takes_the_copy_out_of_the_impostors_hands(
    company: Company, new_page: Pages
) -> None:
    company.product.subject = {"user_id": ANN, "email": NEW}
    impostor = new_page(language="en", expects=["status of 403"])
    owner = new_page(language="en")
    _ask(company, impostor, Kind.COPY, NEW)
    portal = _portal(impostor)
    portal.get_by_role("button", name="Download the copy").wait_for()

    _say_not_me(company, owner)

    portal.get_by_role("button", name="Download the copy").click()
    portal.get_by_text("This request is on hold").first.wait_for()
    assert portal.get_by_text(OLD).count() == 0


@pytest.mark.requirement("R-NEG-25")
def test_an_impostor_with_nothing_learns_nothing_and_the_owner_is_told(
    company: Company, new_page: Pages
) -> None:
    seen, asked = [], []
    for address in (NEW, "otto@mail.example"):
        page = new_page(language="en", expects=["status of 401"])
        page.goto(f"{company.rights}/portal/")
        page.get_by_role("button", name="Go on").click()
        page.locator("a[href='/portal/ask/copy']").click()
        page.locator("#who-email").first.fill(address)
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_label("The code").wait_for()
        company.work()
        page.get_by_label("The code").fill("000000" if company.code(address) != "000000" else "1")
        page.get_by_role("button", name="Check the code").click()
        page.reload()
        text = page.locator("main").inner_text()
        asked += re.findall(r"[0-9a-f]{32}", text)
        seen.append(text.replace(asked[-1], ""))

    assert seen[0] == seen[1]
    assert len(company.mail(OLD)) == 1
    owner = new_page(language="en")
    _say_not_me(company, owner)
    with company.house.reading() as session:
        stopped = [session.get_one(Request, one).not_me_at is not None for one in asked]
    assert stopped == [True, False]


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_the_page_behind_the_link_is_for_everybody(
    company: Company, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    house = company.house
    made = house.submit("copy", {"user_id": ANN, "email": NEW}, locale=language)
    company.work()
    page = new_page(language=language, width=width, dark=dark)
    for press in (False, True):
        page.goto(company.link(OLD))
        if press:
            page.locator("main button").click()
            page.locator("main [role=status]").wait_for()
        shade = "dark" if dark else "light"
        shot(page, f"not-me{'-noted' if press else ''}-{language}-{width}-{shade}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert made["id"] not in page.content()
