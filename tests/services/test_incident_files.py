"""Lists of an incident as files: written as read, safe in a spreadsheet, the same again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rights.domain.errors import Invalid
from rights.services.reports.fonts import font
from rights.services.security_incidents import list_files
from tests.pdfs import text_of

AT = datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_no_cell_of_a_list_runs_as_a_formula_and_a_child_without_a_guardian_is_named() -> None:
    lines: list[dict[str, Any]] = [
        {"person": "a1", "request": "r1", "guardians": [{"type": "email", "value": "=1+1@x.cn"}]},
        {"person": "a2", "request": "r2", "guardians": []},
    ]

    told = b"".join(list_files.to_csv(list_files.GUARDIANS, lines, "en")).decode("utf-8-sig")

    first, second = csv.DictReader(io.StringIO(told))
    assert first["value"] == "'=1+1@x.cn"
    assert (second["value"], second["words"]) == ("", "No guardian is known")


def test_a_list_is_read_as_it_is_written_and_a_pdf_stops_at_its_limit() -> None:
    read = list[int]()

    def many() -> Iterator[dict[str, Any]]:
        for number in range(10**9):
            read.append(number)
            yield {"person": "a", "request": "r", "minor": False, "role": "person",
                   "channel": "none"}  # fmt: skip

    parts = list_files.to_csv(list_files.PEOPLE, many(), "en")
    assert b"".join(next(parts) for _ in range(3)).count(b"announcement") == 2
    assert len(read) == 2
    with pytest.raises(Invalid) as refused:
        list_files.to_pdf(list_files.PEOPLE, many(), "en", font=font(None), at=AT, zone=UTC)
    assert refused.value.code == "pdf_long"
    assert len(read) == 2 + list_files.MOST_IN_PDF + 1


def test_a_pdf_made_again_is_the_same_and_breaks_what_is_long() -> None:
    lines = [{"person": "a1", "request": "r1", "guardians": [{"type": "email",
              "value": "妈妈" * 60 + "@example.com"}]}] * 80  # fmt: skip

    def made() -> bytes:
        return list_files.to_pdf(
            list_files.GUARDIANS, lines, "zh-CN", font=font(None), at=AT, zone=UTC
        )

    paper = text_of(made())

    assert made() == made()
    assert paper.replace("\n", "").count("妈妈" * 60 + "@example.com") == 80
    assert paper.count("联系方式类型") > 1, "every page has the head"
