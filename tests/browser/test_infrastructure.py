"""What tests in a browser rely on: fonts, axe, complaints that fail a test, no way out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil
import pytest
from flask import Flask, request
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.serving import serving
from tests.browser.shots import shot
from tests.servers import browser
from tests.servers.missing import install, missing
from workflows.embedded.smtp import Sink

pytestmark = pytest.mark.browser

_ROOT: Final = Path(__file__).parents[2]
_POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; frame-src http:"
_GOOD: Final = """<!doctype html>
<html lang="zh-CN"><title>您的请求</title><link rel="stylesheet" href="/style.css">
<main><h1>您的请求</h1><p id="state">已收到</p>{more}</main></html>"""
_UNNAMED: Final = '<input name="address">'
# Whether two characters leave the same dots: in a font without them, both are the same box.
_SAME_DOTS: Final = """([one, other]) => {
  const dots = text => {
    const paper = document.createElement('canvas').getContext('2d');
    paper.font = '32px sans-serif';
    paper.fillText(text, 20, 60);
    return paper.getImageData(0, 0, 100, 100).data.join();
  };
  return dots(one) === dots(other);
}"""
_STARTS_AND_WAITS: Final = """
from tests.servers.browser import server
with server():
    print("started", flush=True)
    input()
"""


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def page() -> tuple[str, dict[str, str]]:
        more = request.args.get("more", "")
        return _GOOD.format(more=more), {"Content-Security-Policy": _POLICY}

    @app.get("/style.css")
    def style() -> tuple[str, dict[str, str]]:
        return "p { color: #222 }", {"Content-Type": "text/css"}

    @app.get("/script.js")
    def script() -> tuple[str, dict[str, str]]:
        text = "document.getElementById('state').textContent = '已完成'"
        return text, {"Content-Type": "text/javascript"}

    @app.get("/copy")
    def copy() -> tuple[str, dict[str, str]]:
        return "{}", {"Content-Disposition": "attachment; filename=copy.json"}

    return app


def _open(page: Page, address: str, more: str = "") -> Page:
    page.goto(f"{address}/" + (f"?more={more}" if more else ""))
    return page


def test_chinese_characters_are_not_boxes(new_page: Pages) -> None:
    page = new_page()

    assert page.evaluate(_SAME_DOTS, ["请", "请"])
    if page.evaluate(_SAME_DOTS, ["请", "求"]):
        missing(
            "a Chinese font", install(debian="fonts-wqy-microhei", macos="--cask font-noto-sans-sc")
        )


def test_a_page_is_what_its_visitor_asked_for(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        page = _open(new_page(language="en", width=390, dark=True), address)

        assert page.evaluate("navigator.language") == "en"
        assert page.evaluate("innerWidth") == 390
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize(("javascript", "said"), [(True, "已完成"), (False, "已收到")])
def test_a_page_shows_with_and_without_scripts(
    app: Flask, new_page: Pages, *, javascript: bool, said: str
) -> None:
    with serving(app) as address:
        page = _open(new_page(javascript=javascript), address, "<script src=/script.js></script>")

        assert page.locator("#state").inner_text() == said


def test_axe_finds_nothing_on_a_good_page(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        assert violations(_open(new_page(), address)) == []


def test_axe_finds_what_is_wrong(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        (line,) = violations(_open(new_page(), address, _UNNAMED))

    assert line.startswith("label (critical): ")
    assert _UNNAMED in line


def test_axe_looks_into_the_frames_of_another_site(app: Flask, new_page: Pages) -> None:
    with serving(app) as ours, serving(app, name="localhost") as theirs:
        inner = f"{theirs}/?more={_UNNAMED}"
        page = _open(new_page(), ours, f"<iframe title='inner' src='{inner}'></iframe>")
        found = violations(page)

    assert any(line.startswith("label (critical): ") and "iframe" in line for line in found), found


def test_nothing_but_this_machine_is_reached(new_page: Pages) -> None:
    page = new_page(expects=["example.org", "192.0.2.1", "2001:db8"])

    for host in ("example.org", "192.0.2.1", "[2001:db8::1]"):
        with pytest.raises(PlaywrightError, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(f"http://{host}/")
    assert len(new_page.complaints) >= 3


def test_whatever_a_browser_complains_of_is_told(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        page = _open(new_page(), address, "<img src=http://example.org/dot alt=''>")
        page.evaluate("console.error('one')")
        with page.expect_event("pageerror"):  # a page that is left throws nothing more
            page.evaluate("setTimeout(() => { throw new Error('two') })")
        page.goto(f"{address}/three")
    told = new_page.close()
    new_page.complaints.clear()

    for part in ("console: one", "script: two", "/three", "example.org/dot"):
        assert any(part in line for line in told), (part, told)


def test_what_was_expected_is_no_complaint(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        _open(new_page(expects=["status of 404"]), address).goto(f"{address}/nowhere")

    assert new_page.close() == []
    assert len(new_page.complaints) == 1


def test_a_download_is_no_complaint(app: Flask, new_page: Pages) -> None:
    with serving(app) as address:
        page = _open(new_page(), address, "<a href=/copy>副本</a>")
        with page.expect_download() as download:
            page.get_by_role("link").click()

        assert Path(download.value.path()).read_text(encoding="utf-8") == "{}"


def test_other_event_loops_run_beside_the_browser(new_page: Pages, smtp_sink: Sink) -> None:
    new_page()
    new_page.close()

    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
    assert new_page().title() == ""


def test_a_picture_is_saved_where_it_is_wanted(
    app: Flask, new_page: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(app) as address:
        page = _open(new_page(), address)
        monkeypatch.delenv("RIGHTS_SHOTS", raising=False)
        shot(page, "unwanted")
        monkeypatch.setenv("RIGHTS_SHOTS", str(tmp_path))
        shot(page, "wanted")

    (picture,) = tmp_path.iterdir()
    assert picture.name == "wanted.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_missing_browser_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(browser, "_program", lambda: None)

    with pytest.raises(pytest.fail.Exception, match=r"needs Chromium: .* install .*chrom"):
        browser.server().__enter__()


@pytest.mark.usefixtures("new_page")  # told as missing where there is no browser
def test_the_browser_ends_with_a_process_that_is_killed() -> None:
    with psutil.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout.readline() == b"started\n"
        family = starter.children(recursive=True)
        starter.kill()
    _, left = psutil.wait_procs(family, timeout=20)

    assert len(family) > 1
    assert left == []
