"""The company's own colour and logo."""

from __future__ import annotations

from werkzeug import Response

from rights.domain.colours import READABLE, contrast
from rights.domain.errors import NotFound
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.public("brand")
pages.errors(area)

_DARK = "#1d232a"
"""The lighter of the two grounds that pages have in the dark."""

_KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


@area.get("/brand.css")
def colour() -> Response:
    """Give the colour of buttons and links; in the dark a lighter one of the same hue."""
    said = parts().context.settings.brand_colour
    light = f":root {{ --brand: {said}; --link: {said}; }}\n"
    dark = lighter(said)
    text = f"{light}@media (prefers-color-scheme: dark) {{ :root {{ --link: {dark}; }} }}\n"
    response = Response(text, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def lighter(colour: str) -> str:
    """Return the first shade of *colour* towards white that can be read in the dark."""
    parts_of = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for share in range(0, 101, 5):
        mixed = "#" + "".join(f"{one + (255 - one) * share // 100:02x}" for one in parts_of)
        if contrast(mixed, _DARK) >= READABLE:
            return mixed
    return "#ffffff"


@area.get("/logo")
def logo() -> Response:
    """Give the logo, if the company has set one. As a picture it runs nothing."""
    file = parts().context.settings.brand_logo
    if file is None:
        raise NotFound("there is no logo")
    response = Response(file.read_bytes(), content_type=_KINDS[file.suffix.lower()])
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response
