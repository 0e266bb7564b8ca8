"""A person without an account gets a copy by a code and two details, with a real worker behind."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from rights import logs
from rights.domain.lifecycle import State
from rights.store.models import Lookup, Request
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.serving import serving
from tests.web.house import House, furnish, settings_for
from tests.workflows.facts_shop import MAP, Shop
from workflows.jobs import work_on
from workflows.lookups import answer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ANNS = "ann@example.com"


@dataclass
class Company:
    """The portal of a company whose map says what people may be asked for, and its worker."""

    house: House
    shop: Shop
    rights: str

    @property
    def request(self) -> Request:
        with self.house.reading() as session:
            found: Request = session.exec(select(Request)).one()
        return found

    def look_ups(self) -> None:
        """Answer what waits, as a worker does that hears the doorbell."""
        with self.house.reading() as session:
            waiting = session.exec(select(Lookup.id).where(Lookup.state == "waiting")).all()
        assert waiting
        for lookup_id in waiting:
            answer(self.shop.floor, lookup_id)


@pytest.fixture
def company(
    _migrated: Path, tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]
) -> Iterator[Company]:
    logs.configure()
    port, file, datamap = free_port(), tmp_path / "register.db", tmp_path / "map.yaml"
    shutil.copy(_migrated, file)
    datamap.write_text(MAP, encoding="utf-8")
    rights, register = f"http://127.0.0.1:{port}", f"sqlite:///{file}"
    settings = settings_for(register, private_redis_url, tmp_path, base_url=rights, datamap=datamap)
    house = furnish(settings)
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}", register_url=register)
    shop.clock.at = house.clock.at
    with serving(house.app, port=port):
        yield Company(house, shop, rights)
    shop.close()
    house.engine.dispose()
    house.parts.limits.close()


def _asked_and_coded(company: Company, page: Page) -> None:
    page.goto(f"{company.rights}/portal/")
    page.get_by_role("button", name="Go on without an account").click()
    page.locator("a[href='/portal/ask/copy']").click()
    page.locator("#who-email").fill(ANNS)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("After the code we show which further ways there are").wait_for()
    page.get_by_label("The code").fill(company.house.code(company.request.id))
    page.get_by_role("button", name="Check the code").click()
    page.get_by_text("Looking which ways are open to you").wait_for()
    company.look_ups()
    page.get_by_label("Date of birth").wait_for()


def _given(company: Company, page: Page, day: str, city: str) -> None:
    company.house.clock.forward(seconds=5)
    company.shop.clock.at = company.house.clock.at
    page.get_by_label("Date of birth").fill(day)
    page.get_by_label("City").fill(city)
    page.get_by_role("button", name="Compare").first.click()
    page.get_by_text("Comparing…").wait_for()
    company.look_ups()


def test_without_an_account_a_code_and_two_details_reach_a_copy(
    company: Company, new_page: Pages
) -> None:
    page = new_page(language="en")
    _asked_and_coded(company, page)
    assert violations(page) == []

    _given(company, page, "1990-02-01", "北京")
    page.get_by_text("That was not enough").wait_for()
    assert company.request.state is State.VERIFYING
    _given(company, page, "1990-02-01", " 上 海 ")
    page.locator(".state.in_progress").wait_for()

    work_on(company.shop.floor, company.request.id)
    page.get_by_role("heading", name="Your copy").wait_for()
    with page.expect_download() as got:  # the code was answered here less than ten minutes ago
        page.get_by_role("button", name="Download the copy").click()

    with zipfile.ZipFile(got.value.path()) as copy:
        everything = b"".join(copy.read(name) for name in copy.namelist()).decode()
    assert "A-1001" in everything
    assert "B-2001" not in everything


def test_without_scripts_the_page_renews_itself_too(company: Company, new_page: Pages) -> None:
    page = new_page(language="zh-CN", javascript=False)
    page.goto(f"{company.rights}/portal/")
    page.locator("form[action$='/begin'] button").first.click()
    page.locator("a[href='/portal/ask/copy']").click()
    page.locator("#who-email").fill(ANNS)
    page.locator("main form button").last.click()
    page.locator("#code").fill(company.house.code(company.request.id))
    page.locator("form[action$='/proof'] button").click()
    page.get_by_text("正在查看您可以使用哪些方式").wait_for()
    company.look_ups()
    page.get_by_label("出生日期").wait_for()
    page.get_by_label("出生日期").fill("1990-02-01")
    page.get_by_label("城市").fill("上海")
    page.get_by_role("button", name="核对").first.click()
    page.get_by_text("正在核对").wait_for()
    company.look_ups()
    page.locator(".state.in_progress").wait_for()
