"""What takes a colleague, looked at in a real browser: nothing keeps anybody out of it."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.console.test_pages import LOOKS, Look, unfolded
from tests.browser.pages import Pages
from tests.web.console.clerk import planned

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

EVE: Final = {"user_id": "u-5", "email": "eve@example.com"}
QUESTION: Final = "您指的是哪一个账号？"
AGAIN: Final = "是在成都开户的那个吗？"
WHY: Final = "您的答复提到了另外两个账号。"


def _look(new_page: Pages, language: str, width: int, *, dark: bool, expects: str = "") -> Look:
    waits = [expects] if expects else []
    page = new_page(language=language, width=width, dark=dark, expects=waits)
    return Look(page, f"{language}-{width}-{'dark' if dark else 'light'}")


def _asked(person: Person, office: Office, request_id: str, act: str, question: str) -> None:
    """Fill in the list of what is missing, and send it."""
    page = person.page
    page.goto(f"{office.address}/requests/{request_id}")
    unfolded(page)
    form = page.locator(f"form[action$='/{request_id}/{act}']")
    form.locator("#question-1").fill(question)
    form.locator("#why-1").fill(WHY)
    form.locator("p.buttons button").click()
    expect(page).to_have_url(re.compile(f"done={act}(&|#|$)"))


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_asking_once_more_has_no_barrier_for_who_proposes_and_who_agrees(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    made = str(office.house.asserted("access", EVE)["id"])
    look = _look(new_page, language, width, dark=dark)
    rui = Person(office, look.page, "rui")
    rui.come_in()
    _asked(rui, office, made, "ask", QUESTION)
    given = {"answers": {"question_1": "第二个。"}}
    assert office.house.post(f"/v1/requests/{made}/information", given).status_code == 200
    look.page.goto(f"{office.address}/requests/{made}")
    unfolded(look.page)
    look.at("request-again-unfolded")
    _asked(rui, office, made, "ask_again", AGAIN)
    look.at("request-proposed-again")
    look.page.locator(".me button").click()
    expect(look.page).to_have_url(re.compile("/sign-in"))

    Person(office, look.page, "ana").come_in()
    look.page.goto(f"{office.address}/requests/{made}")
    unfolded(look.page)
    look.at("request-agrees-unfolded")
    look.page.locator("form[action$='/open/asking'] button").click()
    expect(look.page.locator("#opened")).to_be_focused()
    expect(look.page.locator("#opened")).to_contain_text(AGAIN)
    look.at("opened-asking")
    look.page.locator("form[action$='/agree_asking'] button").click()
    expect(look.page.locator("form[action$='/agree_asking']")).to_have_count(0)
    look.at("request-agreed")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_vouching_for_a_contact_has_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    failed = {"state": "failed", "code": "contact_changed"}
    made = planned(office.house, "copy", action="prepare", body={}, **failed)
    look = _look(new_page, language, width, dark=dark, expects="status of 422")
    Person(office, look.page, "vera").come_in()
    look.page.goto(f"{office.address}/requests/{made}")
    look.shown("request-changed")
    unfolded(look.page)
    look.at("request-changed-unfolded")
    look.page.locator("form[action$='/trust'] button").click()
    expect(look.page.locator("#mistakes")).to_be_focused()
    look.at("trust-without-a-reason")
    look.page.locator("#trust-why").fill("电话回访了登记的旧号码。")
    look.page.locator("form[action$='/trust'] button").click()
    expect(look.page.locator("form[action$='/trust']")).to_have_count(0)
    look.at("request-trusted")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_settings_have_no_barrier_where_they_wait_or_are_refused(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = _look(new_page, language, width, dark=dark, expects="status of 422")
    Person(office, look.page, "ada").come_in()
    for value in ("99", "24", "8"):
        look.page.goto(f"{office.address}/settings")
        look.page.locator("#staff_hours summary").click()
        form = look.page.locator("form[action$='/settings/staff_hours']")
        form.locator("[name=value]").fill(value)
        form.locator("[name=because]").fill("夜班")
        form.get_by_role("button").first.click()
        if value == "99":
            expect(look.page.locator("#mistakes")).to_be_focused()
        waiting = look.page.locator("section[aria-labelledby=waiting-title]")
        expect(waiting).to_have_count(1 if value == "24" else 0)
        unfolded(look.page)
        look.at(f"settings-{value}")

    assert look.found == []
