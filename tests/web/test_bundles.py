"""Bundles: taken in whole, proved with one code, and asked about what contradicts itself."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from rights.store.models import Notice, Request
from tests.web.house import ALICE, House


def test_a_bundle_is_taken_in_whole_or_not_at_all(house: House) -> None:
    wishes = [{"kind": "copy"}, {"kind": "deletion", "option": "pull"}]

    refused = house.post("/v1/bundles", {"requests": wishes, "subject": ALICE})
    with house.reading() as session:
        none = session.exec(select(Request)).all()
    made = house.post(
        "/v1/bundles", {"requests": [{"kind": "copy"}, {"kind": "deletion"}], "subject": ALICE}
    )

    assert (refused.status_code, none) == (422, [])
    assert made.status_code == 201
    assert house.get(f"/v1/bundles/{made.json['id']}").json == made.json


def test_a_bundle_asks_for_one_code_that_counts_for_all(house: House) -> None:
    wishes = [{"kind": "restriction"}, {"kind": "access", "option": "summary"}]
    made = house.post("/v1/bundles", {"requests": wishes, "subject": ALICE}).json
    first = made["requests"][0]["id"]

    house.post(f"/v1/requests/{first}/verification/answer", {"code": house.code(first)})

    states = [r["state"] for r in house.get(f"/v1/bundles/{made['id']}").json["requests"]]
    assert states == ["in_progress", "in_progress"]
    with house.reading() as session:
        coded = session.exec(select(Notice).where(col(Notice.challenge_id) != "")).all()
    assert [n.request_id for n in coded] == [first]


@pytest.mark.requirement("R-23-7:bad")
def test_a_bundle_names_what_contradicts_itself_until_the_person_has_said_which_prevails(
    house: House,
) -> None:
    changes = {"changes": [{"field": "shop.users.nickname", "value": "Al"}]}
    wishes = [{"kind": "deletion"}, {"kind": "correction", "values": changes}]
    made = house.post("/v1/bundles", {"requests": wishes, "subject": ALICE}).json
    erasure, correction = (r["id"] for r in made["requests"])
    pair = {"correction": correction, "erasure": erasure}
    assert made["conflicts"] == [{**pair, "choices": ["correction", "deletion", "both"]}]
    assert made["requests"][0]["needs"] == ["prevails"]

    path = f"/v1/requests/{erasure}/information"
    wrong = house.post(path, {"parameters": {"prevails": "neither"}})
    house.post(path, {"parameters": {"prevails": "deletion"}})

    assert wrong.status_code == 422
    after = house.get(f"/v1/bundles/{made['id']}").json
    assert after["conflicts"] == []
    assert [r["state"] for r in after["requests"]] == ["verifying", "revoked"]
