"""Deletion that nobody asked for, as a product backend triggers it."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.services import backends
from rights.services.backends import SCOPES, USUAL
from rights.store.models import Request
from tests.web.house import ALICE, House


def test_a_trigger_makes_a_deletion_that_needs_no_proof_and_only_one(house: House) -> None:
    body = {"trigger": "service_ended", "subject": ALICE, "purposes": ["service"]}

    made = house.post("/v1/deletions", body)
    again = house.post("/v1/deletions", body)

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json["id"] == again.json["id"]
    assert (made.json["kind"], made.json["state"]) == ("deletion", "in_progress")
    with house.reading() as session:
        (request,) = session.exec(select(Request)).all()
    assert request.channel == "internal"
    assert request.parameters == {"trigger": "service_ended", "purposes": ["service"]}


@pytest.mark.requirement("R-P47-2:bad")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trigger": "because_i_say_so"}, "trigger"),
        # the map gives nothing that serves this a period
        ({"trigger": "retention_expired", "purposes": ["newsletter"]}, "trigger"),
        ({"trigger": "consent_withdrawn"}, "purposes"),
        ({"purposes": ["nonsense"]}, "purposes"),
        ({"subject": {"shoe_size": "43"}}, "subject.shoe_size"),
    ],
)
def test_an_unknown_trigger_is_refused_and_told_which_there_are(
    house: House, change: dict[str, object], field: str
) -> None:
    body = {"trigger": "service_ended", "subject": ALICE, **change}

    answer = house.post("/v1/deletions", body)

    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == [field]
    if change.get("trigger") == "because_i_say_so":
        assert "unconsented_collection" in answer.json["errors"][0]["allowed"]
    with house.reading() as session:
        assert session.exec(select(Request)).all() == []


def test_no_key_may_trigger_it_unless_that_was_said_of_it(house: House) -> None:
    with house.writing() as session:
        _, usual = backends.issue_key(session, house.partner.id, USUAL, now=house.clock.now())

    answer = house.post(
        "/v1/deletions", {"trigger": "service_ended", "subject": ALICE}, token=usual
    )

    assert answer.status_code == 403
    assert set(SCOPES) - set(USUAL) == {
        "deletions:trigger",
        "organisation:read",
        "reports:audit",
        "reports:read",
        "restrictions:lift",
    }


def test_a_person_cannot_say_what_only_the_company_may(house: House) -> None:
    body = {"kind": "deletion", "subject": ALICE, "parameters": {"trigger": "service_ended"}}

    assert house.post("/v1/requests", body).status_code == 422


@pytest.mark.requirement("R-24-1:bad")
def test_anonymising_for_a_ground_that_asks_for_deletion_needs_the_persons_word(
    house: House,
) -> None:
    wish = {"kind": "deletion", "option": "anonymise", "subject": ALICE}
    ground = {"ground": "consent_withdrawn"}

    refused = house.post("/v1/requests", {**wish, "parameters": ground})
    agreed = house.post("/v1/requests", {**wish, "parameters": {**ground, "agreed": "anonymise"}})

    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert (error["field"], error["allowed"]) == ("option", ["delete"])
    assert agreed.status_code == 201
