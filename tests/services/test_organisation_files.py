"""A profile's file is taken whole or refused with every mistake; the command says the same."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.services.organisation import duty_catalogue
from rights.settings import Settings
from tests.architecture.pages import blocks, page
from tests.organisations import profile_file
from tests.web.house import settings_for
from workflows.building import context_for
from workflows.cli import cli
from workflows.demo import company

DECIDED = {"decided": True, "by": "general counsel", "on": date(2026, 3, 1)}
GOOD: dict[str, Any] = {
    "persons": 10_000_000,
    "sensitive_persons": 20,
    "is_platform": True,
    "ecommerce": True,
    "minors_service": True,
    "calendar": {"minors_audit": {"by": "06-30"}},
}


def _settings(folder: Path, file: Path) -> Settings:
    return settings_for("sqlite://", "redis://127.0.0.1:1", folder, organisation=file)


def _said(file: Path, *more: str) -> tuple[int, str]:
    told = CliRunner().invoke(cli, ["organisation", "check", str(file), *more])
    return told.exit_code, told.output


def test_a_profile_in_order_is_what_every_process_starts_with(tmp_path: Path) -> None:
    file = profile_file(tmp_path, **GOOD)
    settings = _settings(tmp_path, file)

    assert _said(file) == (0, "nothing is wrong\n")
    for found in (context_of(settings).profile, context_for(settings).profile):
        assert found is not None
        assert found.figures["persons"] == 10_000_000
        assert found.paces["minors_audit"].by == (6, 30)


@pytest.mark.requirement("R-28-1:bad")
@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"persons": -1}, "persons"),
        ({"persons": float("nan")}, "persons"),
        ({"mau": 1.5}, "mau"),
        ({"registered": True}, "registered"),
        ({"californians": "many"}, "californians"),
        ({"persons": 1, "sensitive_persons": 2}, "sensitive_persons"),
        ({"is_large_platform": True}, "is_large_platform"),
        ({"is_large_platform": {"decided": True, "by": "board"}}, "is_large_platform.on"),
        ({"is_large_platform": {"by": "board"}}, "is_large_platform.decided"),
        ({"is_ciio": True, "cii_adjacent": True}, "cii_adjacent"),
        ({"ecommerce": "yes please"}, "ecommerce"),
        ({"is_plattform": True}, "is_plattform"),
        ({"since": date(2020, 1, 1)}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"calendar": {"protection_officer": {"by": "06-30"}}}, "calendar.protection_officer"),
        ({"calendar": {"minors_audit": {"by": "02-29"}}}, "calendar.minors_audit.by"),
        ({"calendar": {"california_metrics": {"by": "07-02"}}}, "calendar.california_metrics.by"),
        ({"calendar": {"compliance_audit": {"months": 25}}}, "calendar.compliance_audit.months"),
    ],
)
def test_each_mistake_is_named_with_its_line_and_nothing_starts(
    tmp_path: Path, said: dict[str, Any], place: str
) -> None:
    file = profile_file(tmp_path, **said)
    settings = _settings(tmp_path, file)

    code, told = _said(file)

    assert code == 2
    assert f" {place}: " in told
    with pytest.raises(ConfigError):
        context_of(settings)
    answer = json.loads(_said(file, "--json")[1].splitlines()[-1])
    assert not answer["ok"]


def test_the_profile_of_the_page_and_that_of_the_sample_company_are_in_order(
    tmp_path: Path,
) -> None:
    (example,) = blocks(page("organisation"), "yaml")
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")

    for known in (file, company.profile_file()):
        assert _said(known) == (0, "nothing is wrong\n")


def test_who_has_the_numbers_of_a_large_platform_is_told_to_decide(tmp_path: Path) -> None:
    numbers = {"registered": 50_000_000, "persons": 50_000_000}
    assert "people decide it" in _said(profile_file(tmp_path, **numbers))[1]

    decided = profile_file(tmp_path, **numbers, is_large_platform=DECIDED)
    assert _said(decided) == (0, "nothing is wrong\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: {when: []}",
        "a: {when: [{persons: {least: -1}}], period: daily, owner: nobody, confidence: C}",
        "a: {when: [{persons: 5}], period: {yearly: 02-30}, owner: dpo, confidence: A}",
    ],
)
def test_a_catalogue_that_says_too_little_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "duties.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        duty_catalogue.parse(file)
    assert len(refused.value.problems) > 1
