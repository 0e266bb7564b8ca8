"""Corrections under the law on credit reporting: marked at once, and answered in writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, Wait
from rights.services import disputes, requests
from rights.store.models import DisputedValue, Request, StepRow, StepState
from tests.web.console.clerk import clerk, planned
from tests.web.house import ALICE, BOB, House
from tests.web.test_denials import Office
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink

CLAIM = {"field": "shop.users.nickname", "value": "Alicia"}
SAID = "The loan was never mine: canary-statement."
ANSWER = "We asked the bank on 3 May; it could show neither contract nor payment."
ASKED: dict[str, Any] = {"values": {"changes": [CLAIM], "text": SAID}}
CREDIT = {"regimes": ["cn_credit"], **ASKED}


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> Office:
    return Office(furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port), smtp_sink)


def _disputed(house: House, request_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.get(f"/v1/requests/{request_id}/disputes").json["items"]
    return found


@pytest.mark.requirement("R-CR25-1")
def test_a_dispute_is_marked_as_soon_as_it_is_accepted_and_due_in_twenty_days(
    house: House,
) -> None:
    made = house.asserted("correction", **CREDIT)
    elsewhere = house.asserted("correction", BOB, **ASKED)

    (mark,) = _disputed(house, made["id"])
    assert (mark["collection"], mark["field"], mark["code"]) == (
        "shop.users",
        "nickname",
        "pending",
    )
    assert datetime.fromisoformat(mark["since"]) == house.clock.now()
    received = datetime.fromisoformat(made["received_at_local"]).date()
    due = datetime.fromisoformat(made["due_at"]).astimezone(
        datetime.fromisoformat(made["received_at_local"]).tzinfo
    )
    assert (due.date() - received).days == 20
    assert _disputed(house, elsewhere["id"]) == []  # there a worker marks it, with its plan


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_nobody_marks_what_is_another_persons_before_they_are_proved(house: House) -> None:
    made = house.submit("correction", {"email": ALICE["email"]}, **CREDIT)
    before = _disputed(house, made["id"])

    answer = {"code": house.code(made["id"])}
    proved = house.post(f"/v1/requests/{made['id']}/verification/answer", answer)

    assert proved.status_code == 200
    assert (before, len(_disputed(house, made["id"]))) == ([], 1)
    assert house.post(f"/v1/requests/{made['id']}/cancel").status_code == 200
    assert _disputed(house, made["id"]) == []


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_what_is_wrong_can_be_said_later_and_is_marked_then(house: House) -> None:
    made = house.asserted("correction", regimes=["cn_credit"])
    assert made["needs"] == ["changes"]
    with house.writing() as session:
        request = session.get_one(Request, made["id"])
        request.wait = Wait.NEEDS_INFO
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())

    given = house.post(f"/v1/requests/{made['id']}/information", ASKED)

    assert given.json["state"] == "in_progress"
    assert [one["field"] for one in _disputed(house, made["id"])] == ["nickname"]


@pytest.mark.requirement("R-CR25-1")
def test_what_cannot_be_verified_keeps_its_mark_with_what_the_person_said_of_it(
    office: Office,
) -> None:
    house = office.house
    made = house.asserted("correction", locale="en", **CREDIT)

    done = office.deny(made["id"], "unverifiable", facts=ANSWER)

    assert done.returncode == 0, done.stderr
    shown = house.get(f"/v1/requests/{made['id']}").json
    assert (shown["state"], shown["reason"]) == ("denied", "unverifiable")
    assert [one["code"] for one in _disputed(house, made["id"])] == ["disputed"]
    with house.reading() as session:
        (row,) = session.exec(select(DisputedValue))
        (kept,) = disputes.standing(session, house.context.vault, [row.person])
    assert (kept.claimed, kept.text, kept.pending) == ("Alicia", SAID, False)
    assert b"canary" not in row.sealed
    assert house.get(f"/v1/requests/{made['id']}/remarks").json["answers"] == [ANSWER]
    assert ANSWER in text_of(office.mail())


@pytest.mark.requirement("R-CR25-1:bad")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "said",
    [
        {"facts": ""},
        {"facts": " \n"},
        {"facts": ANSWER, "channel": "phone"},
    ],
)
def test_a_dispute_is_not_denied_without_an_answer_in_writing(
    house: House, said: dict[str, str]
) -> None:
    ana = clerk(house, "ana", "approver")
    made = house.asserted("correction", **CREDIT)["id"]
    other = house.asserted("correction", BOB, **ASKED)["id"]

    page = ana.force(f"/requests/{made}/deny", reason="unverifiable", **said)
    elsewhere = ana.force(f"/requests/{other}/deny", reason="unverifiable", **said)

    assert page.status == 409
    assert "in writing" in page.text
    assert house.get(f"/v1/requests/{made}").json["state"] == "in_progress"
    # Under the general law words are wanted too, but the telephone will do.
    assert elsewhere.status == (200 if "channel" in said else 422)
    told = {"reason": "unverifiable", "facts": ANSWER, "channel": "notice"}
    assert ana.force(f"/requests/{made}/deny", **told).status == 200


@pytest.mark.requirement("R-CR25-1:bad")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_a_dispute_is_not_closed_by_leaving_it_out_without_a_word(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, "correction", state=StepState.MANUAL)
    with house.writing() as session:
        session.get_one(Request, made).regimes = ["cn_credit"]
    step = f"{made}-01-erase-shop"

    page = rui.act(made, "leave_out", reason="unverifiable")
    waits = _step(house, step)
    done = rui.act(made, "leave_out", reason="unverifiable", answer=ANSWER)

    assert (page.status, waits.state) == (409, StepState.MANUAL)
    assert "in writing" in page.text
    assert (done.status, _step(house, step).code) == (200, "unverifiable")
    with house.writing() as session:
        session.get_one(Request, made).closed_at = house.clock.now()
    other = planned(house, "correction", state=StepState.MANUAL)
    rui.act(other, "leave_out", reason="unverifiable")
    assert _step(house, f"{other}-01-erase-shop").state is StepState.LEFT_OUT


def _step(house: House, step: str) -> StepRow:
    with house.reading() as session:
        found: StepRow = session.get_one(StepRow, step)
        return found


@pytest.mark.requirement("R-CR25-1")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_every_report_of_a_year_is_free_and_none_is_refused_by_its_number(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    for _ in range(3):
        made = house.asserted("access", regimes=["cn_credit"])
        assert made["state"] == "in_progress"
        for reason in ("fee_unpaid", "manifestly_unfounded_or_excessive"):
            page = ana.force(f"/requests/{made['id']}/deny", reason=reason, facts="The third.")
            assert page.status == 422
        with house.writing() as session:
            session.get_one(Request, made["id"]).closed_at = house.clock.now()
