"""A package that waits for a look, and a letter that lacked something, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, expect
from sqlmodel import select

from rights.store.models import Evidence, Package
from tests.browser.console import left_over
from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.console.scene import drawn
from tests.browser.console.test_pages import LOOKS, looked, unfolded
from tests.browser.pages import Pages

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_a_package_that_waits_is_looked_at_and_let_go(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    made = left_over.kept_back(office.house)
    look = looked(new_page, language, width, dark=dark)
    rui, page = Person(office, look.page, "rui"), look.page
    rui.come_in()
    page.goto(f"{office.address}/requests/{made}")
    look.shown("request-kept_back")
    unfolded(page)
    look.at("request-kept_back-unfolded")

    button = page.locator("form[action$='/let_go'] button")
    button.focus()
    page.keyboard.press("Enter")

    expect(page.locator("main [role=status]").first).to_be_visible()
    expect(button).to_have_count(0)
    assert look.found == []
    with office.house.reading() as session:
        package = session.exec(select(Package).where(Package.request_id == made)).one()
    assert package.state == "in_review", "it goes out where the worker ends the request"


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_what_a_letter_lacked_is_put_in(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    made = left_over.letter(office.house)
    look = looked(new_page, language, width, dark=dark)
    rui, page = Person(office, look.page, "rui"), look.page
    rui.come_in()
    page.goto(f"{office.address}/requests/{made}")
    look.shown("request-letter")
    unfolded(page)
    look.at("request-letter-unfolded")

    rui.act("add_contact", contact__email="son@example.com")
    expect(page.locator("form[action$='/add_contact']")).to_have_count(0)
    form = rui.form("add_document")
    paper = FilePayload(name="paper.png", mimeType="image/png", buffer=drawn())
    form.locator("[name=document]").set_input_files(paper)
    form.locator("button").click()
    expect(page.locator("main [role=status]").first).to_be_visible()
    look.at("request-letter-answered")

    assert look.found == []
    with office.house.reading() as session:
        assert session.exec(select(Evidence).where(Evidence.request_id == made)).one().size
