"""The company's colour and logo: readable for everybody, or refused at start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rights.domain.colours import READABLE, contrast
from rights.domain.errors import ConfigError, Invalid
from rights.services import backends
from rights.settings import LOGO_BYTES, Settings
from rights.web.portal.brand import lighter
from tests.web.house import House
from tests.web.portal.reader import Reader


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#ffffff", "#000000", 21.0), ("#ffffff", "#ffffff", 1.0), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_that_of_the_standard(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("colour", ["#000000", "#1d4ed8", "#7a0019", "#005f00"])
def test_in_the_dark_a_colour_is_as_light_as_it_has_to_be(colour: str) -> None:
    assert contrast(lighter(colour), "#1d232a") >= READABLE


@pytest.mark.requirement("R-22-7:bad")
@pytest.mark.parametrize("colour", ["#ffff00", "#eeeeee", "blue", "#12345", "#1d4ed8; } * {"])
def test_a_colour_nobody_can_read_is_refused_at_start(
    settings_of: Callable[..., Settings], colour: str
) -> None:
    with pytest.raises(ConfigError, match="RIGHTS_BRAND_COLOUR"):
        settings_of(brand_colour=colour)


def test_colour_and_logo_are_on_every_page(furnished: Callable[..., House], tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    reader = Reader(furnished(brand_colour="#7a0019", brand_logo=logo))

    page = reader.get("/portal/")
    css, picture = reader.get("/portal/brand.css"), reader.get("/portal/logo")

    assert 'src="/portal/logo"' in page.html
    assert "--brand: #7a0019" in css.html
    assert picture.response.headers["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in picture.response.headers["Content-Security-Policy"]
    assert "script-src" not in picture.response.headers["Content-Security-Policy"]


def test_without_a_logo_there_is_none(reader: Reader) -> None:
    assert "<img" not in reader.get("/portal/").html
    assert reader.get("/portal/logo").status == 404


@pytest.mark.parametrize(
    ("name", "size"), [("logo.gif", 10), ("logo.png", LOGO_BYTES + 1), ("missing.svg", None)]
)
def test_a_logo_that_cannot_be_is_refused_at_start(
    settings_of: Callable[..., Settings], tmp_path: Path, name: str, size: int | None
) -> None:
    if size is not None:
        (tmp_path / name).write_bytes(b"x" * size)

    with pytest.raises(ConfigError, match="RIGHTS_BRAND_LOGO"):
        settings_of(brand_logo=tmp_path / name)


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://*.shop.example",
        "https://Shop.example",
        "shop.example",
        "null",
        "https://shop.example 'unsafe-inline'",
        "https://user@shop.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_no_origin_may_show_nothing(shop: House, origin: str) -> None:
    with shop.writing() as session, pytest.raises(Invalid):
        backends.allow_origins(session, "shop", [origin], now=shop.clock.now())


@pytest.mark.parametrize("origin", ["https://shop.example:8443", "http://localhost:5000"])
def test_an_origin_is_kept_as_browsers_spell_it(shop: House, origin: str) -> None:
    with shop.writing() as session:
        backends.allow_origins(session, "shop", [origin], now=shop.clock.now())

    assert shop.parts.keys.caller_of(shop.partner.id).origins == (origin,)
