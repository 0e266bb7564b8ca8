"""A child under fourteen removes tags by itself; to choose some is to agree: a guardian does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import Request
from tests.workflows.choice_town import ANN, OPERA, TEA, Town, choice_town
from workflows.jobs import work_on

MOTHER = {"user_id": "2", "email": "bo@example.com"}


@pytest.fixture
def town(tmp_path: Path, private_redis_url: str) -> Iterator[Town]:
    with choice_town(tmp_path, private_redis_url) as found:
        yield found


def _word(town: Town) -> str:
    now = town.house.clock.now()
    return town.house.partner.assertion(ANN, now, "session", age_band="under_14")


def _asks(town: Town, **more: Any) -> Any:
    wish = {"kind": "recommendation_opt_out", "option": "tags_edit"}
    return town.house.post("/v1/requests", {**wish, "assertion": _word(town), **more})


def _nothing_was_taken(town: Town) -> None:
    with town.house.reading() as session:
        assert session.exec(select(Request)).all() == []
    assert town.chosen() == set()


@pytest.mark.requirement("R-P31-1")
def test_a_child_does_not_choose_tags_without_a_guardian(town: Town) -> None:
    for told in (
        town.house.post("/v1/preferences/tags", {"assertion": _word(town), "chosen": [TEA]}),
        _asks(town, values={"chosen": [OPERA], "removed": [TEA]}),
    ):
        assert (told.status_code, told.json["errors"][0]["field"]) == (422, "guardian")

    _nothing_was_taken(town)


def test_a_bundle_is_no_way_around_it(town: Town) -> None:
    wish = {"kind": "recommendation_opt_out", "option": "tags_edit", "values": {"chosen": [TEA]}}
    both = [{"kind": "access", "option": "summary"}, wish]

    told = town.house.post("/v1/bundles", {"assertion": _word(town), "requests": both})

    assert (told.status_code, told.json["errors"][0]["field"]) == (422, "guardian")
    _nothing_was_taken(town)


@pytest.mark.requirement("R-P31-1")
def test_what_a_child_adds_later_is_asked_of_a_guardian_too(town: Town) -> None:
    made = _asks(town).json["id"]
    work_on(town.floor, made)

    told = town.house.post(f"/v1/requests/{made}/information", {"values": {"chosen": [TEA]}})

    assert (told.status_code, told.json["errors"][0]["field"]) == (422, "guardian")
    assert town.chosen() == set()


def test_a_child_removes_tags_alone(town: Town) -> None:
    body = {"assertion": _word(town), "removed": [TEA]}

    made = town.house.post("/v1/preferences/tags", body).json["request"]["id"]
    work_on(town.floor, made)

    assert town.results(made) == {TEA: 200}
    assert (1, TEA, "bought") not in town.tags


def test_a_guardian_chooses_for_the_child(town: Town) -> None:
    linked = {"role": "guardian", "relation": "parent", "subject": ANN}
    now = town.house.clock.now()
    word = town.house.partner.assertion(MOTHER, now, "mfa", represents=linked, age_band="under_14")

    told = town.house.post("/v1/preferences/tags", {"assertion": word, "chosen": [OPERA]})

    assert told.status_code == 202, told.json
    work_on(town.floor, told.json["request"]["id"])
    assert (1, OPERA, "chosen") in town.tags
    (line,) = town.house.post("/v1/consents/read", {"subject": ANN}).json["items"]
    assert (line["purpose"], line["given_by"]) == ("choice:tags", "guardian")
