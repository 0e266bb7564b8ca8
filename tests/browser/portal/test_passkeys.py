"""
A passkey in a real browser: made on the portal's own page, used there and in a product's frame.

The portal is at ``localhost`` here, for browsers make no passkeys for an address of numbers, and
the product at ``127.0.0.1``: two sites. The passkey is the browser's own virtual one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from rights import logs
from rights.services import backends
from rights.store.models import PersonKey, Request
from tests.browser.pages import Pages
from tests.browser.portal import framed
from tests.browser.portal.conftest import Street
from tests.browser.portal.product import Product
from tests.browser.portal.test_pages import LOOKS, _barriers, enter
from tests.browser.serving import serving
from tests.web.house import ALICE, furnish, settings_for
from tests.web.portal.keys import mailed

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def named(
    _migrated: Path, tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]
) -> Iterator[Street]:
    logs.configure()
    port, file = free_port(), tmp_path / "register.db"
    shutil.copy(_migrated, file)
    rights = f"http://localhost:{port}"
    house = furnish(settings_for(f"sqlite:///{file}", private_redis_url, tmp_path, base_url=rights))
    product = Product(house, rights)
    with serving(house.app, port=port), serving(product.app()) as shop:
        with house.writing() as session:
            backends.allow_origins(session, "shop", [shop], now=house.clock.now())
        yield Street(house, product, rights, shop)
    house.engine.dispose()
    house.parts.limits.close()


def _authenticator(page: Page) -> None:
    """Give the browser of *page* a passkey's hardware whose owner is always there."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _open_keys(street: Street, page: Page | FrameLocator) -> None:
    page.get_by_role("button", name="Send a code").click()
    page.get_by_text("A code is on its way").wait_for()
    page.get_by_label("The code").fill(mailed(street.house))
    page.get_by_role("button", name="Check the code").click()
    page.get_by_role("heading", name="What you have").wait_for()


def _add(street: Street, page: Page) -> None:
    page.goto(f"{street.rights}/portal/keys")
    _open_keys(street, page)
    page.get_by_label("A name for it").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Added. We have told").wait_for()


def _only(street: Street, kind: str) -> Request:
    with street.house.reading() as session:
        found: Request = session.exec(select(Request).where(Request.kind == kind)).one()
    return found


def test_a_passkey_is_made_on_a_page_of_its_own_and_proves_there_and_in_the_frame(
    named: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    _authenticator(page)
    enter(named, page, "en")
    _add(named, page)
    assert page.get_by_text("My laptop").is_visible()

    named.house.clock.forward(days=8)
    enter(named, page, "en")
    page.goto(f"{named.rights}/portal/ask/deletion")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Use your passkey").click()
    page.locator(".state.in_progress").wait_for()
    assert str(_only(named, "deletion").state) == "in_progress"

    framed.go(page, f"{named.shop}/privacy?view=account_cancellation")
    portal = page.frame_locator("rights-portal iframe")
    portal.get_by_role("button", name="Send", exact=True).click()
    portal.get_by_role("button", name="Use your passkey").click()
    portal.locator(".state.in_progress").wait_for()

    assert str(_only(named, "account_cancellation").state) == "in_progress"
    with named.house.reading() as session:
        key = session.exec(select(PersonKey)).one()
    assert key.sign_count >= 2


def test_in_a_frame_the_way_to_a_page_of_its_own_is_shown_and_leads_there(
    named: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    _authenticator(page)
    framed.go(page, f"{named.shop}/privacy?view=keys")
    portal = page.frame_locator("rights-portal iframe")
    _open_keys(named, portal)
    portal.get_by_text("In this frame your browser makes no passkeys").wait_for()
    assert not portal.get_by_role("button", name="Add a passkey").is_visible()

    named.house.clock.forward(seconds=61)
    with page.context.expect_page() as opened:
        portal.get_by_role("button", name="Open on a page of its own").click()
    own = opened.value
    _authenticator(own)
    _open_keys(named, own)
    own.get_by_role("button", name="Add a passkey").click()

    own.get_by_text("Added. We have told").wait_for()


def test_a_person_who_says_no_to_the_browser_is_told_and_can_try_again(
    named: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": False,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    enter(named, page, "en")
    page.goto(f"{named.rights}/portal/keys")
    _open_keys(named, page)

    page.get_by_role("button", name="Add a passkey").click()

    page.get_by_text("That did not work, or it was cancelled").wait_for()
    assert page.get_by_role("button", name="Add a passkey").is_enabled()


def test_without_scripts_an_app_is_added_and_passkeys_say_what_they_need(
    named: Street, new_page: Pages
) -> None:
    page = new_page(language="en", javascript=False)
    page.goto(f"{named.shop}/bare")
    page.get_by_role("button", name="Show").click()
    portal = page.frame_locator("iframe[name=portal]")
    portal.locator("a[href='/portal/keys']").click()
    _open_keys(named, portal)

    assert portal.get_by_text("Passkeys need JavaScript").is_visible()
    portal.get_by_role("button", name="Add an authenticator app").click()
    portal.get_by_text("This is shown only now").wait_for()


def _walk(street: Street, page: Page, language: str) -> Iterator[str]:
    """Go through every page about keys; yield the name of each once it is shown."""
    enter(street, page, language)
    page.goto(f"{street.rights}/portal/keys")
    yield "keys-unproved"
    page.locator("form[action$='/keys/code'] button").click()
    page.get_by_role("status").wait_for()
    page.locator("#code").fill(mailed(street.house))
    page.locator("form[action$='/keys/proof'] button").click()
    page.locator("form[data-passkey] button").click()
    page.locator("form[action$='/remove']").wait_for()
    yield "keys"
    page.locator("form[action$='/keys/authenticator'] button").click()
    page.locator("form[action$='/confirm']").wait_for()
    yield "keys-app"
    page.locator("#code").fill("000000")
    page.locator("form[action$='/confirm'] button").click()
    page.get_by_role("alert").wait_for()
    yield "keys-app-wrong"
    street.house.clock.forward(days=8)
    enter(street, page, language)
    made = street.house.asserted("deletion", ALICE, "session")["id"]
    page.goto(f"{street.rights}/portal/requests/{made}")
    page.locator("form[data-passkey] button").wait_for()
    yield "request-key"


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_about_keys_has_a_barrier(
    named: Street, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark, expects=["status of 401"])
    _authenticator(page)
    look = f"{language}-{width}-{'dark' if dark else 'light'}"

    found = [line for name in _walk(named, page, language) for line in _barriers(page, name, look)]

    assert found == []
