"""The picture of an authenticator app's key, read back from the page as a camera would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Final

import pytest

from rights.web.console import scanning
from tests.web.console.clerk import clerk
from tests.web.house import House
from tests.web.portal.reader import Page

QUIET: Final = 4
BLOCKS: Final = {
    1: [16], 2: [28], 3: [44], 4: [32] * 2, 5: [43] * 2, 6: [27] * 4, 7: [31] * 4,
    8: [38] * 2 + [39] * 2, 9: [36] * 3 + [37] * 2, 10: [43] * 4 + [44], 11: [50] + [51] * 4,
    12: [36] * 6 + [37] * 2, 13: [37] * 8 + [38], 14: [40] * 4 + [41] * 5,
}  # fmt: skip
"""ISO/IEC 18004 table 9, level M: bytes of data of each block, by version."""
CENTRES: Final = {
    1: [], 2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38],
    8: [6, 24, 42], 9: [6, 26, 46], 10: [6, 28, 50], 11: [6, 30, 54], 12: [6, 32, 58],
    13: [6, 34, 62], 14: [6, 26, 46, 66],
}  # fmt: skip
"""Its table E.1."""
MASKS: Final[list[Callable[[int, int], bool]]] = [
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
]
_FORMAT: Final = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [
    (y, 8) for y in (7, 5, 4, 3, 2, 1, 0)
]
TIMED: Final = 6
_VERSIONED: Final = 7
_WIDE_COUNT: Final = 10


def read(size: int, path: str) -> str:
    """Return the text that a picture says, by the rules of the standard, faults not mended."""
    dark, side = _dots(path), size - 2 * QUIET
    version = (side - 17) // 4
    said = int("".join(str(int(place in dark)) for place in _FORMAT), 2) ^ 0b101010000010010
    assert said >> 13 == 0, "it is of level M"
    mask, own = MASKS[said >> 10 & 7], _own(version, side)
    bits = "".join(str(int(((y, x) in dark) ^ mask(y, x))) for y, x in _way(side, own))
    bytes_ = iter([int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8)])
    blocks: list[list[int]] = [[] for _ in BLOCKS[version]]
    for number in range(max(BLOCKS[version])):
        for block, length in zip(blocks, BLOCKS[version], strict=True):
            if number < length:
                block.append(next(bytes_))
    stream = "".join(f"{one:08b}" for block in blocks for one in block)
    assert stream[:4] == "0100", "it has bytes"
    begins = 4 + (16 if version >= _WIDE_COUNT else 8)
    count = int(stream[4:begins], 2)
    text = stream[begins : begins + 8 * count]
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)).decode()


def _dots(path: str) -> set[tuple[int, int]]:
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path)
    assert "".join(f"M{x} {y}h{n}v1h-{back}z" for x, y, n, back in runs) == path
    return {
        (int(y) - QUIET, int(x) - QUIET + step) for x, y, n, _ in runs for step in range(int(n))
    }


def _own(version: int, side: int) -> set[tuple[int, int]]:
    """Return the dots that say nothing of the text."""
    every = [(y, x) for y in range(side) for x in range(side)]
    corner, far = 9, side - 8
    own = {(y, x) for y, x in every if TIMED in (y, x)}
    own |= {(y, x) for y, x in every if y < corner and (x < corner or x >= far)}
    own |= {(y, x) for y, x in every if x < corner and y >= far}
    last = CENTRES[version][-1] if CENTRES[version] else 0
    for y in CENTRES[version]:
        for x in CENTRES[version]:
            if (y, x) not in {(6, 6), (6, last), (last, 6)}:
                own |= {(y + a, x + b) for a in range(-2, 3) for b in range(-2, 3)}
    if version >= _VERSIONED:
        block = {(y, x) for y in range(6) for x in range(side - 11, side - 8)}
        own |= block | {(x, y) for y, x in block}
    return own


def _way(side: int, own: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the other dots in the order in which they are read."""
    columns = [x for x in range(side - 1, -1, -1) if x != TIMED]
    for number, at in enumerate(range(0, len(columns), 2)):
        rows = range(side) if number % 2 else range(side - 1, -1, -1)
        yield from ((y, x) for y in rows for x in columns[at : at + 2] if (y, x) not in own)


@pytest.mark.parametrize("length", [1, 10, 20, 40, 60, 80, 100, 120, 150, 180, 210, 250, 280, 320])
def test_what_is_drawn_is_read_again_whatever_its_length(length: int) -> None:
    text = ("otpauth://totp/a?b=c&d%E7" * 20)[:length]

    drawn = scanning.of(text)

    assert drawn is not None
    assert read(drawn.size, drawn.path) == text


def test_what_is_too_long_for_a_picture_has_none() -> None:
    assert scanning.of("x" * 2_331) is not None
    assert scanning.of("x" * 2_332) is None


def _shown(page: Page) -> str:
    """Return the address that the picture of the page says."""
    svg = page.html.partition('class="scan"')[2].partition("</figure>")[0]
    sizes = re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert sizes and sizes[0][0] == sizes[0][1]
    return read(int(sizes[0][0]), re.findall(r' d="([^"]+)"', svg)[0])


def test_the_page_that_sets_up_an_app_has_its_key_as_a_picture(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    old = ana.get("/set-up")
    secret = re.findall(r"<code>([A-Z2-7]{32})</code>", old.html)[0]

    said = _shown(old)

    assert said.startswith("otpauth://totp/") and f"secret={secret}" in said
    assert f'href="{said}"' in unescape(old.html)
    assert old.response.headers["Cache-Control"] == "no-store"
    assert 'role="img" aria-label="The key below as a picture' in old.html
    assert "二维码" in ana.get("/set-up?lang=zh-CN").html
