"""
What a picture shows beyond what is needed is blacked out before it leaves the browser.

What the server got is read back as a verifier does, and looked at pixel by pixel.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect
from sqlmodel import select

from rights.store.models import Evidence
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.portal.covering import (
    CHOOSE,
    SHARES,
    SIZE,
    brightest,
    choose,
    come,
    covered,
    drag,
    files_got,
    got,
    paper,
    picture,
    seen,
    send,
)
from tests.browser.portal.test_pages import LOOKS, _barriers
from tests.browser.portal.test_representatives import DOCUMENT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.requirement("R-ID-2")
def test_what_is_covered_with_the_mouse_never_leaves_the_browser(
    street: Street, new_page: Pages, tmp_path: Path
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG", turned=6))
    stage = page.locator(".stage")

    drag(page, stage, (0.1, 0.1), (0.3, 0.3))
    drag(page, stage, (0.5, 0.5), (0.8, 0.7))
    page.get_by_role("button", name="Remove: Rectangle 1").click()
    drag(page, stage, (0.6, 0.6), (0.5, 0.6))  # moves it
    send(page)

    (image,) = got(street, tmp_path)
    assert image.format == "JPEG"
    covered(image, (0.4, 0.5, 0.7, 0.7))


def tab_to(page: Page, what: Locator) -> None:
    """Go there by the Tab key alone."""
    for _ in range(40):
        if what.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


def test_the_keyboard_alone_covers_undoes_and_sends(
    street: Street, new_page: Pages, tmp_path: Path
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("PNG", "register.png"))
    page.locator(CHOOSE).focus()

    tab_to(page, page.get_by_role("button", name="Add a rectangle"))
    page.keyboard.press("Enter")  # in the middle of what is shown, 30 % wide and 10 % high
    first = page.get_by_role("button", name="Rectangle 1", exact=True).first
    expect(first).to_be_focused()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-boxes] li")).to_contain_text("from the left 30 %, from the top")
    expect(page.locator("[data-status]")).to_contain_text("height 20 %")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")  # two steps too many
    first.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    x, y, w, h = page.locator(".stage .box").evaluate(SHARES)
    assert (round(x, 3), round(w, 3), round(h, 3)) == (0.3, 0.3, 0.2)
    tab_to(page, page.get_by_role("button", name="Send documents"))
    page.keyboard.press("Enter")
    page.get_by_text("waits to be looked at").wait_for()

    (image,) = got(street, tmp_path)
    assert image.format == "PNG"
    covered(image, (x, y, x + w, y + h))


def test_delete_removes_a_rectangle_and_the_next_one_has_the_keyboard(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG"))
    add = page.get_by_role("button", name="Add a rectangle")
    add.click()
    add.click()
    expect(page.locator(".stage .box")).to_have_count(2)

    page.keyboard.press("Delete")
    expect(page.locator("[data-status]")).to_have_text("Rectangle 2 was removed.")
    expect(page.locator(".stage .box")).to_be_focused()
    page.keyboard.press("Delete")

    expect(page.locator(".stage .box")).to_have_count(0)
    expect(add).to_be_focused()


def test_enlarged_and_without_dragging_it_is_the_same_place(
    street: Street, new_page: Pages, tmp_path: Path
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG"))
    page.get_by_role("button", name="Enlarge").click()
    page.locator(".frame").evaluate("one => one.scrollTo(1e6, 1e6)")

    page.get_by_role("button", name="Add a rectangle").click()
    page.get_by_role("button", name="Wider").click()
    for name in ("Move left", "Move up"):
        page.get_by_role("button", name=name).click(click_count=4)
    page.get_by_role("button", name="Reduce").click()
    x, y, w, h = page.locator(".stage .box").evaluate(SHARES)
    send(page)

    assert (round(x, 3), round(w, 3), round(h, 3)) == (0.655, 0.155, 0.05)
    assert y > 0.6
    (image,) = got(street, tmp_path)
    covered(image, (x, y, x + w, y + h))


def test_a_file_chosen_before_the_script_came_is_shown_too(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/redact.js", hold)
    come(street, page)
    page.locator(CHOOSE).set_input_files([picture("JPEG")])
    assert page.locator("[data-pictures] > li").count() == 0

    held[0].continue_()

    expect(page.locator("[data-pictures] > li")).to_have_count(1)
    expect(page.locator("[data-status]")).to_contain_text("1")


def test_a_finger_draws_and_may_scroll_instead(
    street: Street, new_page: Pages, tmp_path: Path
) -> None:
    page = new_page(language="en", width=390, has_touch=True)
    come(street, page)
    choose(page, picture("JPEG"))
    still = page.get_by_role("button", name="Draw on the picture")
    still.click()
    _touch(page, (0.1, 0.1), (0.2, 0.2))
    expect(page.locator(".stage .box")).to_have_count(0)

    still.click()
    _touch(page, (0.2, 0.3), (0.6, 0.5))
    send(page)

    (image,) = got(street, tmp_path)
    covered(image, (0.2, 0.3, 0.6, 0.5))


def _touch(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    assert box
    devtools = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", start), ("touchMove", end), ("touchEnd", None)):
        x, y = at or (0.0, 0.0)
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        touches = [point] if at else []
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def test_several_are_sent_together_a_pdf_as_it_is(
    street: Street, new_page: Pages, tmp_path: Path
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG", "one.jpg"), DOCUMENT, picture("PNG", "two.png"))
    expect(page.get_by_text("A PDF is sent as it is. If you want")).to_be_visible()
    expect(page.get_by_text("You may cover what is not needed before you take")).to_be_hidden()
    expect(page.locator("[data-status]")).to_have_text("Files that will be sent: 3.")
    page.get_by_role("button", name="Do not send this file: one.jpg").click()
    expect(page.locator("[data-status]")).to_have_text("Files that will be sent: 2.")

    send(page)

    pdf, image = files_got(street, tmp_path)
    assert pdf.read_bytes() == DOCUMENT["buffer"]
    shown = ImageChops.difference(Image.open(io.BytesIO(image.read_bytes())).convert("RGB"), seen())
    assert brightest(shown) == 0


@pytest.mark.parametrize("most", [150_000, 5 * 1024 * 1024])
def test_a_picture_too_large_to_be_taken_is_made_smaller(
    street: Street, new_page: Pages, tmp_path: Path, most: int
) -> None:
    page, file = new_page(language="en"), io.BytesIO()
    size = SIZE if most < 10**6 else (3000, 4000)
    plain = Image.effect_noise(SIZE, 60) if size is SIZE else Image.new("L", size, 99)
    plain.convert("RGB").save(file, "PNG")
    come(street, page)
    page.locator("[data-redact]").evaluate("(one, most) => { one.dataset.most = most; }", most)
    choose(page, {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})

    send(page)

    (image,) = got(street, tmp_path)
    if size is SIZE:
        assert (image.format, image.size) == ("JPEG", SIZE)
        assert _documents(street)[0].size < most < len(file.getvalue())
    else:
        assert image.format == "PNG"
        assert 9.9e6 < image.size[0] * image.size[1] <= 1e7


@pytest.mark.parametrize("broken", ["toBlob = (done) => done(null)", "toBlob = null"])
def test_where_no_picture_can_be_made_nothing_is_sent(
    street: Street, new_page: Pages, broken: str
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG"))
    page.evaluate(f"() => {{ HTMLCanvasElement.prototype.{broken}; }}")

    page.get_by_role("button", name="Send documents").click()

    expect(page.get_by_role("alert")).to_contain_text("nothing was sent")
    assert page.locator(CHOOSE).evaluate("one => one.files.length") == 0
    assert _documents(street) == []


def _documents(street: Street) -> list[Evidence]:
    with street.house.reading() as session:
        return list(session.exec(select(Evidence)))


def test_a_browser_that_answers_with_noise_sends_what_was_chosen_and_says_what_helps(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    page.add_init_script(
        "CanvasRenderingContext2D.prototype.getImageData = (x, y, w, h) =>"
        " new ImageData(new Uint8ClampedArray(w * h * 4).fill(7), w, h)"
    )
    come(street, page)

    _without(page, street)


def test_without_javascript_it_is_sent_as_it_waschoose(street: Street, new_page: Pages) -> None:
    page = new_page(language="en", javascript=False)
    come(street, page)

    _without(page, street)


def _without(page: Page, street: Street) -> None:
    expect(page.get_by_text("You may cover what is not needed before you take")).to_be_visible()
    expect(page.get_by_text("Draw black rectangles")).to_be_hidden()
    given = picture("JPEG")
    page.locator(CHOOSE).set_input_files([given])
    send(page)

    (row,) = _documents(street)
    assert row.size == len(given["buffer"])


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_the_page_has_no_barrier_while_somebody_covers(
    street: Street, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark)
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    come(street, page, language)
    found = _barriers(page, "request-documents", look)
    choose(page, paper(), paper(), DOCUMENT)
    page.locator("[data-do=add]").first.click()
    drag(page, page.locator(".stage").first, (0.72, 0.08), (0.95, 0.52))

    found += _barriers(page, "request-redacting", look)

    assert found == []


def test_files_that_were_not_sent_yet_are_not_lost_when_the_page_renews_itself(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    come(street, page)
    expect(page.locator("body[data-unsent]")).to_have_count(0)

    choose(page, picture("JPEG"))
    expect(page.locator("body[data-unsent]")).to_have_count(1)
    page.get_by_role("button", name="Do not send this file").click()

    expect(page.locator("body[data-unsent]")).to_have_count(0)
    expect(page.locator(CHOOSE)).to_be_focused()


def test_an_enlarged_picture_does_not_make_the_products_page_longer_and_longer(
    street: Street, new_page: Pages
) -> None:
    page = new_page(language="en")
    come(street, page)
    choose(page, picture("JPEG"))
    page.set_viewport_size({"width": 1280, "height": 4000})  # as a frame that grows with its page

    for _ in range(2):
        page.get_by_role("button", name="Enlarge").click()

    shown = page.locator(".frame").bounding_box()
    assert shown
    assert shown["height"] <= 640 + 2
