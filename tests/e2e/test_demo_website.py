"""The demo's shop shows the portal on its own pages, as any product would."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import urllib3
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.shots import shot
from tests.servers.browser import TIMEOUT_MS

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

_ROOT: Final = Path(__file__).parents[2]
_LAST_LINE: Final = "audit verify"
_WORKERS_MS: Final = 60_000
"""For what workers have to do on a busy machine."""


@dataclass(frozen=True)
class Demo:
    """A running demo, known by what it prints."""

    said: Path

    def address(self, what: str) -> str:
        """Return the address that stands beside *what*."""
        found = re.search(rf"^ +{what} +(http://\S+?),?(?: |$)", self.text, re.MULTILINE)
        assert found, self.text
        return found[1].rstrip("/")

    @property
    def text(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def code_for(self, address: str) -> str:
        """Return the code in the newest mail to *address*, as the terminal shows it."""
        pattern = re.compile(rf"mail to {re.escape(address)}: .*  CODE ([0-9]{{6}})$", re.MULTILINE)
        _wait(lambda: bool(pattern.search(self.text)))
        return str(pattern.findall(self.text)[-1])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    said = tmp_path_factory.mktemp("demo") / "said.txt"
    with said.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "workflows.demo"], cwd=_ROOT, stdout=out, stderr=out
        )
    try:
        _wait(lambda: _LAST_LINE in said.read_text() or running.poll() is not None)
        yield Demo(said)
    finally:
        running.terminate()
        running.wait(timeout=60)


def _wait(ready: Callable[[], bool], *, timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def _signed_in(demo: Demo, page: Page, name: str, privacy: str) -> FrameLocator:
    """Go where a customer would, and return the portal's frame."""
    page.goto(demo.address("the shop"))
    page.get_by_role("button", name=name).click()
    page.get_by_role("link", name=privacy).click()
    page.locator("rights-portal").wait_for(state="attached")  # a click may return before its page
    return page.frame_locator("rights-portal iframe")


def test_one_click_in_the_shop_switches_recommendations_off(demo: Demo, new_page: Pages) -> None:
    page = new_page()
    portal = _signed_in(demo, page, "郑可欣", "个人信息与隐私")
    row = portal.locator("#switches li").filter(has_text="个性化推荐")
    expect(row).to_contain_text("已开启")

    row.get_by_role("button").click()

    expect(row).to_contain_text("已关闭")
    # While a store has yet to follow, there is no button; the page looks again after 20 seconds.
    expect(row.get_by_role("button")).to_contain_text("重新开启", timeout=60_000)
    shot(page, "shop-switched-off")
    _wait(lambda: _is_off(page))


def _is_off(page: Page) -> bool:
    """Return whether every system that serves the person says so by now."""
    page.reload()
    row = page.frame_locator("rights-portal iframe").locator("#switches li")
    return row.filter(has_text="个性化推荐").locator(".state").inner_text() == "已关闭"


def test_a_request_made_in_the_shop_is_proved_by_the_mailed_code_and_answered(
    demo: Demo, new_page: Pages
) -> None:
    page = new_page(language="en")
    portal = _signed_in(demo, page, "Daniel Whitlock", "Privacy")
    page.evaluate(
        "heard = []; document.querySelector('rights-portal')"
        ".addEventListener('rights-done', event => heard.push(event.detail))"
    )
    portal.locator("a[href='/portal/ask/access']").click()
    portal.get_by_role("button", name="Send", exact=True).click()
    code = demo.code_for("daniel.whitlock1005@example.org")
    portal.get_by_label("The code").fill(code)
    portal.get_by_role("button", name="Check").click()

    expect(portal.locator(".state.fulfilled")).to_be_visible(timeout=_WORKERS_MS)
    shot(page, "shop-access")
    states = [one["state"] for one in page.evaluate("heard")]
    assert states[0] == "verifying"
    assert states[-1] == "fulfilled"


def test_the_shops_scripts_cannot_read_what_is_in_the_frame(demo: Demo, new_page: Pages) -> None:
    page = new_page(language="en")
    portal = _signed_in(demo, page, "Grace Okafor", "Privacy")
    expect(portal.get_by_role("heading", level=1)).to_be_visible()

    frame = "document.querySelector('rights-portal iframe')"
    assert page.evaluate(f"{frame}.contentDocument") is None
    for reach in ("contentWindow.document", "contentWindow.location.href"):
        with pytest.raises(Exception, match="SecurityError"):
            page.evaluate(f"{frame}.{reach}")
    assert page.evaluate("document.cookie") == ""
    assert violations(page) == []


def test_the_portal_opens_in_the_shop_without_scripts_too(demo: Demo, new_page: Pages) -> None:
    page = new_page(language="en", javascript=False)
    page.goto(demo.address("the shop"))
    page.get_by_role("button", name="Priya Raman").click()
    page.get_by_role("link", name="Privacy").click()
    page.get_by_role("link", name="without scripts").click()
    page.get_by_role("button", name="Open").click()

    portal = page.frame_locator("iframe[name=portal]")
    row = portal.locator("#switches li").filter(has_text="Push messages")
    row.get_by_role("button").click()
    expect(row).to_contain_text("Off", timeout=TIMEOUT_MS)


def test_the_shop_vouches_on_its_own_pages_for_who_is_signed_in_only(demo: Demo) -> None:
    shop = demo.address("the shop")

    def ask(origin: str) -> int:
        url, headers = f"{shop}/my/portal-token", {"Origin": origin}
        return urllib3.request("POST", url, headers=headers, retries=False).status

    assert ask("https://evil.example") == 403
    assert ask(shop) == 401


def test_the_demo_says_where_people_without_an_account_begin(demo: Demo, new_page: Pages) -> None:
    page = new_page(language="en")
    page.goto(demo.address("the portal"))

    expect(page.get_by_role("button", name="without an account")).to_be_visible()
