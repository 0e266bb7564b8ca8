"""The company lifts a restriction through the API: not without telling the person before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services import notes
from rights.store.models import Notice, Request
from tests.web.house import ALICE, House


@pytest.fixture
def restricted(house: House) -> str:
    """Return a restriction of Alice's that was carried out."""
    made: str = house.asserted("restriction")["id"]
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.state, request.closed_at = State.FULFILLED, house.clock.now()
    return made


def _lift(house: House, request_id: str, days: int, because: str = "settled") -> Any:
    on = f"{house.clock.now() + timedelta(days=days):%Y-%m-%d}"
    return house.post(f"/v1/restrictions/{request_id}/lift", {"because": because, "on": on})


@pytest.mark.requirement("R-P44-1")
def test_lifting_without_prior_notice_is_a_conflict(house: House, restricted: str) -> None:
    refused = _lift(house, restricted, 6)

    assert (refused.status_code, refused.json["code"]) == (409, "no_prior_notice")
    with house.reading() as session:
        assert len(session.exec(select(Request)).all()) == 1


def test_it_waits_for_its_day_and_the_person_is_told_why(house: House, restricted: str) -> None:
    made = _lift(house, restricted, 9)

    assert made.status_code == 201
    assert (made.json["option"], made.json["state"], made.json["wait"]) == (
        "lift",
        "on_hold",
        "cooling_off",
    )
    with house.reading() as session:
        lift = session.get_one(Request, made.json["id"])
        told = session.exec(select(Notice).where(Notice.request_id == lift.id)).all()
        because = notes.read(session, house.context.vault, lift.id, notes.ANSWER)
    assert lift.follows == restricted
    assert ([n.event for n in told], because) == (["lift_announced"], ["settled"])
    again = _lift(house, restricted, 9)
    assert (again.status_code, again.json["code"]) == (409, "announced_already")


def test_the_person_may_take_the_announced_end_back(house: House, restricted: str) -> None:
    made = _lift(house, restricted, 9).json["id"]

    assert house.post(f"/v1/requests/{made}/cancel").status_code == 200
    assert _lift(house, restricted, 9).status_code == 201


def test_what_restricts_nothing_cannot_be_lifted(house: House) -> None:
    open_one = house.asserted("restriction")["id"]

    refused = _lift(house, open_one, 9)

    assert (refused.status_code, refused.json["code"]) == (409, "nothing_restricted")
    assert _lift(house, "0" * 32, 9).status_code == 404


def test_a_day_that_no_clock_counts_to_is_refused(house: House, restricted: str) -> None:
    assert _lift(house, restricted, 5000).status_code == 422


@pytest.mark.parametrize("until", ["2020-01-01", "next week", "2026-13-01", "9999-12-31"])
def test_a_restriction_that_ends_before_it_begins_is_refused(house: House, until: str) -> None:
    body = {"kind": "restriction", "subject": ALICE, "parameters": {"until": until}}

    answer = house.post("/v1/requests", body)

    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == ["parameters.until"]


@pytest.mark.parametrize(
    ("option", "parameters"),
    [
        ("lift", {"until": "2030-01-01"}),
        ("lift", {"categories": ["contact"]}),
        ("object_marketing", {"purposes": ["service"]}),
    ],
)
def test_what_an_option_could_not_honour_is_refused_by_name(
    house: House, option: str, parameters: dict[str, Any]
) -> None:
    body = {"kind": "restriction", "option": option, "subject": ALICE, "parameters": parameters}

    answer = house.post("/v1/requests", body)

    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == [f"parameters.{n}" for n in parameters]


@pytest.mark.parametrize("until", ["2020-01-01", "9999-12-31"])
def test_neither_can_such_a_day_be_supplied_later(house: House, until: str) -> None:
    made = house.submit("restriction")
    body = {"parameters": {"until": until}}

    answer = house.post(f"/v1/requests/{made['id']}/information", body)

    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == ["parameters.until"]
