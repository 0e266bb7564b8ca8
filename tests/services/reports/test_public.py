"""The figures as everybody may read them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.reports.expected import Count
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import Case

YEAR = ("figures", "--year", "2026")
COUNTS = (
    "received", "accepted", "fulfilled", "partially_fulfilled", "denied", "revoked", "merged",
    "expired", "sent", "overdue",
)  # fmt: skip
SUMS = ("kinds", "channels", "ages", "regimes", "askers")

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def _tables(terminal: Terminal, *more: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = terminal.report(*YEAR, *more)["content"]["tables"]
    return found


@pytest.mark.requirement("R-44-1")
def test_no_number_under_ten_is_published(terminal: Terminal) -> None:
    public, inside = _tables(terminal, "--public"), _tables(terminal)

    numbers = [
        value
        for rows in public.values()
        for row in rows
        for name, value in row.items()
        if name in (*COUNTS, "open_after", "number")
    ]
    assert numbers
    assert min(numbers) >= 10
    assert any(row["received"] < 10 for row in inside["kinds"])
    assert "reasons_by" not in public
    figures = {row["figure"] for row in public["others"]}
    assert "complaints_on_time" not in figures
    # With what came and what ended, what is open would tell the one number that lacks.
    assert "appeals_received" in figures
    assert [one for one in figures if "open_after" in one] == []
    assert [row for rows in public.values() for row in rows if "open_after" in row] == []


@pytest.mark.requirement("R-44-1")
def test_no_number_that_is_left_out_follows_from_the_sums(
    terminal: Terminal, all_of: list[Case]
) -> None:
    public, inside = _tables(terminal, "--public"), _tables(terminal)
    sums = Count(all_of, (2026, 1, 1), (2027, 1, 1)).row(lambda _: True)

    left_out = 0
    for table in SUMS:
        for name in COUNTS:
            gone = [row for row in public[table] if name in row.get("hidden", ())]
            shown = sum(row[name] for row in public[table] if name in row)
            left_out += len(gone)
            if not gone or sums[name] < 10:
                assert len(gone) == (len(public[table]) if sums[name] < 10 else 0)
                continue
            assert len(gone) >= 2, (table, name)
            assert sums[name] - shown >= 10, (table, name)
    assert left_out > 20
    assert {row["received"] for row in public["kinds"] if "received" in row} <= {
        row["received"] for row in inside["kinds"]
    }


def test_days_and_shares_go_with_the_number_of_answers_they_are_of(terminal: Terminal) -> None:
    public = _tables(terminal, "--public")

    for table in ("total", *SUMS):
        for row in public[table]:
            assert ("sent" in row) == ("median_days" in row) == ("max_days" in row)
            share = row.get("on_time_at_least_percent")
            assert share is None or (row["sent"] >= 100 and share % 5 == 0 and share < 100)
            assert "late" not in row
            assert "open_before" not in row
            assert table == "total" or "open_after" not in row


def test_what_is_left_out_is_marked_the_same_in_every_form(terminal: Terminal) -> None:
    text = terminal.file(*YEAR, "--public", "--format", "csv", "--language", "en").decode()

    assert "about,,public,true," in text
    assert ",received,*,By right and option / " in text
    assert "<10" not in text


@pytest.mark.requirement("R-44-1:bad")
def test_a_year_of_which_a_quarter_was_made_for_the_public_says_so(terminal: Terminal) -> None:
    quarter = ("figures", "--year", "2026", "--quarter", "2", "--public")
    assert terminal.report(*quarter)["content"]["flags"] == []
    assert terminal.report(*quarter)["content"]["flags"] == [], "the same days are no others"
    assert terminal.report(*YEAR)["content"]["flags"] == [], "staff may read both"

    year = terminal.report(*YEAR, "--public")["content"]
    nested = terminal.report(*quarter)["content"]
    other = terminal.report("figures", "--year", "2025", "--public")["content"]

    assert (year["flags"], year["provisional"]) == (["other_days_public"], False)
    assert (nested["flags"], other["flags"]) == (["other_days_public"], [])
    said = {"en": "overlap these. Publish only one", "zh-CN": "年度与季度只能公布其一"}
    for language, words in said.items():
        file = terminal.file(*YEAR, "--public", "--format", "csv", "--language", language)
        assert words in file.decode()
