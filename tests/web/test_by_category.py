"""California: who proved too little for the data is told which kinds of data it is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.services import audit, requests
from rights.services.denials import Said
from rights.store.models import Request
from tests.denying import denied
from tests.web.house import House
from tests.web.verifying import GUARDIAN, staff
from workflows.sweep import sweep

ZOE = {"email": "zoe@example.com"}


def _asked(house: House, kind: str = "copy", *regimes: str, **more: Any) -> dict[str, Any]:
    return house.submit(kind, ZOE, regimes=regimes or ["us_ca"], **more)


def _proved(house: House, made: dict[str, Any]) -> None:
    path = f"/v1/requests/{made['id']}/verification/answer"
    assert house.post(path, {"code": house.code(made["id"])}).json["level"] == 1


def _lapsed(house: House, made: dict[str, Any]) -> None:
    house.clock.forward(days=8)
    sweep(house.engine, house.context, house.clock.now)
    assert house.get(f"/v1/requests/{made['id']}").json["state"] == "expired"


def _following(house: House, made: dict[str, Any]) -> list[Request]:
    with house.reading() as session:
        return list(session.exec(select(Request).where(Request.follows == made["id"])))


@pytest.mark.requirement("R-ID-5")
@pytest.mark.parametrize(
    ("kind", "option"), [("copy", "all"), ("access", "records"), ("access", "summary")]
)
def test_who_proved_one_address_is_told_the_kinds_within_the_time_of_the_first(
    house: House, kind: str, option: str
) -> None:
    made = _asked(house, kind, option=option)
    if option == "summary":
        house.clock.forward(days=8)
        sweep(house.engine, house.context, house.clock.now)
        assert _following(house, made) == [], "that was what was asked for"
        return
    _proved(house, made)

    _lapsed(house, made)

    (summary,) = _following(house, made)
    assert (summary.kind, summary.option, summary.state) == ("access", "summary", "in_progress")
    assert summary.promised_at.isoformat() == made["due_at"]
    with house.reading() as session:
        events = [entry.event for entry in audit.entries(session, made["id"])]
    assert events[-2:] == ["lapsed", "by_category"]


def test_who_proved_nothing_learns_nothing(house: House) -> None:
    made = _asked(house)

    _lapsed(house, made)

    assert _following(house, made) == []


def test_no_other_law_owes_it(house: House) -> None:
    made = _asked(house, "copy", "cn_general")
    _proved(house, made)

    _lapsed(house, made)

    assert _following(house, made) == []


def test_what_is_no_request_for_data_is_followed_by_nothing(house: House) -> None:
    made = _asked(house, "deletion")
    _proved(house, made)

    _lapsed(house, made)

    assert _following(house, made) == []


def test_somebody_elses_word_is_not_the_persons(house: House) -> None:
    made = _asked(house, requester=GUARDIAN)
    answer = {"code": house.code(made["id"])}
    house.post(f"/v1/requests/{made['id']}/verification/answer", answer)

    _lapsed(house, made)

    assert _following(house, made) == []


def test_what_was_stopped_lapses_by_no_date_and_is_followed_by_nothing(house: House) -> None:
    made = _asked(house)
    _proved(house, made)
    with house.writing() as session:
        session.get_one(Request, made["id"]).not_me_at = house.clock.now()

    house.clock.forward(days=8)
    sweep(house.engine, house.context, house.clock.now)

    assert house.get(f"/v1/requests/{made['id']}").json["state"] == "verifying"
    assert _following(house, made) == []


def test_a_denial_for_want_of_proof_is_followed_by_it_too(house: House) -> None:
    made = _asked(house)
    _proved(house, made)
    reviewer = staff(house, "reviewer", "approver")

    with house.writing() as session:
        request = requests.locked(session, made["id"])
        now = house.clock.now()
        denied(session, house.context, request, reviewer, Said("identity_unverified"), now=now)

    assert [one.option for one in _following(house, made)] == ["summary"]


@pytest.mark.requirement("R-US7021-1")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_nobody_proves_anything_to_limit_a_use_and_to_undo_it_they_do(house: House) -> None:
    limited = house.submit("restriction", ZOE, regimes=["us_ca"])
    elsewhere = house.submit("restriction", {"email": "yan@example.com"}, regimes=["cn_general"])
    lifted = house.submit("restriction", ZOE, option="lift", regimes=["us_ca"])

    assert (limited["state"], limited["level_needed"]) == ("in_progress", 0)
    assert (elsewhere["state"], elsewhere["level_needed"]) == ("verifying", 1)
    assert (lifted["state"], lifted["level_needed"]) == ("verifying", 1)
