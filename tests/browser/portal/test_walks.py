"""
A person at a product's page uses each right, and an impostor does not.

An action is a click, a choice or a submit; typing and entering a code are none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.parameters import offered
from rights.services import preferences
from rights.store.models import Request
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.web.house import ALICE, House
from tests.web.portal.test_tags import FOUND as TAGS

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

pytestmark = pytest.mark.browser

KINDS = [kind for kind in Kind if offered(kind)]
ENOUGH = 4


@dataclass
class Person:
    """Somebody at the product's page, whose actions are counted."""

    page: Page
    actions: int = 0
    portal: FrameLocator = field(init=False)

    def __post_init__(self) -> None:
        self.portal = self.page.frame_locator("rights-portal iframe")

    def click(self, what: Locator) -> None:
        self.actions += 1
        what.wait_for()  # a page on its way has a height of its own
        if self.page.locator("rights-portal").count():
            framed.still(self.page)
        what.click()

    def choose(self, what: Locator, value: str) -> None:
        self.actions += 1
        what.select_option(value)


def only(house: House) -> Request:
    with house.reading() as session:
        found: Request = session.exec(select(Request)).one()
    return found


def _fill_in(person: Person, kind: Kind) -> None:
    if kind is Kind.CONSENT_WITHDRAWAL:
        person.click(person.portal.get_by_label("The newsletter"))
    if kind is Kind.CORRECTION:
        first = person.portal.get_by_role("group", name="Change 1").first
        person.choose(first.get_by_label("Which detail"), "shop.users.nickname")
        first.get_by_label("What it should say").fill("Ali")


@pytest.mark.requirement("R-23-3")
@pytest.mark.parametrize("kind", KINDS)
def test_from_the_products_page_to_a_sent_request_is_four_actions_at_most(
    street: Street, new_page: Pages, kind: Kind
) -> None:
    page = new_page(language="en")
    page.goto(street.shop)
    person = Person(page)

    person.click(page.get_by_role("link", name="Privacy"))
    person.click(person.portal.locator(f"a[href='/portal/ask/{kind}']"))
    _fill_in(person, kind)
    person.click(person.portal.get_by_role("button", name="Send", exact=True))
    person.portal.get_by_text("Reference: ").first.wait_for()

    made = only(street.house)
    assert (made.kind, made.channel) == (kind, "portal")
    assert person.actions <= ENOUGH


@pytest.mark.requirement("R-42-1")
def test_an_opt_out_is_one_action(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)

    person.click(person.portal.get_by_role("button", name="Switch off: Personalised"))
    person.portal.get_by_text("Off, and being carried out").wait_for()

    with street.house.reading() as session:
        now = preferences.read(session, street.house.context, ALICE, "personalised")
    assert now.value == "off"
    assert person.actions == 1


def test_on_again_is_one_action_too(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy")
    Person(page).portal.get_by_role("button", name="Switch off: Personalised").click()
    Person(page).portal.get_by_text("Off, and being carried out").wait_for()
    with street.house.writing() as session:
        off = only(street.house)
        stores = ["recommender", "mailer"]
        now = street.house.clock.now()
        preferences.confirmed(session, off.id, stores=stores, now=now)
    street.house.clock.forward(minutes=1)
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)

    person.click(person.portal.get_by_role("button", name="Switch on: Personalised"))
    person.portal.get_by_text("Off, and being switched on again").wait_for()

    assert person.actions == 1


def test_a_tag_is_seen_and_deleted_in_four_actions(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)

    person.click(person.portal.get_by_role("link", name="Your tags"))
    person.click(person.portal.get_by_role("button", name="Look now"))
    person.portal.get_by_role("status").wait_for()
    street.house.looked_up(TAGS)
    person.click(person.portal.get_by_label("Night owl"))
    person.click(person.portal.get_by_role("button", name="Delete the ticked ones"))
    person.portal.get_by_text("Reference: ").first.wait_for()

    assert (only(street.house).option, only(street.house).channel) == ("tags_delete", "portal")
    assert person.actions <= ENOUGH


@pytest.mark.requirement("R-42-2")
def test_a_tag_is_chosen_in_four_actions_from_the_products_page(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    page.goto(street.shop)
    person = Person(page)

    person.click(page.get_by_role("link", name="Privacy"))
    person.click(person.portal.get_by_role("link", name="Your tags"))
    person.click(person.portal.get_by_label("Sport"))
    person.click(person.portal.get_by_role("button", name="Save my choice"))
    person.portal.get_by_text("Your choice is being carried out").wait_for()

    assert (only(street.house).option, only(street.house).channel) == ("tags_edit", "portal")
    assert person.portal.get_by_label("Sport").is_checked()
    assert person.actions <= ENOUGH


@pytest.mark.requirement("R-23-3")
def test_two_kinds_together_are_four_actions_from_the_products_page(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    page.goto(street.shop)
    person = Person(page)

    person.click(page.get_by_role("link", name="Privacy"))
    person.click(person.portal.get_by_label("Together with others: Copy"))
    person.click(person.portal.get_by_label("Together with others: Restriction"))
    person.click(person.portal.get_by_role("button", name="Send the ticked ones together"))
    person.portal.get_by_role("heading", name="What you sent together").wait_for()

    with street.house.reading() as session:
        made = session.exec(select(Request)).all()
    assert {one.kind for one in made} == {Kind.COPY, Kind.RESTRICTION}
    assert len({one.bundle_id for one in made}) == 1
    assert person.actions <= ENOUGH


def test_a_code_starts_the_work_and_the_page_goes_on_by_itself(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    framed.go(page, f"{street.shop}/privacy?view=deletion")
    person = Person(page)
    person.click(person.portal.get_by_role("button", name="Send", exact=True))
    person.portal.get_by_label("The code").fill(_code(street, person))
    person.click(person.portal.get_by_role("button", name="Check the code"))
    person.portal.locator(".state.in_progress").wait_for()

    close(street.house, only(street.house).id)

    person.portal.locator(".state.fulfilled").wait_for()
    assert person.actions == 2


def _code(street: Street, person: Person) -> str:
    person.portal.get_by_label("The code").wait_for()
    return street.house.code(only(street.house).id)


def close(house: House, request_id: str) -> None:
    from tests.web.portal.test_following import close as ended  # noqa: PLC0415 - one way to end

    ended(house, request_id, "deleted")


def test_the_products_script_reads_nothing_and_is_told_no_more_than_a_reference(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en", expects=["SecurityError", "Blocked a frame"])
    framed.go(page, f"{street.shop}/privacy?view=explanation")
    person = Person(page)
    person.click(person.portal.get_by_role("button", name="Send", exact=True))
    person.portal.get_by_text("Reference: ").first.wait_for()

    reading = """() => {
      const frame = document.querySelector("rights-portal iframe"), inner = frame.contentWindow;
      const seen = [frame.contentDocument === null];
      for (const look of [() => inner.document.body, () => inner.location.href,
                          () => inner.localStorage, () => document.cookie.includes("rights_")])
        try { seen.push(look() ? "seen" : false) } catch (error) { seen.push(error.name) }
      return seen;
    }"""
    assert page.evaluate(reading) == [True, *["SecurityError"] * 3, False]

    page.wait_for_function("window.heard.some(([name]) => name === 'rights-done')")
    heard: list[Any] = page.evaluate("window.heard")
    made = only(street.house)
    assert ["rights-done", {"request": made.id, "state": "in_progress"}] in heard
    assert {name for name, _ in heard} == {"rights-ready", "rights-done"}
    assert all(set(more or {}) <= {"request", "state"} for _, more in heard)


def test_the_frame_is_as_high_as_what_it_shows(street: Street, new_page: Pages) -> None:
    page = new_page(language="en", width=390)
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)
    person.portal.get_by_role("heading", name="What you can ask for").wait_for()

    page.wait_for_function(
        "parseInt(document.querySelector('rights-portal iframe').style.height) > 1000"
    )
    inner = page.frames[1]
    assert inner.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    assert inner.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_when_the_hour_is_over_the_products_page_opens_it_again(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en", expects=["status of 401"])
    framed.go(page, f"{street.shop}/privacy")
    person = Person(page)
    person.portal.get_by_role("heading", name="What you can ask for").wait_for()
    street.house.clock.forward(minutes=61)

    person.click(person.portal.locator("a[href='/portal/ask/access']"))

    person.portal.get_by_role("heading", name="What you can ask for").wait_for()
    assert street.product.tokens == 2


def test_a_page_of_another_site_cannot_show_it(street: Street, new_page: Pages) -> None:
    with street.house.writing() as session:
        from rights.services import backends  # noqa: PLC0415 - only here

        backends.allow_origins(session, "shop", [], now=street.house.clock.now())
    street.house.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do
    page = new_page(language="en", expects=["frame-ancestors", "status of 403", "ERR_BLOCKED"])
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        page.goto(f"{street.shop}/privacy")

    blocked = page.frames[1]
    blocked.wait_for_url(lambda url: url.startswith("chrome-error:"))  # what stands in its place
    expect(blocked.locator("body")).not_to_contain_text("Sample Company")


def test_without_scripts_everything_works_too(street: Street, new_page: Pages) -> None:
    page = new_page(language="en", javascript=False)
    page.goto(f"{street.shop}/bare")
    page.get_by_role("button", name="Show").click()
    portal = page.frame_locator("iframe[name=portal]")

    portal.get_by_role("button", name="Switch off: Personalised").click()
    portal.get_by_text("Off, and being carried out").wait_for()
    portal.locator("a[href='/portal/ask/restriction']").click()
    portal.get_by_role("button", name="Send", exact=True).click()
    portal.get_by_text("Being worked on").or_(
        portal.get_by_text("Waiting for your proof")
    ).wait_for()

    with street.house.reading() as session:
        kinds = {request.kind for request in session.exec(select(Request))}
    assert kinds == {Kind.RECOMMENDATION_OPT_OUT, Kind.RESTRICTION}


def test_with_the_keyboard_alone(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    page.goto(f"{street.rights}/portal/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    _tab_to(page, "Go on without an account")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What you can ask for").wait_for()
    _tab_to(page, "Restriction")
    page.keyboard.press("Enter")
    page.locator("#who-email").focus()
    page.keyboard.type("eve@example.com")
    _tab_to(page, "Send")
    page.keyboard.press("Enter")
    page.get_by_text("Reference").first.wait_for()

    assert only(street.house).kind is Kind.RESTRICTION


def _tab_to(page: Page, text: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip().startswith(text):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", text
            return
    raise AssertionError(f"{text} cannot be reached with the keyboard")


def test_going_back_and_sending_again_is_the_same_request(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    page.goto(f"{street.rights}/portal/")
    page.get_by_role("button", name="Go on").click()
    page.locator("a[href='/portal/ask/restriction']").click()
    page.locator("#who-email").fill("eve@example.com")
    page.get_by_role("button", name="Send", exact=True).dblclick()
    page.get_by_text("Reference").first.wait_for()

    page.go_back()

    assert only(street.house).kind is Kind.RESTRICTION
