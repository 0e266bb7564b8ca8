"""What loading the regime files refuses, and with which remedy."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from rights.domain.errors import ConfigError
from rights.services.regimes import (
    load,
)
from tests.services.regime_files import change, change_new

VECTORS = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "regime_vectors.yaml").read_text(encoding="utf-8")
)
NAMES = {
    *("cn_general", "cn_ecommerce", "cn_minor", "cn_credit"),
    *("eu_gdpr", "uk_gdpr", "us_ca", "br_lgpd"),
}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS_OFF_2027 = [date(2027, 1, 1), *(date(2027, 2, day) for day in range(5, 15))]


@pytest.mark.requirement("R-SLA-9:bad")
def test_a_clock_that_mixes_months_and_working_days_is_refused(folder: Path) -> None:
    mixed = {"count": 22, "unit": "working_day"}
    change(folder / "eu_gdpr.yaml", "defaults", "response", "also_max", to=mixed)
    with pytest.raises(ConfigError, match="mixes months and working days"):
        load(folder)


BROKEN: list[Any] = [
    (("regime",), "cn_other", "must be the name of the file"),
    (("title",), {"en": "China"}, "say zh-CN as text"),
    (("title",), None, "title in zh-CN and en"),
    (("counting",), "mars", "must be one of cn, eu"),
    (("counting",), "br", "counts working days, which counting 'br' does not define"),
    (("inherits",), "cn_general", "must name another regime"),
    (("inherits",), "atlantis", "must name another regime"),
    (("defaults", "ack"), None, "nothing says ack"),
    (("defaults", "response", "unit"), "week", "must be one of day, working_day, month"),
    (("defaults", "response", "count"), 0, "whole number, 1 or more"),
    (("defaults", "response", "count"), True, "whole number, 1 or more"),
    (("defaults", "response", "source"), "", "say source as text"),
    (("defaults", "response", "confidence"), "D", "must be one of A, B, C"),
    (("defaults", "response", "immediate"), True, "keep one"),
    (("defaults", "response", "breach_after"), {"hours": 3}, "belongs to what is immediate"),
    (("defaults", "response", "sorce"), "PIPL", "did you mean source"),
    (("defaults", "ack", "must_contain"), ["horoscope"], "nothing says horoscope"),
    (
        ("keep_records",),
        {"count": 700, "unit": "working_day", "source": "x", "confidence": "A"},
        "days or months",
    ),
    (("defaults", "fee", "allowed"), "no", "say allowed as true or false"),
    (("defaults", "pause", "allowed"), True, "name the causes"),
    (("defaults", "denial", "remedies"), "court", "list of words"),
    (("defaults", "denial", "remedies"), [], "names no way out"),
    (("clocks", "copy", "denial"), {"remedies": []}, "names no way out"),
    (("defaults", "denial"), "none", "must be a mapping"),
    (("clocks", "levitation"), {}, "is not a kind"),
    (("clocks", "copy", "maps_to"), "levitation", "must name another clock"),
    (("clocks", "copy", "maps_to"), "copy", "must name another clock"),
    (("clocks", "copy", "effective_from"), "soon", "date like 2027-01-01"),
    (("clocks", "consent_withdrawal", "response", "breach_after"), None, "needs breach_after"),
    pytest.param(
        ("clocks", "consent_withdrawal", "response", "target"),
        {"hours": 25},
        "lower it",
        marks=pytest.mark.requirement("R-SLA-8:bad"),
    ),
    (("clocks", "deletion", "response"), {"start": "verification"}, "needs an outer limit"),
    (("clocks", "copy", "duties"), {"never_disclose": ["ssn"]}, "no data map marks ssn"),
    (("defaults", "denial", "form"), "oral", "must be one of any_durable, written"),
]


@pytest.mark.parametrize(("keys", "value", "says"), BROKEN, ids=lambda each: str(each)[:40])
def test_a_mistake_in_a_regime_is_refused_with_its_remedy(
    folder: Path, keys: tuple[str, ...], value: object, says: str
) -> None:
    change(folder / "cn_general.yaml", *keys, to=value)
    with pytest.raises(ConfigError) as refused:
        load(folder)
    assert says in str(refused.value)


def test_an_immediate_clock_that_may_stand_still_is_refused(folder: Path) -> None:
    file = folder / "eu_gdpr.yaml"
    change(file, "clocks", "consent_withdrawal", "pause", to=None)
    change(file, "clocks", "consent_withdrawal", "extension", to=None)
    with pytest.raises(ConfigError) as refused:
        load(folder)
    assert "cannot stand still" in str(refused.value)
    assert "unit of the response" in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("eu", "zone"), "Europe/Atlantis", "is not a time zone"),
        (("eu", "working_days", "weekend"), ["caturday"], "must be of monday"),
        (("eu", "working_days", "holidays"), {"country": "XX", "first_year": 2020}, "no holidays"),
        (("eu", "working_days", "holidays"), None, "name a country, or say none"),
        (("eu", "last_day", "legal"), "previous_working_day", "only backward"),
        (("br", "last_day", "legal"), "next_working_day", "needs working_days"),
    ],
)
def test_a_mistake_in_the_counting_is_refused_with_its_remedy(
    folder: Path, keys: tuple[str, ...], value: object, says: str
) -> None:
    change(folder / "counting.yaml", *keys, to=value)
    with pytest.raises(ConfigError) as refused:
        load(folder)
    assert says in str(refused.value)


def test_all_mistakes_are_named_at_once_each_with_its_file_line_and_path(folder: Path) -> None:
    file = folder / "uk_gdpr.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("count: 30", "count: many")
        + "\nhunting: uk\ncounting: uk\n",
        encoding="utf-8",
    )
    (folder / "us_ca.yaml").write_text("regime: [", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(folder)
    lines = (file.read_text(encoding="utf-8")).splitlines()
    at = 1 + next(number for number, line in enumerate(lines) if "count: many" in line)
    found = refused.value.problems
    assert any(
        each.startswith(f"regimes/uk_gdpr.yaml:{at} clocks.complaint.ack.count:") for each in found
    )
    assert any("hunting: unknown key; did you mean counting?" in each for each in found)
    assert any("counting: is said twice" in each for each in found)
    assert any(each.startswith("regimes/us_ca.yaml:") and "is not YAML" in each for each in found)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1, 2], "must be a mapping"),
        ({"promises": {"atlantis": {"access": {"hours": 1}}}}, "is not a regime"),
        ({"promises": {"eu_gdpr": {"levitation": {"hours": 1}}}}, "is not a kind"),
        ({"calendars": {"atlantis": {}}}, "unknown key"),
        ({"calendars": {"cn": {"next": {"off_days": ["today"]}}}}, "must be a year"),
        ({"calender": {}}, "did you mean calendars?"),
    ],
)
def test_a_mistake_in_the_override_is_refused_with_its_remedy(
    override: Path, values: object, says: str
) -> None:
    change_new(override, values)
    with pytest.raises(ConfigError) as refused:
        load(override=override)
    assert says in str(refused.value)


def test_an_override_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(override=tmp_path / "missing.yaml")


def test_an_override_that_is_not_text_is_refused(override: Path) -> None:
    override.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(override=override)
