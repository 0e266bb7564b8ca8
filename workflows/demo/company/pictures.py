"""Tiny avatars: a symmetrical pattern per person, as a real PNG."""

from __future__ import annotations

import random
import struct
import zlib
from typing import Final

from workflows.demo.company.words import happens

_SIDE: Final = 8
_SCALE: Final = 4
_PAPER: Final = bytes((240, 240, 240))


def avatar(dice: random.Random) -> bytes:
    """Return a picture of 32 by 32 pixels."""
    ink = bytes(dice.randrange(40, 200) for _ in range(3))
    lines = []
    for _ in range(_SIDE):
        half = [happens(dice, "ink") for _ in range(_SIDE // 2)]
        cells = [ink if on else _PAPER for on in (*half, *reversed(half))]
        # Each line begins with its filter: none.
        lines.append(b"\0" + b"".join(cell * _SCALE for cell in cells))
    pixels = b"".join(line * _SCALE for line in lines)
    size = _SIDE * _SCALE
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
