"""``rights regimes``: mistakes with their lines, schedules that are missing, dates explained."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rights.domain.errors import Invalid
from tests.services.regime_files import change_new
from workflows.cli import cli


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["regimes", *words])


def _explained(*words: str) -> dict[str, Any]:
    done = _run("explain", *words, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.requirement("R-SLA-4")
def test_a_schedule_that_is_missing_is_named_from_sixty_days_ahead() -> None:
    before, after = (_run("check", "--today", day) for day in ("2026-10-01", "2026-11-22"))

    assert (before.exit_code, after.exit_code) == (0, 0)
    assert "nothing is wrong" in before.output
    assert "2027" not in before.output
    assert "cn: the working days of 2027 are not loaded" in after.output


def test_every_mistake_of_the_override_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "override.yaml"
    promises = {"cn_general": {"deletion": {"count": 20, "unit": "working_day"}}, "nowhere": {}}
    change_new(file, {"promises": promises})

    done = _run("check", "--override", str(file))

    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 2
    assert all("yaml:" in line for line in done.output.splitlines())
    assert "nowhere: is not a regime" in done.output


@pytest.mark.requirement("R-SLA-3:bad")
def test_a_schedule_with_days_of_another_year_is_named_by_file_and_path(tmp_path: Path) -> None:
    file = tmp_path / "override.yaml"
    off = [date(2030, 1, day) for day in range(1, 12)]
    change_new(file, {"calendars": {"cn": {2026: {"source": "https://gov.cn", "off_days": off}}}})

    done = _run("check", "--override", str(file))

    (line,) = done.output.splitlines()
    assert done.exit_code == 2
    assert f"{file.name}:4 calendars.cn.2026.off_days: 2030-01-01" in line
    assert "list the day under its own year" in line


@pytest.mark.requirement("R-SLA-1")
def test_of_two_laws_the_earlier_date_governs_and_both_are_shown() -> None:
    words = ("deletion", "--regime", "eu_gdpr", "--regime", "cn_general")
    told = _explained(*words, "--received", "2026-11-25T10:00:00Z")

    dates = {one["regime"]: one["dates"]["due_at"][:10] for one in told["regimes"]}
    assert dates == {"eu_gdpr": "2026-12-24", "cn_general": "2026-12-16"}
    assert (told["governing"], told["because"]) == ("cn_general", "earliest")
    assert told["dates"]["due_at"][:10] == "2026-12-16"
    assert (told["may_extend"], told["may_pause"], told["may_charge"]) == (False, False, False)
    rules = {rule["rule"]: rule for rule in told["regimes"][0]["rules"]}
    assert rules["response"] == {
        "rule": "response",
        "says": "1 month from received",
        "source": "GDPR 12(3)",
        "confidence": "A",
    }
    said = _run("explain", *words, "--received", "2026-11-25T10:00:00Z").output
    assert "欧盟《通用数据保护条例》 / European Union" in said
    assert "governs: cn_general (earliest)" in said


@pytest.mark.parametrize(
    ("asked", "sections"),
    [
        (("deletion",), {"erase", "keep"}),
        (("restriction", "restrict"), {"restrict", "object"}),
        (("restriction", "object_marketing"), {"object"}),
        (("access",), set()),
    ],
)
def test_the_grounds_of_a_law_are_shown_with_their_articles(
    asked: tuple[str, ...], sections: set[str]
) -> None:
    told = _explained(*asked, "--regime", "uk_gdpr", "--regime", "cn_general")
    by_law = {one["regime"]: one["grounds"] for one in told["regimes"]}

    assert {row["section"] for row in by_law["uk_gdpr"]} == sections
    assert by_law["cn_general"] == []
    said = _run("explain", *asked, "--regime", "uk_gdpr").output
    for row in by_law["uk_gdpr"]:
        assert f"[{row['source']}; {row['confidence']}]" in said
        assert f"{row['section']} {row['ground']}: {row['says']['zh-CN']}" in said


@pytest.mark.requirement("R-SLA-4")
def test_a_date_without_its_schedule_says_so() -> None:
    told = _explained("deletion", "--received", "2026-12-11T02:00:00Z")

    assert told["dates"]["provisional"] is True
    assert told["dates"]["promised_at"][:10] == "2026-12-29"
    said = _run("explain", "deletion", "--received", "2026-12-11T02:00:00Z").output
    assert "provisional" in said


@pytest.mark.requirement("R-US7221-1")
def test_a_rule_binds_from_its_day_on_and_is_offered_before() -> None:
    words = ("explanation", "automated_decision", "--regime", "us_ca")
    laws = ("--regime", "eu_gdpr")
    before = _explained(*words, *laws, "--received", "2026-11-22")
    after = _explained(*words, *laws, "--received", "2027-01-02")

    assert [one["counts"] for one in before["regimes"]] == [False, True]
    assert [one["counts"] for one in after["regimes"]] == [True, True]
    assert before["regimes"][0]["from"] == "2027-01-01"
    said = _run("explain", *words, *laws, "--received", "2026-11-22").output
    assert "binds nobody before 2027-01-01" in said
    source = {"source": "11 CCR 7021(b)", "confidence": "B"}
    assert [one["unproved"] for one in after["regimes"]] == [{"runs": True, **source}, None]
    assert "before it is proved who asks: runs  [11 CCR 7021(b); B]" in said
    assert "before it is proved who asks: is late for nobody, and lapses" in said


@pytest.mark.parametrize("words", [("--regime", "nowhere"), ("--received", "soon")])
def test_what_is_unknown_is_refused(words: tuple[str, ...]) -> None:
    assert isinstance(_run("explain", "access", *words).exception, Invalid)
