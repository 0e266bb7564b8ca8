"""A report as a file: JSON, CSV and PDF, in both languages, and the font that a PDF needs."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # it has none
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # nor here

from rights.domain.errors import ConfigError
from rights.domain.period import Period
from rights.services.regimes import regimes
from rights.services.reports import fonts
from rights.services.reports.as_csv import to_csv
from rights.services.reports.as_pdf import to_pdf
from rights.services.reports.figures import COLUMNS
from rights.services.reports.labels import Labels
from rights.services.reports.report import Made, Report, Row, Table
from rights.services.words import LANGUAGES
from tests.organisations import profile_file
from tests.servers.missing import install, missing
from tests.services.reports.terminal import Terminal

CATALOGUE = Path(fonts.__file__).parents[2] / "catalogue" / "reports"
REPORTS = {
    "figures": ("figures", "--year", "2026"),
    "california": ("california", "--year", "2026"),
    "audit": ("audit", "--from", "2026-04-01", "--to", "2026-06-30", "--items", "16,18"),
}
ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
WEEK = Period(date(2026, 1, 1), date(2026, 1, 7), ZoneInfo("Asia/Shanghai"))
AT = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def chinese() -> Path:
    try:
        return fonts.font(None)
    except ConfigError:
        missing(
            "a Chinese font", install(debian="fonts-wqy-microhei", macos="--cask font-noto-sans-sc")
        )


def _read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


@pytest.mark.requirement("R-44-1")
@ON_A_FILE
def test_a_csv_has_five_cells_a_line_and_the_numbers_of_the_json(terminal: Terminal) -> None:
    for words in REPORTS.values():
        tables = terminal.report(*words)["content"]["tables"]
        lines = {language: _read(_csv(terminal, words, language)) for language in LANGUAGES}

        for found in lines.values():
            assert {len(line) for line in found} == {5}
            assert found[0] == ["table", "row", "figure", "value", "words"]
        assert [line[:4] for line in lines["en"]] == [line[:4] for line in lines["zh-CN"]]
        for name, rows in tables.items():
            cells = [v for t, _, f, v, _ in lines["en"] if t == name and f not in _TEXTS]
            numbers = [v for row in rows for v in row.values() if isinstance(v, int | float)]
            assert [float(cell) for cell in cells if cell] == pytest.approx(_in_order(rows))
            assert len(numbers) == sum(bool(cell) for cell in cells)


def _in_order(rows: list[dict[str, Any]]) -> list[float]:
    """Return the numbers of a table in the order of its columns."""
    order = (*COLUMNS, "complied", "number", "entries")
    return [
        float(row[name]) for row in rows for name in _columns(row, order) if row[name] is not None
    ]


def _columns(row: dict[str, Any], order: tuple[str, ...]) -> list[str]:
    if "right" in row:
        return ["received", "complied", "denied", "median_days"]
    return [name for name in order if name in row]


_TEXTS = {
    "kind", "option", "state", "head", "receipt", "chain_holds", "received_at", "ended_at",
    "references", "checkpoint", "at", "root", "key_id", "signature", "requirements",
}  # fmt: skip


def _csv(terminal: Terminal, words: tuple[str, ...], language: str) -> bytes:
    return terminal.file(*words, "--format", "csv", "--language", language)


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    rows = tuple(Row((key,), {"number": 1}) for key in ("=1+1", "+1", "-1", "@x", "\u002dx", "'x"))
    made = Made(Report("audit", WEEK, (Table("others", ("figure",), ("number",), rows),)), AT)
    lines = _read(b"".join(to_csv(made, Labels("en", regimes()))))

    cells = [line[1] for line in lines if line[0] == "others"]
    assert cells == ["'=1+1", "'+1", "'-1", "'@x", "'-x", "''x"]


@pytest.mark.requirement("R-44-1", "R-AUD17-1", "R-US7102-1")
@ON_A_FILE
def test_a_pdf_says_its_language_has_its_pages_and_carries_the_json(
    terminal: Terminal, chinese: Path
) -> None:
    del chinese
    for (name, words), language in zip(REPORTS.items(), ("zh-CN", "en", "zh-CN"), strict=True):
        pdf = terminal.file(*words, "--format", "pdf", "--language", language)

        if name == "california":  # the shortest: it is made twice
            assert pdf == terminal.file(*words, "--format", "pdf", "--language", language)
        assert pdf.startswith(b"%PDF-")
        assert f"/Lang ({language})".encode() in pdf
        pages = re.search(rb"/Count (\d+)", pdf)
        assert pages is not None
        assert int(pages[1]) > (0 if name == "california" else 1)
        (carried,) = [text for text in _streams(pdf) if text.startswith(b'{"content":')]
        assert json.loads(carried) == terminal.report(*words)


@pytest.mark.requirement("R-33-1")
@ON_A_FILE
def test_what_went_out_is_a_pdf_too(terminal: Terminal, chinese: Path, tmp_path: Path) -> None:
    del chinese
    own = profile_file(tmp_path, persons=10, important_data=True)
    terminal.environ["RIGHTS_ORGANISATION"] = str(own)
    out = tmp_path / "out.pdf"
    asked = ("organisation", "outbound", "--year", "2026", "--as", "otto")

    terminal.run(*asked, "--format", "pdf", "--language", "zh-CN", "--out", str(out))

    pdf = out.read_bytes()
    assert b"/Lang (zh-CN)" in pdf
    (carried,) = [text for text in _streams(pdf) if text.startswith(b'{"content":')]
    content = json.loads(carried)["content"]
    assert content["report"] == "outbound"
    stores = {one["store"] for one in content["tables"]["declared_stores"]}
    told = json.loads(terminal.run(*asked))
    assert stores == {one["store"] for one in told["records"] if one["record"] == "store"}


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(raw))
        except zlib.error:
            continue  # not compressed
    return found


@ON_A_FILE
def test_without_a_font_a_pdf_is_refused_before_any_work(terminal: Terminal) -> None:
    terminal.environ["RIGHTS_REPORT_FONT"] = str(terminal.folder / "none.ttf")
    words = ("reports", *REPORTS["figures"], "--as", "otto")
    said = terminal.run(*words, "--format", "pdf", code=2)

    assert "RIGHTS_REPORT_FONT names a file that is not there" in said
    terminal.run(*words, "--format", "csv")
    with pytest.raises(ConfigError, match="fonts-wqy-microhei"):
        fonts.font(None, ())


def test_a_file_that_is_no_font_and_a_font_without_chinese_are_refused(tmp_path: Path) -> None:
    made, labels = Made(Report("figures", WEEK, ()), AT), Labels("en", regimes())
    (tmp_path / "text.ttf").write_bytes(b"not a font at all")
    _latin(tmp_path / "latin.ttf")

    with pytest.raises(ConfigError, match="is no font"):
        fonts.font(tmp_path / "text.ttf")
    with pytest.raises(ConfigError, match="no Chinese characters"):
        to_pdf(made, labels, fonts.font(tmp_path / "latin.ttf"))


def _latin(file: Path) -> None:
    """Make a font that has the letter A and nothing else."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    builder.setupGlyf({name: TTGlyphPen(None).glyph() for name in (".notdef", "A")})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "A": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Latin", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(file)


def _keys(value: object, path: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {path}
    return set().union(*(_keys(inside, f"{path}.{name}") for name, inside in value.items()))


@ON_A_FILE
def test_every_code_of_a_report_has_words_in_both_languages(terminal: Terminal) -> None:
    files = [
        yaml.safe_load((CATALOGUE / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in LANGUAGES
    ]
    assert _keys(files[0]) == _keys(files[1])
    for words in REPORTS.values():
        for line in _read(_csv(terminal, words, "zh-CN"))[1:]:
            assert line[4] or line[2] in ("public", "provisional"), line
            shown = line[4].replace(line[1], "").replace("SHA-256", "").replace("API", "")
            assert not re.search(r"[a-z]{4,}_|\b(?:total|other|several)\b", shown), line


def test_a_signed_report_as_csv_carries_its_signature_and_says_what_is_empty() -> None:
    report = Report("audit", WEEK, (Table("sample", (), ("receipt",), ()),))
    lines = _read(b"".join(to_csv(Made(report, AT, "k1", "c2ln", "cHVi"), Labels("en", regimes()))))

    about = {line[2]: line[3] for line in lines if line[0] == "about"}
    assert (about["key_id"], about["signature"], about["public_key"]) == ("k1", "c2ln", "cHVi")
    assert [line for line in lines if line[0] == "sample"] == [["sample", "", "", "", "none"]]


def test_a_receipt_that_lacks_is_none_and_no_number_to_be_worked_out() -> None:
    row = Row((), {"receipt": None})
    report = Report("audit", WEEK, (Table("sample", (), ("receipt",), (row,)),))

    assert Labels("en", regimes()).cell(row, "receipt") == "none"
    assert not any("work it out" in note for note in Labels("en", regimes()).notes(report))
