"""The console without a mouse, without JavaScript, and its pictures without good light."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import expect

from rights.domain.lifecycle import State
from rights.store.models import Request
from tests.browser.console.conftest import Office
from tests.browser.console.keyboard import tab, to
from tests.browser.console.people import Person
from tests.browser.pages import Pages

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_CONTRASTS: Final = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const out = {};
  for (const one of document.querySelectorAll("svg rect:not(.track)")) {
    const ink = light(getComputedStyle(one).fill);
    out[one.className.baseVal] =
      (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }
  return out;
}"""


def test_a_plan_is_approved_with_the_keyboard_alone(office: Office, new_page: Pages) -> None:
    ana = Person(office, new_page(language="en"), "ana")
    page = ana.page
    page.goto(ana.invitation())
    ana.set_password()
    to(page, "Name")
    page.keyboard.type("ana")
    to(page, "Password")
    page.keyboard.type("a long walk by the river")
    page.keyboard.press("Enter")
    page.locator("dd code").first.wait_for()
    ana.set_up_app()
    page.locator(".codes").wait_for()
    to(page, "I have kept them")
    page.keyboard.press("Enter")
    page.locator("#late-title").wait_for()

    assert tab(page) == "Skip to content"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    to(page, "Deletion")
    page.keyboard.press("Enter")
    page.locator("#steps").wait_for()
    to(page, "Approve this plan")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("was approved")


def test_the_focus_goes_through_a_page_in_the_order_of_its_words(
    office: Office, new_page: Pages
) -> None:
    rui = Person(office, new_page(language="en"), "rui")
    rui.come_in()
    passed = [tab(rui.page) for _ in range(14)]

    work = ["Overview", "Requests", "Waiting for staff", "Holds", "Find a person"]
    areas = [*work, "Stores", "Re-checks", "Incidents", "Organisation"]
    assert passed == ["Skip to content", "中文", "English", *areas, "rui", "Sign out"]


def test_all_of_it_works_without_javascript(office: Office, new_page: Pages) -> None:
    ana = Person(office, new_page(language="en", javascript=False), "ana")
    ana.come_in()
    page = ana.page
    ana.open("late")
    page.locator("form[action$='/open/plan'] button").click()
    expect(page.locator("#opened")).to_contain_text("begins with “a”, 17 characters")
    ana.act("approve")
    assert "was approved" in ana.told()
    page.goto(f"{office.address}/requests")
    page.locator("main tbody input").first.check()
    page.locator("#to").select_option(label="rui")
    page.get_by_role("button", name="Give").click()
    expect(page.locator("main tbody tr").first).to_contain_text("rui")
    with office.house.reading() as session:
        assert session.get_one(Request, office.made["late"]).state is State.IN_PROGRESS


@pytest.mark.parametrize("dark", [False, True])
def test_every_filling_of_a_picture_stands_out(
    office: Office, new_page: Pages, *, dark: bool
) -> None:
    ana = Person(office, new_page(language="en", dark=dark), "ana")
    ana.come_in()
    expect(ana.page.locator("svg rect").first).to_be_attached()
    ana.page.wait_for_load_state("load")  # colours are those of the style sheets
    found = ana.page.evaluate(_CONTRASTS)

    assert len(found) >= 12
    assert {mark: ratio for mark, ratio in found.items() if ratio < 3} == {}
