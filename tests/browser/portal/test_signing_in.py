"""Somebody signs in at their provider, in a real browser, and asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from rights.domain.levels import Acr
from rights.domain.lifecycle import State
from rights.store.models import Request
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_walks import ENOUGH, only
from tests.browser.shots import shot
from tests.web.portal.desk import Desk
from tests.web.portal.town import ALICE, Town, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LOOKS = [("zh-CN", 320, False), ("zh-CN", 1280, True), ("en", 320, True), ("en", 1280, False)]


@dataclass
class Corner:
    """The street, and a provider around the corner: a site of its own."""

    street: Street
    desk: Desk
    town: Town


@pytest.fixture
def corner(street: Street) -> Iterator[Corner]:
    house = street.house
    desk = Desk(person=dict(ALICE), now=lambda: house.clock.now().timestamp(), asks=True)
    with opened(desk, name="localhost"):
        town = Town(house, desk)
        town.configure(title="Shop ID", acrs={"gold": Acr.MFA})
        yield Corner(street, desk, town)


def _landed(corner: Corner, page: Page, lang: str = "en") -> None:
    page.goto(f"{corner.street.rights}/portal/?lang={lang}")


def _signed_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in with Shop ID").click()
    page.get_by_role("button", name="I am Alice").click()
    page.get_by_text("Signed in through shop").wait_for()


def test_from_signing_in_to_a_sent_request(corner: Corner, new_page: Pages) -> None:
    page = new_page(language="en")
    _landed(corner, page)
    _signed_in(page)
    actions = 0

    for step in (
        page.locator("a[href='/portal/ask/restriction']"),
        page.get_by_role("button", name="Send", exact=True),
    ):
        step.click()
        actions += 1
    page.get_by_text("Reference: ").first.wait_for()

    assert actions <= ENOUGH
    assert only(corner.street.house).state is State.IN_PROGRESS
    assert only(corner.street.house).acr == "session"


def test_it_goes_without_scripts_too(corner: Corner, new_page: Pages) -> None:
    page = new_page(language="en", javascript=False)
    _landed(corner, page)

    _signed_in(page)


def test_going_back_signs_nobody_in_twice(corner: Corner, new_page: Pages) -> None:
    page = new_page(language="en", expects=["status of 401"])
    _landed(corner, page)
    _signed_in(page)

    page.go_back()  # to the provider's page, which sends the same state once more
    page.get_by_role("button", name="I am Alice").click()
    page.get_by_role("heading", name="This sign-in is over").wait_for()
    page.get_by_role("link", name="To the overview").click()

    page.get_by_text("Signed in through shop").wait_for()


def test_signing_in_again_in_place_of_a_code(corner: Corner, new_page: Pages) -> None:
    page = new_page(language="en")
    _landed(corner, page)
    _signed_in(page)
    page.goto(f"{corner.street.rights}/portal/ask/deletion")
    page.get_by_role("button", name="Send", exact=True).click()
    corner.desk.said = {"acr": "gold"}

    page.get_by_role("button", name="Sign in with Shop ID").click()
    page.get_by_role("button", name="I am Alice").click()

    page.locator(".state.in_progress").wait_for()
    with corner.street.house.reading() as session:
        request = session.exec(select(Request)).one()
    assert (request.level, request.acr) == (2, "mfa")


def test_in_a_products_frame_the_product_says_who_it_is(corner: Corner, new_page: Pages) -> None:
    page = new_page(language="en", expects=["status of 401"])
    framed.go(page, f"{corner.street.shop}/privacy")
    frame = page.frame_locator("rights-portal iframe")
    frame.get_by_role("heading", name="What you can ask for").wait_for()
    frame.get_by_role("button", name="Close this page safely").click()
    frame.get_by_role("button", name="Go on without an account").wait_for()

    assert frame.get_by_role("button", name="Sign in with Shop ID").count() == 0


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_of_it_has_a_barrier(
    corner: Corner, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark, expects=["status of 401"])
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    found: list[str] = []

    def look_at(name: str) -> None:
        shot(page, f"{name}-{look}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found.extend(violations(page))
        assert wide <= 0, name

    _landed(corner, page, language)
    look_at("landing-sign-in")
    corner.desk.waits = True  # the page that leads there stays to be looked at
    page.locator("form[action='/portal/sign-in'] button").click()
    page.get_by_role("status").wait_for()
    look_at("signing-in")
    corner.desk.waits = False
    page.goto(f"{corner.street.rights}/portal/?lang={language}")
    page.locator("form[action='/portal/sign-in'] button").click()
    page.get_by_role("button", name="I am Alice").click()
    page.locator("#switches").wait_for()
    page.goto(f"{corner.street.rights}/portal/ask/deletion")
    page.locator("form[action='/portal/ask/deletion'] button").click()
    page.locator("#again").wait_for()
    look_at("request-sign-in-again")
    page.goto(
        f"{corner.street.rights}/portal/sign-in/{corner.street.house.partner.id}/back?state=x"
    )
    look_at("sign-in-over")

    assert found == []
