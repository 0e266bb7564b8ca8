"""Somebody chooses the network identity in a real browser, goes there and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rights.domain.lifecycle import State
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street as Served
from tests.browser.portal.test_pages import LOOKS, _barriers
from tests.browser.serving import serving
from tests.web.house import HERE
from tests.web.portal.booth import Booth
from tests.web.portal.street import Street
from tests.web.portal.test_following import EVE, only
from tests.workflows.house import Clock, floor_over, replace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def corner(street: Served, tmp_path: Path) -> Iterator[Street]:
    """The street's shop, with a bridge on a site of its own, and a worker."""
    house = street.house
    text = (HERE / "datamap.yaml").read_text("utf-8")
    booth = Booth(account={"email": EVE}, pages=True)
    booth.now = lambda: house.clock.now().timestamp()
    bare = floor_over(tmp_path, text, {}, Clock())
    floor = replace(bare, register=house.engine, context=house.context, now=house.clock.now)
    with serving(booth.app(), name="localhost") as at:
        booth.url = at
        made = Street(house, booth, floor)
        made.configure()
        yield made
    bare.register.dispose()


def _coded(street: Served, page: Page, lang: str = "en") -> None:
    """Ask for a portability copy without an account, and answer the code."""
    page.goto(f"{street.rights}/portal/?lang={lang}")
    page.locator("form[action='/portal/begin'] button").click()
    page.goto(f"{street.rights}/portal/ask/portability")
    page.locator("input[name='who.email']").fill(EVE)
    page.locator("form[action='/portal/ask/portability'] button").last.click()
    page.locator("#code").fill(street.house.code(only(street.house).id))
    page.locator("#prove form[action$='/proof'] button").click()
    page.locator("#network-identity").wait_for()


def _there_and_back(page: Page) -> None:
    page.locator("#network-identity button").click()
    page.get_by_role("link", name="I show it").click()
    page.locator("#network-identity").wait_for()


@pytest.mark.requirement("R-ID-4")
@pytest.mark.parametrize("javascript", [True, False])
def test_there_and_back_starts_the_work(
    street: Served, corner: Street, new_page: Pages, *, javascript: bool
) -> None:
    page = new_page(language="en", javascript=javascript)
    _coded(street, page)

    _there_and_back(page)
    page.get_by_text("Asking what the service says").wait_for()
    corner.work()

    page.locator(".state.in_progress").wait_for()  # the page renews itself
    assert (only(street.house).level, only(street.house).state) == (3, State.IN_PROGRESS)


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_of_it_has_a_barrier(
    street: Served, corner: Street, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    expects = ["status of 401", "status of 503"]
    page = new_page(language=language, width=width, dark=dark, expects=expects)
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    found: list[str] = []

    def look_at(name: str) -> None:
        found.extend(_barriers(page, name, look))

    _coded(street, page, language)
    look_at("network-identity-offered")
    corner.booth.said = {"result": "refused"}
    _there_and_back(page)
    look_at("network-identity-asking")
    corner.work()
    page.locator("#network-identity [role=alert]").wait_for()
    look_at("network-identity-wrong")
    corner.booth.status["/visits"] = 503
    page.locator("#network-identity button").click()
    page.locator("#network-identity").wait_for()
    look_at("network-identity-down")
    page.goto(f"{street.rights}/portal/network-identity/back?state=x&ticket=y")
    look_at("network-identity-over")

    assert found == []
