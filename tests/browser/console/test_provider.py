"""Signing in at the company's provider: the pages that lead there and back, looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from rights import logs
from rights.store.migrate import upgrade
from tests.browser.console.test_pages import LOOKS, Look
from tests.browser.pages import Pages
from tests.browser.serving import serving
from tests.web.console.company import ANA, GIVEN
from tests.web.house import furnish, settings_for
from tests.web.portal.desk import Desk
from tests.web.portal.town import opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass
class Company:
    """A console whose staff sign in at a desk."""

    desk: Desk
    address: str


@pytest.fixture
def company(
    tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]
) -> Iterator[Company]:
    logs.configure()
    port, register = free_port(), f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)
    address = f"http://127.0.0.1:{port}"
    with opened(Desk(person=dict(ANA))) as desk:
        given = {**GIVEN, "staff_oidc_issuer": desk.issuer, "base_url": address}
        house = furnish(settings_for(register, private_redis_url, tmp_path, **given))
        with serving(house.app, port=port):
            yield Company(desk, f"{address}/console")
        house.engine.dispose()
        house.parts.limits.close()


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_the_pages_to_the_provider_and_back_have_no_barrier(
    company: Company, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark)
    look = Look(page, f"{language}-{width}-{'dark' if dark else 'light'}")
    page.goto(f"{company.address}/sign-in")
    look.at("sign-in-provider")
    company.desk.waits = True  # the page that leads there stays to be looked at
    page.locator("form[action$='/sign-in/provider'] button").click()
    expect(page.get_by_role("status")).to_contain_text("127.0.0.1")
    look.at("provider-going")

    company.desk.waits = False
    # A browser that is told nothing of where it goes stays where it is.
    page.route(re.compile("/console/code"), lambda route: route.fulfill(status=204))
    page.locator("main a.button").click()
    page.wait_for_url("**/sign-in/back*")
    look.at("provider-come")
    page.unroute_all()
    page.goto(f"{company.address}/")
    page.locator(".me").wait_for()

    assert look.found == []
