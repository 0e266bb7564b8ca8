"""Proving who one is: two contacts without an account, and only once where one is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.store.models import Request
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_walks import Person
from tests.web.test_contacts import code_to

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

EVE, NUMBER = "eve@example.com", "138 0013 8000"


def requests(street: Street) -> list[Request]:
    with street.house.reading() as session:
        found = session.exec(select(Request)).all()
    return sorted(found, key=lambda one: one.received_at)


def _ask(street: Street, page: Page, kind: str) -> str:
    """Go in without an account and ask, by mail and telephone; return the reference."""
    page.goto(f"{street.rights}/portal/")
    page.get_by_role("button", name="Go on").click()
    page.locator(f"a[href='/portal/ask/{kind}']").click()
    page.locator("#who-email").fill(EVE)
    page.locator("#who-phone").fill(NUMBER)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Reference: ").first.wait_for()
    return requests(street)[-1].id


def _enter(page: Page, code: str) -> None:
    page.get_by_label("The code").fill(code)
    page.get_by_role("button", name="Check the code").click()


@pytest.mark.parametrize("kind", ["copy", "deletion"])
def test_somebody_without_an_account_proves_two_contacts_and_work_begins(
    texting: Street, new_page: Pages, kind: str
) -> None:
    page = new_page(language="en", width=390, javascript=kind == "copy")
    made = _ask(texting, page, kind)
    page.get_by_text("so it needs two proofs").wait_for()
    assert EVE not in page.content()

    _enter(page, code_to(texting.house, made, "email"))
    page.get_by_text("The first proof is done").wait_for()
    assert page.get_by_role("button", name="Send a code by e-mail").count() == 0
    page.get_by_role("button", name="Send a code by text message").click()
    page.get_by_text("A code is on its way").wait_for()
    _enter(page, code_to(texting.house, made, "phone"))
    page.locator(".state.in_progress").wait_for()

    (request,) = requests(texting)
    assert (request.state, request.level) == (State.IN_PROGRESS, 2)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_nothing_keeps_anybody_from_proving(
    texting: Street, new_page: Pages, language: str
) -> None:
    page = new_page(language="en", width=320, dark=language == "zh-CN")
    made = _ask(texting, page, "copy")
    address = f"{page.url.partition('?')[0]}?lang={language}"
    page.goto(address)
    assert violations(page) == []
    page.get_by_role("textbox").first.fill(code_to(texting.house, made, "email"))
    page.keyboard.press("Enter")
    page.locator("button[name=to]").first.wait_for()
    assert violations(page) == []
    page.goto(f"{texting.rights}/portal/find")

    assert page.locator("button[name=to]").count() == 2
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_signed_in_persons_second_request_needs_no_second_code(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy?view=deletion")
    person = Person(page)
    person.click(person.portal.get_by_role("button", name="Send", exact=True))
    person.portal.get_by_label("The code").wait_for()
    code = street.house.code(requests(street)[0].id)
    person.portal.get_by_label("The code").fill(code)
    person.click(person.portal.get_by_role("button", name="Check the code"))
    person.portal.locator(".state.in_progress").wait_for()
    street.house.clock.forward(minutes=5)

    person.click(person.portal.get_by_role("link", name="Ask for something else"))
    person.click(person.portal.locator("a[href='/portal/ask/copy']"))
    person.click(person.portal.get_by_role("button", name="Send", exact=True))
    person.portal.get_by_text("Proved by a code entered earlier in this visit").wait_for()

    assert person.portal.locator(".state.in_progress").count() == 1
    assert person.portal.get_by_label("The code").count() == 0
    assert [one.state for one in requests(street)] == [State.IN_PROGRESS] * 2
