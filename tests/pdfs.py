"""The text of a PDF that we made: a cell a line, in the order in which they were drawn."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_ESCAPED = re.compile(rb"\\([nrtbf()\\])")
_PLAIN = dict(zip(b"nrtbf()\\", b"\n\r\t\b\f()\\", strict=True))


def text_of(pdf: bytes) -> str:
    """Return what its cells say: glyphs turned into characters by the table that it carries."""
    streams = [*_streams(pdf)]
    glyphs = dict(_glyphs(next(one for one in streams if b"beginbfchar" in one)))
    drawn = (raw for one in streams for raw in re.findall(rb"\((.*?)(?<!\\)\) Tj", one, re.DOTALL))
    return "\n".join(_said(raw, glyphs) for raw in drawn)


def _streams(pdf: bytes) -> Iterator[bytes]:
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            yield raw


def _glyphs(table: bytes) -> Iterator[tuple[int, str]]:
    for glyph, character in re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>", table):
        yield int(glyph, 16), bytes.fromhex(character.decode()).decode("utf-16-be")


def _said(raw: bytes, glyphs: dict[int, str]) -> str:
    text = _ESCAPED.sub(lambda found: bytes([_PLAIN[found[1][0]]]), raw)
    pairs = zip(text[::2], text[1::2], strict=True)
    return "".join(glyphs[high * 256 + low] for high, low in pairs)
