"""A guardian, an agent and a relative walk through the portal in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import requests
from rights.store.models import Request
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_pages import enter
from tests.web.house import ALICE
from tests.web.verifying import PDF, accepted

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DOCUMENT: FilePayload = {"name": "proof.pdf", "mimeType": "application/pdf", "buffer": PDF}


def only(street: Street) -> Request:
    with street.house.reading() as session:
        found: Request | None = session.exec(
            select(Request).order_by(col(Request.received_at))
        ).first()
    assert found is not None
    return found


def begin(street: Street, page: Page) -> None:
    """Come in without an account."""
    page.goto(f"{street.rights}/portal/")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="What you can ask for").wait_for()


def act(page: Page, role: str, relation: str) -> None:
    page.get_by_text("I ask for somebody else").click()
    page.get_by_label("As whom do you ask?").select_option(role)
    page.get_by_label("What are you to that person?").select_option(relation)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Reference: ").first.wait_for()


def prove(street: Street, page: Page) -> None:
    page.get_by_label("The code").fill(street.house.code(only(street).id))
    page.get_by_role("button", name="Check the code").click()
    page.get_by_label("Choose documents").wait_for()


def attach(page: Page) -> None:
    page.get_by_label("Choose documents").set_input_files([DOCUMENT])
    page.get_by_role("button", name="Send documents").click()
    page.get_by_text("waits to be looked at").wait_for()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_relative_asks_and_shows_documents(
    street: Street, new_page: Pages, *, javascript: bool
) -> None:
    page = new_page(language="en", javascript=javascript)
    begin(street, page)
    page.locator("a[href='/portal/ask/copy']").click()
    page.get_by_role("group", name="Who you are").get_by_label("E-mail").fill("son@example.com")
    act(page, "close_relative", "close_relative.child")
    person = page.get_by_role("group", name="The person you ask for")
    person.locator("#about-email").fill(ALICE["email"])
    page.get_by_label("Your own lawful interest").fill("the estate")
    if javascript:
        assert violations(page) == []
    send(page)
    prove(street, page)
    if javascript:
        assert violations(page) == []
    attach(page)

    assert accepted(street.house, only(street).id) == State.IN_PROGRESS
    page.reload()
    page.get_by_text("Documents were looked at.").wait_for()


def test_an_agent_asks_and_the_principal_agrees(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    begin(street, page)
    page.locator("a[href='/portal/ask/copy']").click()
    page.get_by_role("group", name="Who you are").get_by_label("E-mail").fill("law@firm.example")
    act(page, "agent", "agent.lawyer")
    person = page.get_by_role("group", name="The person you ask for")
    person.get_by_label("Account number").fill(ALICE["user_id"])
    page.get_by_label("Name of the agent").fill("Li Na")
    page.get_by_role("group", name="What the authority is for").get_by_label("Copy").check()
    page.get_by_label("What the agent may do").select_option("submit")
    page.get_by_label("Until when it is good").fill("2999-12-31")
    send(page)
    prove(street, page)

    principal = new_page(language="en")
    street.product.acr = "mfa"
    enter(street, principal, "en")
    principal.goto(f"{street.rights}/portal/requests/{only(street).id}")
    assert violations(principal) == []
    principal.get_by_role("button", name="Yes, this is my agent").click()
    principal.get_by_text("The person themselves has agreed.").wait_for()

    assert only(street).state is State.IN_PROGRESS


def test_a_child_asks_and_a_guardian_agrees(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    street.product.acr = "mfa"
    enter(street, page, "en")
    page.goto(f"{street.rights}/portal/ask/deletion")
    act(page, "child", "guardian.parent")
    page.get_by_label("E-mail address of a guardian").fill("mum@example.com")
    send(page)
    page.get_by_text("We have asked the guardian by e-mail.").wait_for()
    request_id = only(street).id
    _held(street, request_id)

    guardian = new_page(language="en")
    begin(street, guardian)
    guardian.get_by_role("link", name="Answer for a child").click()
    guardian.get_by_label("Reference").fill(request_id)
    guardian.get_by_label("The code").fill(street.house.code(request_id, "guardian"))
    assert violations(guardian) == []
    guardian.get_by_role("button", name="See what is asked").click()
    guardian.get_by_role("button", name="Yes, I agree").click()
    guardian.get_by_text("please show it with a document as well").wait_for()
    assert violations(guardian) == []
    attach(guardian)

    assert accepted(street.house, request_id) == State.IN_PROGRESS


def _held(street: Street, request_id: str) -> None:
    """Hold it as a worker does that finds it waits for a guardian."""
    house = street.house
    with house.writing() as session:
        request = requests.locked(session, request_id)
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())
        request.wait = Wait.GUARDIAN


def test_somebody_arranges_what_relatives_may_not_have(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    street.product.acr = "mfa"
    enter(street, page, "en")
    page.goto(f"{street.rights}/portal/arrangement")
    assert violations(page) == []
    page.get_by_role("group", name="Copy: not for").get_by_label("child", exact=True).check()
    page.get_by_role("button", name="Record this").click()
    page.get_by_text("Version 1").wait_for()
