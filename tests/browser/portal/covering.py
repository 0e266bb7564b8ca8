"""Pictures that people cover in the browser, and what the server has of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageChops
from sqlmodel import col, select

from rights.store.models import Evidence
from tests.browser.portal.conftest import Street
from tests.browser.portal.test_representatives import only
from tests.web.correspondence import Office
from tests.web.portal.test_acting import RELATIVE

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page

SIZE: Final = (600, 400)
PLACE: Final = "Hangzhou, West Lake"
TOLERANCE: Final = 12
"""By how much a colour may differ once a picture was written as JPEG anew."""

_ORIENTATION, _MODEL, _DESCRIPTION = 0x0112, 0x0110, 0x010E
_MEDIA: Final = {"JPEG": "image/jpeg", "PNG": "image/png"}
_DONE: Final = {"en": "waits to be looked at", "zh-CN": "等待审核"}
_SEND: Final = {"en": "Send documents", "zh-CN": "提交材料"}
SHARES: Final = """({style}) =>
  [style.left, style.top, style.width, style.height].map((one) => parseFloat(one) / 100)"""
CHOOSE: Final = "#document"
SAID: Final = {name.replace("__", "."): value for name, value in RELATIVE.items()}


def seen() -> Image.Image:
    """Return what a person sees: colours that change slowly, none of them near black."""
    across = Image.linear_gradient("L").rotate(90).resize(SIZE).point(lambda v: 90 + v // 2)
    down = Image.linear_gradient("L").resize(SIZE).point(lambda v: 90 + v // 2)
    return Image.merge("RGB", (across, down, Image.new("L", SIZE, 160)))


def picture(kind: str, name: str = "register.jpg", *, turned: int = 1) -> FilePayload:
    """Return it as a camera writes it: lying on its side, and saying where and with what."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[_ORIENTATION], exif[_MODEL], exif[_DESCRIPTION] = turned, "Camera 9", PLACE
    taken = seen().rotate(90, expand=True) if turned == 6 else seen()
    taken.save(file, kind, exif=exif, quality=95)
    assert PLACE.encode() in file.getvalue()
    return {"name": name, "mimeType": _MEDIA[kind], "buffer": file.getvalue()}


def paper() -> FilePayload:
    """Return a page with a portrait and lines of writing, for people to look at."""
    page, file = Image.new("RGB", SIZE, (250, 248, 240)), io.BytesIO()
    page.paste((150, 170, 190), (440, 40, 560, 200))
    for line in range(9):
        page.paste((90, 90, 90), (40, 50 + 36 * line, 400 - 37 * (line % 4), 60 + 36 * line))
    page.save(file, "PNG")
    return {"name": "register.png", "mimeType": "image/png", "buffer": file.getvalue()}


def come(street: Street, page: Page, language: str = "en") -> None:
    """Come to the page of a request of a relative whose documents are awaited."""
    page.goto(f"{street.rights}/portal/?lang={language}")
    page.locator("main form button").first.click()
    page.goto(f"{street.rights}/portal/ask/copy")
    page.locator("details:has([name='acting.role']) > summary").click()
    for name, value in SAID.items():
        field = page.locator(f"[name='{name}']")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("main form button").last.click()
    page.locator("main [name=code]").fill(street.house.code(only(street).id))
    page.locator("form[action$='/proof'] button").last.click()
    page.locator(CHOOSE).wait_for()


def got(street: Street, folder: Path) -> list[Image.Image]:
    """Return the pictures that the server has, opened as a verifier does."""
    found = files_got(street, folder)
    for file in found:
        assert PLACE.encode() not in file.read_bytes()
        assert b"Exif" not in file.read_bytes()
    return [Image.open(io.BytesIO(file.read_bytes())) for file in found]


def files_got(street: Street, folder: Path) -> list[Path]:
    office, out = Office(street.house, folder), list[Path]()
    with street.house.reading() as session:
        rows = session.exec(select(Evidence.id).order_by(col(Evidence.uploaded_at))).all()
    for one in rows:
        done = office.run("evidence", "open", one, "--as", "vera", "--out", str(folder / "desk"))
        assert done.exit_code == 0, done.output
        out.append(Path(json.loads(done.stdout.splitlines()[-1])["file"]))
    return out


def covered(image: Image.Image, box: tuple[float, float, float, float]) -> None:
    """Make sure that exactly *box*, in shares of the picture, is black and the rest as it was."""
    assert (image.size, dict(image.getexif()), image.info.get("exif")) == (SIZE, {}, None)
    width, height = image.size
    edges = [round(share * whole) for share, whole in zip(box, (width, height) * 2, strict=True)]
    left, top, right, bottom = edges
    shown = image.convert("RGB")
    inside = shown.crop((left + 2, top + 2, right - 2, bottom - 2))
    assert brightest(inside) <= TOLERANCE
    away = ImageChops.difference(shown, seen())
    away.paste((0, 0, 0), (left - 17, top - 17, right + 17, bottom + 17))  # blocks at the edge
    assert brightest(away) <= TOLERANCE


def brightest(image: Image.Image) -> int:
    """Return the highest value of any pixel in any of its bands."""
    return max(at % 256 for at, count in enumerate(image.histogram()) if count)


def drag(page: Page, stage: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()


def choose(page: Page, *files: FilePayload) -> None:
    page.locator(CHOOSE).set_input_files(list(files))
    page.locator("[data-pictures] > li").nth(len(files) - 1).wait_for()


def send(page: Page, language: str = "en") -> None:
    page.get_by_role("button", name=_SEND[language]).click()
    page.get_by_text(_DONE[language]).first.wait_for()
