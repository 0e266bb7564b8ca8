"""Drafts in a real browser: in the text at once, over nobody's words, and not sent with a blank."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.pages import Pages
from tests.web.console.clerk import told

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
_BLANK = re.compile(r"\[\[.*?\]\]")


def _filled(page: Page, field: str) -> None:
    """Fill in every blank of a field, as somebody would who typed over it."""
    place = page.locator(field)
    place.fill(_BLANK.sub("这一项", place.input_value()))


def _rui(office: Office, new_page: Pages) -> Person:
    page = new_page(language="en", expects=["status of 422"])  # a blank that is left
    rui = Person(office, page, "rui")
    rui.come_in()
    rui.open("late")
    return rui


def test_a_draft_is_in_the_text_at_once_and_a_blank_that_is_left_is_refused(
    office: Office, new_page: Pages
) -> None:
    rui = _rui(office, new_page)
    page, made = rui.page, office.made["late"]
    page.locator("#write summary").click()
    choice, text = page.locator("#draft-choice"), page.locator("#text")

    choice.select_option("find_you")
    expect(text).to_have_value(re.compile(made))
    choice.select_option("takes_time")  # what nobody touched is replaced
    expect(text).to_have_value(re.compile("目前的进度：\\[\\["))
    text.fill("my own words")
    choice.select_option("find_you")
    expect(text).to_have_value("my own words")
    text.fill("")
    choice.select_option("takes_time")
    page.locator("form[action$='/write'] button").click()

    assert "blank" in page.locator("main").inner_text()
    expect(text).to_have_value(re.compile("\\[\\["))
    assert "message_sent" not in told(office.house, made)
    _filled(page, "#text")
    page.locator("form[action$='/write'] button").click()
    assert "on its way" in rui.told()
    assert "message_sent" in told(office.house, made)


def test_each_draft_of_a_question_goes_into_the_next_empty_point(
    office: Office, new_page: Pages
) -> None:
    rui = _rui(office, new_page)
    page, made = rui.page, office.made["late"]
    page.locator("#ask > summary").click()
    choice = page.locator("#ask-choice")

    choice.select_option("which_account")
    expect(page.locator("#question-1")).to_have_value(re.compile("是哪一个账号？"))
    expect(page.locator("#why-1")).to_have_value(re.compile(made))
    choice.select_option("which_time")
    expect(page.locator("#question-2")).to_have_value(re.compile("哪一段时间？"))
    expect(page.locator("#question-1")).to_have_value(re.compile("是哪一个账号？"))
    page.locator("#why-3").fill("my own words")
    choice.select_option("which_record")  # there is no empty point left
    expect(page.locator("#question-3")).to_have_value("")
    expect(page.locator("#why-3")).to_have_value("my own words")
    page.locator("#why-3").fill("")
    page.locator("form[action$='/ask'] button:not(.quiet)").click()

    assert "blank" in page.locator("main").inner_text()
    assert "asked" not in told(office.house, made)
    for field in ("#question-1", "#why-2"):
        _filled(page, field)
    page.locator("form[action$='/ask'] button:not(.quiet)").click()
    assert "is told" in rui.told()
    assert "asked" in told(office.house, made)


def test_without_javascript_the_page_comes_back_with_the_draft(
    office: Office, new_page: Pages
) -> None:
    rui = Person(office, new_page(language="en", javascript=False), "rui")
    rui.come_in()
    rui.open("late")
    page = rui.page
    page.locator("#ask > summary").click()
    page.locator("#ask-choice").select_option("which_time")
    page.locator("#ask form[method='get'] button").click()

    expect(page.locator("#question-1")).to_be_visible()
    expect(page.locator("#question-1")).to_have_value(re.compile("哪一段时间？"))
    expect(page.locator("#why-1")).to_have_value(re.compile("\\[\\["))
