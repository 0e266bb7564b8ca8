"""
The process that reads a picture: an order and the picture come in, its size and a new one go out.

Started by :mod:`workflows.blackening` alone; it imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS: Final = 50_000_000
_LIMITS: Final = {
    resource.RLIMIT_AS: 1024 * 1024 * 1024,
    resource.RLIMIT_CPU: 30,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}
_MODES: Final = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"})
"""Kinds of colour that come out as they went in; 16 bits a colour would not."""
_QUALITY: Final = 92


def main() -> None:
    """Read the order and the picture, write the answer."""
    _bound()
    order: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    picture = _seen(sys.stdin.buffer.read(), order["format"])
    out = sys.stdout.buffer
    out.write(json.dumps({"width": picture.width, "height": picture.height}).encode() + b"\n")
    if all(x + w <= picture.width and y + h <= picture.height for x, y, w, h in order["boxes"]):
        out.write(_made(picture, order))
    out.flush()


def _bound() -> None:
    """Take little memory and time, and write no file, from here on."""
    for kind, most in _LIMITS.items():
        # Some systems know a limit and do not let it be set.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _seen(content: bytes, kind: str) -> Image:
    """Return the first picture of it, turned as the camera said."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - only once the limits hold

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    opened = Image.open(BytesIO(content), formats=[kind])
    opened.load()
    if opened.mode not in _MODES:
        raise ValueError("its colours would be lost")
    return ImageOps.exif_transpose(opened)


def _made(picture: Image, order: dict[str, Any]) -> bytes:
    """Return a new picture with these pixels, black where it was ordered, and nothing beside."""
    from PIL import Image  # noqa: PLC0415 - as above

    seen = "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA")
    mode = "RGBA" if seen and order["format"] == "PNG" else "RGB"
    # A new one: what is kept beside the pixels of the old one, a thumbnail say, is not taken along.
    fresh = Image.new(mode, picture.size)
    fresh.paste(picture if picture.mode == mode else picture.convert(mode))
    for x, y, w, h in order["boxes"]:
        fresh.paste((0, 0, 0, 255)[: len(mode)], (x, y, x + w, y + h))
    file = BytesIO()
    fresh.save(file, order["format"], quality=_QUALITY)
    return file.getvalue()


if __name__ == "__main__":
    main()
