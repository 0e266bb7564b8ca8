"""Confirmations, answers that reach nobody, aims that are missed, and work that stands still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rights.domain import signing
from rights.domain.lifecycle import Event, Wait
from rights.net import Client, Guard
from rights.services import acknowledging, audit, requests
from rights.store.models import Backend, Complaint, Request, RequestClock, Staff
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, code, request_of
from tests.web.house import ALICE
from tests.web.rounds import EVERYBODY, a_round, gauge
from tests.workflows.desk import text_of
from tests.workflows.receivers import Receiver
from workflows import clock_watch, delivery
from workflows.embedded.smtp import Sink

ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""Of what the two databases do not differ in."""

ADDRESS = ALICE["email"]


def _events(office: Office, request_id: str, *names: str) -> list[str]:
    with office.house.reading() as session:
        return [e.event for e in audit.entries(session, request_id) if e.event in names]


def _listed(office: Office, command: str) -> dict[str, Any]:
    found = json.loads(office.run("clocks", command, "--json").stdout)
    return {one.get("id") or one["request"]: one for one in found}


@pytest.mark.requirement("R-SLA-10", "R-SLA-11")
def test_a_receipt_that_does_not_go_out_is_told_of_before_its_date_and_when_it_is_missed(
    office: Office, smtp_sink: Sink
) -> None:
    house, ack = office.house, ("acknowledgement_soon", "acknowledgement_missed")
    smtp_sink.put_off.add(ADDRESS)
    made = str(house.submit("deletion", ALICE, regimes=["us_ca"])["id"])
    house.submit("copy", {"user_id": "u-9"}, regimes=["us_ca"])  # read in the answer: no address
    due = request_of(house, made).ack_at
    assert due is not None
    assert due.astimezone(house.context.regimes["us_ca"].counting.zone).date().isoformat() == (
        "2026-12-04"
    )
    assert a_round(office, smtp_sink) == []

    house.clock.at = due - timedelta(days=2)
    assert a_round(office, smtp_sink) == ["desk@example.com"]
    assert _listed(office, "unconfirmed")[made]["late"] is False
    house.clock.at = due
    assert a_round(office, smtp_sink) == EVERYBODY
    assert "Receipt was not confirmed in time (1)" in text_of(smtp_sink.messages[-1])
    assert a_round(office, smtp_sink) == []
    assert _events(office, made, *ack) == [*ack]
    assert list(_listed(office, "unconfirmed")) == [made]
    assert gauge(office, "rights_acknowledgements_late", about="request") == 1

    smtp_sink.put_off.clear()
    house.clock.forward(hours=3)
    a_round(office, smtp_sink)
    assert request_of(house, made).acked_at == house.clock.now()
    assert _listed(office, "unconfirmed") == {}
    assert gauge(office, "rights_acknowledgements_late") == 0


@ONCE
def test_a_receipt_that_goes_out_late_is_missed_although_nobody_looked_before(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = str(house.submit("deletion", ALICE, regimes=["us_ca"])["id"])
    house.clock.forward(days=20)

    assert a_round(office, smtp_sink) == EVERYBODY
    assert _events(office, made, "acknowledgement_missed") == ["acknowledgement_missed"]
    assert request_of(house, made).acked_at == house.clock.now()


@ONCE
def test_a_receipt_in_time_is_told_of_by_nobody(office: Office, smtp_sink: Sink) -> None:
    house = office.house
    made = str(house.submit("deletion", ALICE, regimes=["us_ca"])["id"])
    a_round(office, smtp_sink)
    house.clock.forward(days=20)

    assert a_round(office, smtp_sink) == []
    assert _events(office, made, "acknowledgement_soon", "acknowledgement_missed") == []


@pytest.mark.requirement("R-SLA-11")
def test_a_complaint_is_confirmed_and_answered_by_its_dates_or_told_of(
    office: Office, smtp_sink: Sink
) -> None:
    house, reach = office.house, {"email": "eve@example.com"}
    smtp_sink.unknown.add(reach["email"])
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).regimes = ["uk_gdpr"]
    given = {"text": "No answer.", "subject": reach}
    made = str(house.post("/v1/complaints", given).json["id"])
    with house.reading() as session:
        complaint = session.get_one(Complaint, made)
    assert complaint.ack_at is not None
    assert (complaint.ack_at - complaint.received_at).days == 30
    a_round(office, smtp_sink)

    house.clock.at = max(complaint.ack_at, complaint.promised_at) + timedelta(seconds=1)
    assert a_round(office, smtp_sink) == EVERYBODY
    text = text_of(smtp_sink.messages[-1])
    assert "Receipt was not confirmed in time (1)" in text
    assert "Complaints that are late (1)" in text
    assert a_round(office, smtp_sink) == []
    assert gauge(office, "rights_acknowledgements_late", about="complaint") == 1

    told = ("complaints", "told", made, "--how", "phone", "--as")
    assert code(office.run(*told, "otto")) == "forbidden"
    assert office.run(*told, "rui").exit_code == 0
    assert gauge(office, "rights_acknowledgements_late") == 0
    assert code(office.run(*told, "rui")) == "nothing_untold"


@pytest.mark.requirement("R-SLA-7", "R-SLA-11")
def test_an_answer_that_was_given_up_stays_unanswered_until_somebody_told_the_person(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = str(house.asserted("access")["id"])
    a_round(office, smtp_sink)
    smtp_sink.unknown.add(ADDRESS)
    office.ended(made, Event.DENIED, reason="no_ground")
    a_round(office, smtp_sink)  # the server takes nothing for that address, for good
    row = request_of(house, made)
    assert _listed(office, "list")[made]["unsent"] is True

    house.clock.at = row.promised_at
    assert a_round(office, smtp_sink) == EVERYBODY
    assert gauge(office, "rights_answers_untold") == 1
    assert gauge(office, "rights_requests_late") == 1
    mei = clerk(house, "mei", "reviewer")
    assert "answers that nobody got 1" in " ".join(mei.get("/").text.split())
    assert f"/requests/{made}" in mei.get("/waiting").html
    assert made[:8] in mei.get("/requests?clock=untold").html

    mei.act(made, "told", how="phone")

    assert "told another way" in mei.get(f"/requests/{made}").text
    assert made[:8] not in mei.get("/requests?clock=untold").html
    assert _listed(office, "list") == {}
    assert gauge(office, "rights_answers_untold") == gauge(office, "rights_requests_late") == 0
    with house.reading() as session:
        (entry,) = [e for e in audit.entries(session, made) if e.event == "told_otherwise"]
    assert entry.data == {"how": "phone", "letters": ["outcome"]}
    again = office.run("clocks", "told", made, "--how", "phone", "--as", "rui")
    assert code(again) == "nothing_untold"


@pytest.mark.requirement("R-SLA-11")
@ONCE
def test_what_is_wanted_at_once_and_is_not_done_is_mailed_counted_and_listed(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = str(house.asserted("recommendation_opt_out", option="personalised_off")["id"])
    a_round(office, smtp_sink)

    house.clock.forward(minutes=2)
    assert a_round(office, smtp_sink) == ["desk@example.com", "lead@example.com"]
    assert "not done in the time we aim at (1)" in text_of(smtp_sink.messages[-1])
    assert gauge(office, "rights_targets_missed") == 1
    mei = clerk(house, "mei", "reviewer")
    assert "1 wanted at once and missed" in " ".join(mei.get("/").text.split())
    assert made[:8] in mei.get("/requests?clock=target").html
    house.clock.forward(days=1)
    assert "dpo@example.com" in a_round(office, smtp_sink)


@ONCE
@pytest.mark.parametrize(("wait", "why"), [(Wait.STORE, "store"), (Wait.NONE, "work")])
def test_work_that_does_not_move_is_told_of_with_what_it_waits_for(
    office: Office, smtp_sink: Sink, wait: Wait, why: str
) -> None:
    house = office.house
    made = str(house.asserted("access")["id"])
    a_round(office, smtp_sink)
    house.clock.forward(days=3, minutes=1)
    with house.writing() as session:
        request = requests.locked(session, made)
        request.wait = wait
        line = audit.Line("step_stopped", "system", {"step": "1", "code": "down", "attempts": 9})
        audit.append(session, request, [line], now=house.clock.now())  # tried again, in vain

    mailed = a_round(office, smtp_sink)

    assert mailed == ["desk@example.com", "lead@example.com"]
    said = {"store": "it waits for a store", "work": "its work does not move"}
    assert said[why] in text_of(smtp_sink.messages[-1])
    assert _listed(office, "list")[made]["idle_because"] == why
    assert a_round(office, smtp_sink) == []


@ONCE
def test_an_appeal_that_is_late_is_mailed_once(office: Office, smtp_sink: Sink) -> None:
    house = office.house
    made = str(house.asserted("access")["id"])
    office.denied(made)
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    token = house.post("/v1/portal-tokens", {"assertion": word}).json["token"]
    assert (
        house.post(f"/v1/requests/{made}/appeal", {"text": "No."}, token=token).status_code == 201
    )
    a_round(office, smtp_sink)

    house.clock.forward(days=60)

    assert a_round(office, smtp_sink) == EVERYBODY
    assert "Appeals that are late (1)" in text_of(smtp_sink.messages[-1])
    assert _events(office, made, "appeal_late") == ["appeal_late"]
    assert a_round(office, smtp_sink) == []


@ONCE
def test_two_relays_that_look_at_the_same_moment_tell_of_a_receipt_once(office: Office) -> None:
    house = office.house
    made = str(house.submit("deletion", ALICE)["id"])
    house.clock.forward(days=9)
    now = house.clock.now()
    with house.reading() as session:
        both = [acknowledging.due(session, now) for _ in range(2)]

    for found in both:
        with house.writing() as session:
            acknowledging.tell(session, found, now)

    assert _events(office, made, "acknowledgement_missed") == ["acknowledgement_missed"]
    with house.reading() as session:
        assert session.get(RequestClock, made) is None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def _hooked(office: Office, receiver: Receiver) -> dict[str, str]:
    """Add a webhook for two roles; return the secret of each."""
    add = ("alerts", "add", "--role")
    assert code(office.run(*add, "dpo", receiver.url(), "--as", "rui")) == "forbidden"
    assert code(office.run(*add, "dpo", "https://10.0.0.1/", "--as", "ada")) == "invalid"
    return {
        role: office.run(*add, role, receiver.url(f"/{role}"), "--as", "ada").stdout.split()[1]
        for role in ("reviewer", "dpo")
    }


@ONCE
@pytest.mark.requirement("R-SLA-11")
def test_a_role_is_told_by_a_signed_webhook_of_what_it_is_mailed(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, told = office.house, list[tuple[float, str, str, int]]()
    monkeypatch.setenv("RIGHTS_WEBHOOK_ALLOW", receiver.place)
    with house.writing() as session:
        session.add(Staff(name="ada", roles=["admin"], created_at=house.clock.now()))
    secrets = _hooked(office, receiver)
    made = str(house.asserted("access")["id"])
    with house.writing() as session:  # nobody's product: staff are told all the same
        request = session.get_one(Request, made)
        request.backend_id, request.acked_at = "", house.clock.now()
    row, client = request_of(house, made), Client(Guard((receiver.place,)))
    for share in (0.51, 1.0):
        house.clock.at = row.received_at + (row.promised_at - row.received_at) * share
        for _ in range(2):
            clock_watch.watch(house.engine, house.context, house.clock.now)
            delivery.deliver_due(house.engine, house.context, house.clock.now, client)
        for got in receiver.received:
            role, body = got.path[1:], json.loads(got.body)
            signing.verify([secrets[role]], got.headers, got.body, house.clock.now())
            told.append((share, role, body["type"], body["data"]["stage"]))
        receiver.received.clear()
    client.close()

    assert sorted(told) == [
        (0.51, "reviewer", "clock.idle", 0),
        (0.51, "reviewer", "clock.stage", 50),
        (1.0, "dpo", "clock.late", 100),
        (1.0, "reviewer", "clock.late", 100),
    ]
    listed = json.loads(office.run("alerts", "list", "--json").stdout)
    assert sorted((one["role"], one["waiting"], one["dead"]) for one in listed) == [
        ("dpo", 0, 0),
        ("reviewer", 0, 0),
    ]
    assert office.run("alerts", "remove", listed[0]["webhook"], "--as", "ada").exit_code == 0
    assert len(json.loads(office.run("alerts", "list", "--json").stdout)) == 1


@ONCE
def test_the_command_lists_what_presses(office: Office) -> None:
    house = office.house
    late, soon, calm = (house.asserted(one)["id"] for one in ("access", "copy", "restriction"))
    with house.writing() as session:
        now = house.clock.now()
        session.get_one(Request, soon).promised_at = now + timedelta(days=100)
        session.get_one(Request, calm).promised_at = now + timedelta(days=900)
    house.clock.forward(days=80)
    with house.writing() as session:
        for one in (late, soon, calm):
            line = audit.Line("message_sent", "staff:1", {"message": "m"})
            audit.append(session, requests.locked(session, one), [line], now=house.clock.now())

    found, said = _listed(office, "list"), office.run("clocks", "list").output

    assert set(found) == {late, soon}
    assert (found[late]["late"], found[soon]["late"]) == (True, False)
    assert found[soon]["used_percent"] == 75
    assert "2 pressing, 1 late" in said
