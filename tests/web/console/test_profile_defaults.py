"""Stricter defaults follow from the profile, and take two administrators to loosen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.services.live_settings.catalogue import settables
from rights.services.organisation import profile_defaults
from rights.services.organisation.profile_defaults import table
from rights.services.words import LANGUAGES
from rights.settings import Settings
from rights.store.models import SecurityIncident
from tests.organisations import profile_file
from tests.web.console.clerk import clerk
from tests.web.console.organised import entries
from tests.web.house import House, settings_for
from workflows.building import context_for

CHOSEN: dict[str, Any] = {"persons": 2_000_000, "cii_adjacent": True}
BUCKET = "s3://packages/x?endpoint=https://s3.example"


@pytest.fixture
def careful(stated: Callable[..., House]) -> House:
    return stated(**CHOSEN)


def _line(text: str, name: str) -> str:
    """Return what the page says of one setting."""
    return " ".join(text.partition(f'<li id="{name}">')[2].partition("</li>")[0].split())


@pytest.mark.parametrize("name", table())
def test_each_default_is_stricter_within_its_bounds_and_has_its_law(name: str) -> None:
    one, before = table()[name], Settings.model_fields[name].default
    needed: dict[str, Any] = {"database_url": "sqlite://", "redis_url": "unix:///x", "keys": "k1:x"}
    for value in one.value.values():
        made = Settings(**{**needed, "blobs_url": "file:///x", name: value})
        assert getattr(made, name) == value != before
        if name in settables():
            assert settables()[name].check(value) == value
            assert settables()[name].weakens(value, before), "the old default is looser"
    assert {*one.value} == {"is_ciio", "cii_adjacent"}
    assert one.requirement.startswith("R-")
    assert {*one.source} == {*LANGUAGES}
    assert (name in settables()) == (not one.title)
    assert table()["log_days"].value["is_ciio"] > Settings.model_fields["log_days"].default


@pytest.mark.parametrize("flag", ["is_ciio", "cii_adjacent"])
def test_both_compositions_start_with_what_the_profile_asks_for(tmp_path: Path, flag: str) -> None:
    file = profile_file(tmp_path, persons=1, **{flag: True})
    settings = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path, organisation=file)

    for made in (context_of(settings), context_for(settings)):
        for name, one in table().items():
            assert getattr(made.settings, name) == one.value[flag], name
    named = settings.model_copy(update={"package_days": 7})
    assert context_of(named).settings.package_days == 7, "what is named at the start stays"
    without = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path)
    assert context_of(without).settings.package_days == 7


def test_the_page_says_where_each_value_comes_from(careful: House) -> None:
    ada = clerk(careful, "ada", "admin")
    html = ada.get("/settings").html

    idle = _line(html, "staff_idle_minutes")
    assert "15 minutes" in idle
    assert "follows from the profile" in idle
    assert "NDSR 9; CII protection regulation 6 [R-9-1]" in idle
    assert "default" in _line(html, "verify_days").partition("</summary>")[0]
    assert "one hour, by choice" in _line(html, "incident_operator")
    assert "366 days" in _line(html, "log_days")
    assert "by choice (page Organisation)" in html
    assert "《网络安全法》第二十三条第三项" in ada.get("/settings?lang=zh-CN").html


def test_without_such_a_profile_nothing_follows(house: House) -> None:
    html = clerk(house, "ada", "admin").get("/settings").html

    assert "30 minutes" in _line(html, "staff_idle_minutes")
    assert "from the profile" not in html
    assert 'id="log_days"' not in html


def test_loosening_takes_a_second_administrator_and_is_marked(careful: House) -> None:
    ada, bea = clerk(careful, "ada", "admin"), clerk(careful, "bea", "admin")

    page = ada.reader.send(
        ada.get("/settings"), "/settings/staff_idle_minutes", value="20", because="Long reviews"
    )
    assert "15 minutes" in _line(page.html, "staff_idle_minutes"), "it waits"
    assert entries(careful, "setting_changed") == []
    assert entries(careful, "setting_proposed")[0].data["before"] == 15
    waits = next(f.action for f in bea.get("/settings").forms if f.action.endswith("/agree"))
    page = bea.reader.send(bea.get("/settings"), waits.partition("/console")[2])

    line = _line(page.html, "staff_idle_minutes")
    assert "20 minutes" in line
    assert "set here" in line
    assert "looser than the profile asks" in line
    assert "From the profile follows: 15 minutes." in line
    page = ada.force("/settings/staff_idle_minutes/reset")
    line = _line(page.html, "staff_idle_minutes")
    assert "follows from the profile" in line.partition("</summary>")[0]


def test_what_idles_longer_than_the_profile_allows_is_signed_out(
    careful: House, stated: Callable[..., House]
) -> None:
    ada = clerk(careful, "ada", "admin")

    careful.clock.at += timedelta(minutes=14)
    assert ada.get("/settings").status == 200
    careful.clock.at += timedelta(minutes=16)
    assert ada.get("/settings").forms[0].action.endswith("/sign-in")


def test_an_incident_is_reported_within_an_hour(careful: House) -> None:
    lea = clerk(careful, "lea", "legal")
    page = lea.get("/incidents")
    at = careful.clock.now() - timedelta(minutes=5)
    form = next(f for f in page.forms if f.action.endswith("/incidents"))
    said = {"kind": "network", "severity": "considerable", "discovered_at": f"{at:%Y-%m-%dT%H:%M}"}
    opened = lea.reader.post(form.action, form.holding(**said))

    assert opened.status == 200
    assert "as fast as an operator (by choice" in opened.text
    with careful.reading() as session:
        (row,) = session.exec(select(SecurityIncident)).all()
    assert row.operator == "cii_adjacent"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "RIGHTS_HOME_REGIONS: name the regions"),
        ({"home_regions": ("cn-north-1",)}, "RIGHTS_BLOBS_REGION: us-east-1 is none of"),
        ({"home_regions": ("cn-north-1",), "blobs_region": "cn-north-1"}, ""),
    ],
)
@pytest.mark.requirement("R-C39-1:bad")
def test_a_bucket_outside_the_home_regions_stops_the_start(
    tmp_path: Path, said: dict[str, Any], named: str
) -> None:
    file = profile_file(tmp_path, **CHOSEN)
    given = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path, organisation=file)
    settings = given.model_copy(update={"blobs_url": BUCKET, **said})

    for make in (context_of, context_for):
        if not named:
            make(settings)
            continue
        with pytest.raises(ConfigError) as refused:
            make(settings)
        assert named in refused.value.problems[0]
        assert "R-C39-1" in refused.value.problems[0]


def test_a_checkpoint_bucket_counts_and_a_folder_has_no_region(tmp_path: Path) -> None:
    given = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path)
    home = given.model_copy(update={"home_regions": ("cn-north-1",)})

    profile_defaults.check_regions(home, None)
    with pytest.raises(ConfigError) as refused:
        profile_defaults.check_regions(
            home.model_copy(update={"checkpoints_url": "s3://kept"}), None
        )
    assert "RIGHTS_CHECKPOINTS_REGION: us-east-1" in refused.value.problems[0]


@pytest.mark.parametrize("process", ["web", "relay"])
def test_a_process_does_not_start_with_a_bucket_abroad(tmp_path: Path, process: str) -> None:
    given = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path)
    said = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'r.db'}",
        "REDIS_URL": "redis://127.0.0.1:1",
        "BLOBS_URL": BUCKET,
        "KEYS": given.keys.get_secret_value(),
        "SIGNING_KEY": given.signing_key.get_secret_value(),
        "DATAMAP": str(given.datamap),
        "ORGANISATION": str(profile_file(tmp_path, **CHOSEN)),
        "HOME_REGIONS": "cn-north-1, cn-east-2",
    }
    environment = {**os.environ, **{f"RIGHTS_{name}": value for name, value in said.items()}}

    done = subprocess.run(
        [sys.executable, "-m", "workflows.cli", process],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert "RIGHTS_BLOBS_REGION: us-east-1 is none of RIGHTS_HOME_REGIONS" in done.stderr
    assert "cn-north-1, cn-east-2" in done.stderr
