"""
A list as PDF: one kind of lines under the same head on every page.

Each line is drawn as it comes and of one height, but for what is too long for its column. A table
as reports have it measures every cell first, and takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rights.services.reports.as_pdf import FAMILY, GREY, LINE, TEXT, close, document
from rights.services.words import Words

if TYPE_CHECKING:
    from fpdf import FPDF

_TITLE: Final = 15
_SMALL: Final = 7
_PADDING: Final = 1.5
_WIDE: Final = {"id": 10, "request": 10, "package": 10, "person": 6, "at": 10, "minor": 3}
_WIDE_TEXTS: Final = {"what": 5, "event": 6, "role": 6, "channel": 20, "type": 8, "value": 30}
_WIDTHS: Final = {**_WIDE, **_WIDE_TEXTS}
"""How wide columns are beside each other."""


@dataclass(frozen=True, slots=True)
class Lined:
    """
    What is drawn.

    Args:
        note: Stands below the title.
        columns: Codes by which widths are chosen.
        head: What they are called.
    """

    title: str
    note: str
    columns: Sequence[str]
    head: Sequence[str]
    rows: Iterable[Sequence[str]]


def to_pdf(lined: Lined, words: Words, at: datetime, font: Path) -> bytes:
    """
    Return the file.

    Raises:
        ConfigError: the font cannot be read, or has no Chinese characters.
    """
    pdf = document(lined.title, words, at, font)
    try:
        pdf.add_page()
        for text, size in ((lined.title, _TITLE), (lined.note, TEXT)):
            pdf.set_font(FAMILY, size=size)
            pdf.multi_cell(0, size * 0.6, text, align="L", new_x="LMARGIN", new_y="NEXT")
        whole = pdf.epw / sum(_WIDTHS[one] for one in lined.columns)
        widths = [_WIDTHS[one] * whole for one in lined.columns]
        _head(pdf, lined.head, widths)
        rows = iter(lined.rows)
        first = next(rows, None)
        if first is None:
            pdf.cell(0, LINE, words.say("empty"))
        for row in chain([first] if first else [], rows):
            _row(pdf, lined.head, row, widths)
        return bytes(pdf.output())
    finally:
        close(pdf)


def _head(pdf: FPDF, head: Sequence[str], widths: Sequence[float]) -> None:
    pdf.set_font(FAMILY, size=_SMALL)
    pdf.set_fill_color(*GREY)
    for text, width in zip(head, widths, strict=True):
        pdf.cell(width, LINE, text, border=1, fill=True)
    pdf.ln(LINE)


def _row(pdf: FPDF, head: Sequence[str], row: Sequence[str], widths: Sequence[float]) -> None:
    cells = [_lines(pdf, text, width) for text, width in zip(row, widths, strict=True)]
    height = LINE * max(len(one) for one in cells)
    if pdf.will_page_break(height):
        pdf.add_page()
        _head(pdf, head, widths)
    left, top = pdf.get_x(), pdf.get_y()
    for lines, width in zip(cells, widths, strict=True):
        pdf.rect(left, top, width, height)
        for number, text in enumerate(lines):
            pdf.set_xy(left, top + number * LINE)
            pdf.cell(width, LINE, text)
        left += width
    pdf.set_xy(pdf.l_margin, top + height)


def _lines(pdf: FPDF, text: str, width: float) -> list[str]:
    """Return a text in as many lines as it needs; broken anywhere, as ids have no words."""
    room, lines = width - 2 * pdf.c_margin, [""]
    if pdf.get_string_width(text) <= room:
        return [text]
    for letter in text:
        if pdf.get_string_width(lines[-1] + letter) > room:
            lines.append("")
        lines[-1] += letter
    return lines
