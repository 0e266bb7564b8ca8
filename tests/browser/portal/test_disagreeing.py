"""A person whose request was denied writes, appeals and complains; the privacy team answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rights.domain.lifecycle import Event
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_walks import Person
from tests.web.correspondence import STRANGE, Office
from tests.web.house import ALICE

pytestmark = pytest.mark.browser


@pytest.fixture
def office(street: Street, tmp_path: Path) -> Office:
    return Office(street.house, tmp_path)


def _denied(street: Street, office: Office) -> str:
    request_id = str(street.house.asserted("restriction", ALICE)["id"])
    office.denied(request_id)
    return request_id


@pytest.mark.requirement("R-P50-3")
def test_a_denied_request_is_appealed_upheld_and_goes_on_as_another(
    street: Street, new_page: Pages, office: Office
) -> None:
    _denied(street, office)
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)
    person.click(person.portal.locator(".rows a[href^='/portal/requests/']"))
    person.portal.get_by_label("Why you disagree").fill(STRANGE)

    person.click(person.portal.get_by_role("button", name="Send the appeal"))
    person.portal.get_by_text("Your appeal is being looked at").wait_for()

    (appeal,) = office.listed("appeals")
    office.run("appeals", "assign", appeal["appeal"], "--to", "wei", "--as", "ana")
    words = ("appeals", "decide", appeal["appeal"], "--uphold", "--reason-file", "FILE")
    assert office.run(*words, "--as", "wei", text="You are right.").exit_code == 0
    person.click(person.portal.get_by_role("link", name="your personal data"))
    person.click(person.portal.locator(".rows a:has(~ span .denied)"))
    person.portal.get_by_text("Your appeal was upheld").wait_for()
    person.click(person.portal.get_by_role("link", name="Your request is done anew"))
    person.portal.locator(".state.in_progress").wait_for()
    person.portal.get_by_text("Follows your earlier request").wait_for()


def test_what_is_being_written_outlives_a_page_that_renews_itself(
    street: Street, new_page: Pages, office: Office
) -> None:
    request_id = str(street.house.asserted("restriction", ALICE)["id"])
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)
    person.click(person.portal.locator(".rows a[href^='/portal/requests/']"))
    person.click(person.portal.get_by_role("link", name="Write a message"))
    box = person.portal.get_by_label("Your message")
    box.fill("slowly typed")

    office.ended(request_id, Event.PARTLY_COMPLETED, by="")
    page.wait_for_timeout(2500)

    assert box.input_value() == "slowly typed"
    person.click(person.portal.get_by_role("button", name="Send the message"))
    person.portal.get_by_text("Your message was sent").wait_for()
    person.portal.locator("#messages .said", has_text="slowly typed").wait_for()


def test_without_scripts_somebody_without_an_account_complains_and_reads_the_answer(
    street: Street, new_page: Pages, office: Office
) -> None:
    page = new_page(language="en", javascript=False)
    page.goto(f"{street.rights}/portal/?lang=en")
    page.get_by_role("link", name="Complain or report something").click()
    page.get_by_role("button", name="Go on without an account").click()
    page.get_by_label("What it is about").fill(STRANGE)
    page.locator("#who-email").fill("eve@example.com")
    page.get_by_role("button", name="Send the complaint").click()
    page.get_by_text("We have your complaint").wait_for()
    reference = page.locator("main code").inner_text()
    page.go_back()
    page.get_by_role("button", name="Send the complaint").click()
    page.get_by_text("We have your complaint").wait_for()

    (listed,) = office.listed("complaints")
    words = ("complaints", "answer", reference, "--as", "rui", "--file", "FILE")
    assert office.run(*words, text="We are sorry.").exit_code == 0
    street.house.clock.forward(minutes=2)
    page.reload()
    page.get_by_role("link", name="Look up an answer").click()
    page.get_by_label("Reference").fill(reference)
    page.get_by_role("button", name="Send a code").click()
    page.get_by_label("The code").fill(street.house.code(reference, "visit"))
    page.get_by_role("button", name="Open the request").click()

    page.get_by_text("We are sorry.").wait_for()
    assert listed["complaint"] == reference
