"""A page that waits for an answer is loaded anew when there is one, and stays until then."""

from __future__ import annotations

from typing import Final

import pytest

from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_pages import COUNTS, enter

pytestmark = pytest.mark.browser

_MARKED: Final = "window.stays === true"


def test_a_page_is_loaded_anew_only_when_there_is_something_new(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    enter(street, page, "en")
    page.goto(f"{street.rights}/portal/held")
    page.get_by_role("button", name="Look now").click()
    page.get_by_role("status").wait_for()
    page.evaluate("window.stays = true")

    for _ in range(3):
        with page.expect_response(lambda answer: "/portal/held/" in answer.url):
            pass  # it has asked whether there is something new
    assert page.evaluate(_MARKED)

    street.house.looked_up(COUNTS)
    page.get_by_role("status").wait_for(state="detached")
    assert not page.evaluate(_MARKED)
