"""
The font of a PDF: one file with Chinese characters, for names may be Chinese in any language.

A PDF carries the characters it uses; which file they come from is for the operator to say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rights.domain.errors import ConfigError

USUAL: Final = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/Library/Fonts/NotoSansSC-Regular.otf",
)
"""Where Debian, Fedora, Arch and macOS put one; the first that is there is used."""

PROBE: Final = "报"
"""A character that a font for a report has."""


_MAGIC: Final = (b"\x00\x01\x00\x00", b"OTTO", b"ttcf", b"true")
"""How files of fonts begin."""


def font(chosen: Path | None, usual: tuple[str, ...] = USUAL) -> Path:
    """
    Return the file with the font.

    Args:
        chosen: What the operator set; None for the first of the usual places.

    Raises:
        ConfigError: it is not there or no font, or none is found; says how to get one.
    """
    if chosen is not None:
        if not chosen.is_file():
            raise ConfigError("RIGHTS_REPORT_FONT names a file that is not there")
        return _checked(chosen)
    found = next((path for path in map(Path, usual) if path.is_file()), None)
    if found is None:
        raise ConfigError(
            "no font with Chinese characters was found, and a PDF needs one: install the Debian"
            " package fonts-wqy-microhei, or name a .ttf, .ttc or .otf file in RIGHTS_REPORT_FONT"
        )
    return _checked(found)


def _checked(file: Path) -> Path:
    with file.open("rb") as opened:
        if opened.read(4) not in _MAGIC:
            raise ConfigError("the file with the font for reports is no font: RIGHTS_REPORT_FONT")
    return file
