"""The pages about conversations are for everybody, and work with and without the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_pages import LOOKS, enter
from tests.browser.shots import shot
from tests.web.portal.test_dialogues import MESSAGES, SESSIONS, talks_map

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def _barriers(page: Page, name: str, look: str) -> list[str]:
    shot(page, f"{name}-{look}")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = [f"{name}: {line}" for line in violations(page)]
    return [*found, f"{name}: {wide} px too wide"] if wide > 0 else found


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_has_a_barrier(
    opened: Callable[..., AbstractContextManager[Street]],
    new_page: Pages,
    tmp_path: Path,
    language: str,
    width: int,
    *,
    dark: bool,
) -> None:
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    with opened(datamap=talks_map(tmp_path)) as street:
        street.product.acr = "mfa"
        page = new_page(language=language, width=width, dark=dark)
        enter(street, page, language)
        page.goto(f"{street.rights}/portal/conversations")
        found = _barriers(page, "conversations", look)
        page.locator("form[action='/portal/conversations'] button").click()
        page.get_by_role("status").wait_for()
        street.house.looked_up(SESSIONS)
        page.locator("button[name=open]").first.wait_for()
        found += _barriers(page, "conversations-listed", look)
        page.locator("button[name=open]").first.click()
        page.get_by_role("status").wait_for()
        street.house.looked_up(MESSAGES)
        page.locator("input[name=message]").first.wait_for()
        found += _barriers(page, "conversations-opened", look)
        page.locator("input[name=message]").first.check()
        page.locator("button[value=delete]").click()
        page.wait_for_url("**/portal/requests/*")

    assert found == []
