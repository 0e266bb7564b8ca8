"""A short piece of each role's day by the keyboard alone, from the overview to what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from rights.store.models import LegalHold, StepRow, StepState
from tests.browser.console import left_over
from tests.browser.console.conftest import Office
from tests.browser.console.keyboard import reach, to
from tests.browser.console.people import Person
from tests.browser.pages import Pages
from tests.web.console.clerk import told

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _in(office: Office, new_page: Pages, name: str) -> Page:
    """Return the overview of somebody who came in: how is gone through by keys elsewhere."""
    person = Person(office, new_page(language="en"), name)
    person.come_in()
    person.page.goto(f"{office.address}/")  # so that the focus is where a page begins
    return person.page


def _enter(page: Page, name: str) -> None:
    """Go on to something by its name, and follow or send it."""
    to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _follow(page: Page, selector: str) -> None:
    """Go on to what a selector matches, and follow or send it."""
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_reviewer_says_that_a_step_was_done_by_hand(office: Office, new_page: Pages) -> None:
    page, made = _in(office, new_page, "rui"), office.made["by_hand"]
    _enter(page, "Waiting for staff")
    _follow(page, f"main a[href$='/requests/{made}']")
    reach(page, "form[action$='/complete'] input[name=proof]")
    page.keyboard.type("T-17")
    _follow(page, "form[action$='/complete'] button")

    expect(page.locator("main [role=status]").first).to_contain_text("Noted")
    with office.house.reading() as session:
        step = session.get_one(StepRow, f"{made}-03-erase-recommender")
    assert (step.state, step.result) == (StepState.DONE, {"proof": "T-17"})


def test_an_approver_opens_a_denial_and_confirms_it(office: Office, new_page: Pages) -> None:
    page, made = _in(office, new_page, "ana"), office.made["proposed"]
    _enter(page, "Waiting for staff")
    _follow(page, f"#denials ~ ul a[href$='/requests/{made}']")
    _follow(page, "form[action$='/open/proposal'] button")
    expect(page.locator("#opened")).to_be_focused()
    _follow(page, "form[action$='/confirm'] button")

    expect(page.locator("main [role=status]").first).to_contain_text("Denied")
    assert "denied" in told(office.house, made)


def test_a_colleague_reads_why_a_hold_is_to_be_released_and_releases_it(
    office: Office, new_page: Pages
) -> None:
    page, made = _in(office, new_page, "ana"), office.made["hold"]
    _enter(page, "Waiting for staff")
    _follow(page, f"main a[href$='/holds/{made}']")
    _follow(page, "form[action$='/read-release'] button")
    expect(page.locator("#opened")).to_be_focused()
    _follow(page, "form[action$='/confirm-release'] button")

    expect(page.locator("main [role=status]").first).to_contain_text("Released")
    with office.house.reading() as session:
        assert session.get_one(LegalHold, made).released_at is not None


def test_a_verifier_says_that_it_is_found_out_who_asked(office: Office, new_page: Pages) -> None:
    page, made = _in(office, new_page, "vera"), office.made["stopped"]
    _enter(page, "Waiting for staff")
    _follow(page, f"main a[href$='/requests/{made}']")
    reach(page, "form[action$='/release'] textarea")
    page.keyboard.type("Called back on the number of 2023.")
    _enter(page, "It is found out; go on")

    expect(page.locator("main [role=status]").first).to_contain_text("Work goes on")
    assert "not_me_released" in told(office.house, made)


def test_an_auditor_chooses_a_report_and_reads_it(office: Office, new_page: Pages) -> None:
    page = _in(office, new_page, "otto")
    _enter(page, "Reports")
    _enter(page, "Evidence for an audit")
    expect(page.get_by_label("Year")).to_have_count(0)
    reach(page, "#first")
    page.keyboard.type("10012026")
    reach(page, "#last")
    page.keyboard.type("11252026")
    reach(page, "input[name=items][value='16']")
    page.keyboard.press("Space")
    _enter(page, "Make the report")
    expect(page.locator("main [role=status]")).to_contain_text("looks again by itself")
    left_over.made(office.house)

    expect(page.locator("table.report").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("--from 2026-10-01 --to 2026-11-25 --items 16")


def test_an_administrator_lets_somebody_new_in(office: Office, new_page: Pages) -> None:
    page = _in(office, new_page, "ada")
    _enter(page, "Staff")
    reach(page, "form[action$='/console/staff'] #name")
    page.keyboard.type("mei")
    reach(page, "form[action$='/console/staff'] input[value=reviewer]")
    page.keyboard.press("Space")
    _follow(page, "form[action$='/console/staff'] button")

    expect(page.locator("main [role=status] code")).to_contain_text("/invitation?w=")
    expect(page.locator("li", has_text="mei")).to_contain_text("Reviewer")
