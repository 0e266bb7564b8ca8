"""
A report as PDF: tables with their heads on every page, and the JSON of the report attached.

What is signed is the report's JSON, so it travels inside: whoever has the PDF can check it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rights.domain.errors import ConfigError
from rights.services.reports.as_json import to_json
from rights.services.reports.fonts import PROBE
from rights.services.reports.labels import Labels
from rights.services.reports.report import Made, Table
from rights.services.words import Words

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.enums import WrapMode

FAMILY: Final = "report"
ATTACHED: Final = "report.json"
MARGIN: Final = 12.0
_TITLE: Final = 15
_HEAD: Final = 11
TEXT: Final = 8
LINE: Final = 4.6
_MANY: Final = 10
"""A table with more columns than that is written in parts."""
_ROOM: Final = 30.0
_KEY: Final = 3
_WIDE: Final = {
    "references": 9,
    "head": 5,
    "receipt": 5,
    "root": 5,
    "signature": 6,
    "requirements": 6,
    "at": 3,
    "received_at": 3,
    "ended_at": 3,
    "kind": 2,
    "option": 3,
    "state": 2,
    "store_country": 2,
    "store_region": 2,
    "classification": 2,
    "categories": 8,
    "recipient_country": 2,
    "purpose": 4,
    "method": 4,
    "packed_at": 3,
    "to": 2,
    "complete": 2,
    "incident_kind": 3,
    "severity": 2,
    "laws": 4,
    "discovered_at": 3,
    "opened_at": 3,
    "closed_at": 3,
    "due_at": 3,
    "answered_at": 3,
    "answer": 2,
}
"""How much wider than a number these columns are."""

GREY: Final = (238, 240, 244)


def to_pdf(made: Made, labels: Labels, font: Path) -> bytes:
    """
    Return the report as a file.

    Raises:
        ConfigError: the font cannot be read, or has no Chinese characters.
    """
    pdf = document(labels.title(made.report), labels.words, made.at, font)
    pdf.add_page()
    _text(pdf, labels.title(made.report), _TITLE)
    _about(pdf, made, labels)
    for table in made.report.tables:
        _table(pdf, table, labels)
    if missing := labels.missing(made.report):
        _title(pdf, labels.words.say("missing"))
        head = [labels.words.say("figure"), labels.words.say("why")]
        _grid(pdf, labels, head, missing, (2, 5))
    pdf.embed_file(
        bytes=to_json(made),
        basename=ATTACHED,
        modification_date=made.at,
        creation_date=made.at,
        mime_type="application/json",
        compress=True,
    )
    made_of = bytes(pdf.output())
    close(pdf)
    return made_of


def close(pdf: FPDF) -> None:
    """Close the file of the font, which the library leaves open until its memory is wanted."""
    pdf.fonts[FAMILY].close()  # type: ignore[union-attr]  # only fonts read from a file, as ours, close


def document(title: str, words: Words, at: datetime, font: Path) -> FPDF:
    """
    Return an empty file whose pages are numbered; whoever wrote it calls :func:`close`.

    Args:
        at: When it is made, by the register's clock: made again, it is the same.

    Raises:
        ConfigError: the font cannot be read, or has no Chinese characters.
    """
    from fpdf import FPDF  # noqa: PLC0415 - 20 MB that only a PDF needs

    class _Pages(FPDF):
        def footer(self) -> None:
            self.set_y(-MARGIN)
            self.set_font(FAMILY, size=TEXT)
            number, of = self.page_no(), "{nb}"
            self.cell(0, LINE, words.say("page", number=number, of=of), align="R")

    pdf = _Pages(orientation="landscape", unit="mm", format="A4")
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(auto=True, margin=MARGIN + LINE)
    pdf.set_lang(words.language)
    pdf.set_title(title)
    pdf.set_creator("rights")
    pdf.set_producer("rights")
    pdf.set_creation_date(at)
    _with_font(pdf, font)
    return pdf


def _with_font(pdf: FPDF, font: Path) -> None:
    try:
        pdf.add_font(FAMILY, fname=font)
    except Exception as error:  # a library for fonts fails in many ways
        raise ConfigError("the font for reports cannot be read: set RIGHTS_REPORT_FONT") from error
    if ord(PROBE) not in pdf.fonts[FAMILY].cmap:  # type: ignore[union-attr]  # a font of a file
        close(pdf)
        raise ConfigError(
            "the font for reports has no Chinese characters: install the Debian package"
            " fonts-wqy-microhei, or name another file in RIGHTS_REPORT_FONT"
        )


def _about(pdf: FPDF, made: Made, labels: Labels) -> None:
    report, words = made.report, labels.words
    state = words.say("provisional" if report.provisional else "final")
    kind = [state, words.say("public")] if report.public else [state]
    said = {
        "period": labels.days(report),
        "status": words.listed(kind),
        "made_at": labels.moment(made.at, report.period.zone),
        "sha256": report.sha256(),
        "key_id": made.key_id,
        "signature": made.signature,
        "public_key": made.public_key,
    }
    lines = [f"{words.say(name)}: {value}" for name, value in said.items() if value]
    _text(pdf, "\n".join([*lines, *labels.notes(report)]), TEXT)


def _table(pdf: FPDF, table: Table, labels: Labels) -> None:
    """Write a table; one with many columns in several parts, each with the names of its rows."""
    title = labels.words.say("tables", table.name)
    if not table.rows:
        _title(pdf, title)
        _text(pdf, labels.words.say("empty"), TEXT)
    for at in range(0, len(table.columns) if table.rows else 0, _MANY):
        part = replace(table, columns=table.columns[at : at + _MANY])
        _title(pdf, title)
        _part(pdf, part, labels)


def _part(pdf: FPDF, table: Table, labels: Labels) -> None:
    rows = [
        [*labels.row(table, row), *(labels.cell(row, name) for name in table.columns)]
        for row in table.rows
    ]
    widths = [_KEY] * len(table.keys) + [_WIDE.get(name, 1) for name in table.columns]
    _grid(pdf, labels, labels.columns(table), rows, widths)


def _grid(
    pdf: FPDF,
    labels: Labels,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
) -> None:
    from fpdf.fonts import FontFace  # noqa: PLC0415 - see above

    pdf.set_font(FAMILY, size=TEXT)
    with pdf.table(
        col_widths=tuple(widths),
        headings_style=FontFace(emphasis="", fill_color=GREY),
        text_align=tuple("RIGHT" if width == 1 else "LEFT" for width in widths),
        line_height=LINE,
        padding=0.6,
        wrapmode=_wrapped(labels),
    ) as grid:
        for line in (head, *rows):
            grid.row(line)


def _wrapped(labels: Labels) -> WrapMode:
    """Chinese may be broken after any character, other text between words."""
    from fpdf.enums import WrapMode  # noqa: PLC0415 - see above

    return WrapMode.CHAR if labels.words.chinese else WrapMode.WORD


def _title(pdf: FPDF, text: str) -> None:
    """Write a heading, not as the last thing on a page."""
    if pdf.will_page_break(_ROOM):
        pdf.add_page()
    _text(pdf, text, _HEAD)


def _text(pdf: FPDF, text: str, size: int) -> None:
    pdf.set_font(FAMILY, size=size)
    pdf.ln(LINE / 2)
    pdf.multi_cell(0, size * 0.6, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)
