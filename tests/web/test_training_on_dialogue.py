"""Whoever builds a training set asks first: nothing of a person is in without a consent to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.web.house import House
from tests.web.portal.test_dialogues import CHAT

PURPOSE = "companion_model"
ROWS = [
    {"user_id": "u-1", "content": "I cannot sleep"},
    {"user_id": "u-2", "content": "good morning"},
    {"user_id": "u-1", "content": "my test came back"},
]


@pytest.fixture
def companion(furnished: Callable[..., House], tmp_path: Path) -> House:
    """A house whose dialogues may train a model with separate consent."""
    known = yaml.safe_load((Path(__file__).parent / "datamap.yaml").read_text("utf-8"))
    talks = yaml.safe_load(CHAT)
    said = next(f for f in talks["collections"][0]["fields"] if f["name"] == "content")
    said["purposes"] = ["service", PURPOSE]
    known["stores"].append(talks)
    title = {"zh": "改进陪伴模型", "en": "Training the companion"}
    purpose = {"name": PURPOSE, "title": title, "basis": "consent", "use": "training"}
    known["purposes"].append({**purpose, "manner": "separate"})
    file = tmp_path / "companion.yaml"
    file.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    return furnished(datamap=file)


def built(house: House, rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Build a training set as a product does: leave out everybody whom the list denies."""
    said: dict[str, str] = {}
    for user in {row["user_id"] for row in rows}:
        asked = {"subject": {"user_id": user}, "name": f"purpose:{PURPOSE}"}
        said[user] = house.post("/v1/preferences/read", asked).json["value"]
    return [row for row in rows if said[row["user_id"]] == "on"]


def _agree(house: House, user: str, manner: str, **more: str) -> Any:
    consent = {"purpose": PURPOSE, "manner": manner, "source": "chat", "rule_version": "3"}
    return house.post("/v1/consents", {"subject": {"user_id": user}, **consent, **more})


def _withdraw(house: House, user: str) -> Any:
    body = {"subject": {"user_id": user}, "name": f"purpose:{PURPOSE}"}
    return house.post("/v1/preferences/off", body)


@pytest.mark.requirement("R-H16-1", "R-H16-1:bad")
def test_nothing_of_a_person_is_in_it_before_they_agree_and_after_they_withdraw(
    companion: House,
) -> None:
    assert built(companion, ROWS) == []

    assert _agree(companion, "u-1", "separate").status_code == 201
    assert built(companion, ROWS) == [row for row in ROWS if row["user_id"] == "u-1"]

    assert _withdraw(companion, "u-1").status_code in (200, 202)
    assert built(companion, ROWS) == []

    assert _agree(companion, "u-1", "written").status_code == 401, "not by the product's word"
    word = companion.partner.assertion({"user_id": "u-1"}, companion.clock.now())
    assert _agree(companion, "u-1", "written", assertion=word).status_code == 201
    assert len(built(companion, ROWS)) == 2


@pytest.mark.requirement("R-H16-1:bad")
def test_a_consent_among_others_is_not_enough(companion: House) -> None:
    reply = _agree(companion, "u-1", "express")

    assert reply.status_code == 422
    assert reply.json["errors"][0]["field"] == "manner"
    assert built(companion, ROWS) == []


def test_other_switches_are_on_until_somebody_turns_them_off(companion: House) -> None:
    asked = {"subject": {"user_id": "u-1"}, "name": "personalised"}

    assert companion.post("/v1/preferences/read", asked).json["value"] == "on"
