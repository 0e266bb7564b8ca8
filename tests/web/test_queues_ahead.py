"""Receipts, aims, appeals and complaints told of by a clock that was ahead are told of again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rights.services import audit
from rights.store.models import Backend, Complaint
from tests.web.correspondence import Office, request_of
from tests.web.house import ALICE
from tests.web.rounds import EVERYBODY, a_round, gauge
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink

pytestmark = [
    pytest.mark.parametrize("register_url", ["sqlite"], indirect=True),
    pytest.mark.requirement("R-SLA-11"),
]

AHEAD = timedelta(days=200)


def _told(office: Office, request_id: str, *names: str) -> list[str]:
    with office.house.reading() as session:
        return [e.event for e in audit.entries(session, request_id) if e.event in names]


def _ahead(office: Office, sink: Sink) -> list[str]:
    """Let a round happen by a clock that is ahead, and put it right; return who was mailed."""
    office.house.clock.at += AHEAD
    mailed = a_round(office, sink)
    office.house.clock.at -= AHEAD
    return mailed


def test_a_receipt_that_was_said_to_be_missed_is_missed_once_more_when_it_is(
    office: Office, smtp_sink: Sink
) -> None:
    house, names = office.house, ("acknowledgement_soon", "acknowledgement_missed")
    smtp_sink.put_off.add(ALICE["email"])
    made = str(house.submit("deletion", ALICE, regimes=["us_ca"])["id"])
    due = request_of(house, made).ack_at
    assert due is not None
    house.clock.at = due - timedelta(days=2)
    assert a_round(office, smtp_sink) == ["desk@example.com"]

    assert _ahead(office, smtp_sink) == EVERYBODY
    assert a_round(office, smtp_sink) == []  # what was true stays told
    house.clock.at = due

    assert a_round(office, smtp_sink) == EVERYBODY
    assert a_round(office, smtp_sink) == []
    assert _told(office, made, *names) == [*names, names[1]]


def test_what_is_aimed_at_is_missed_when_it_is(office: Office, smtp_sink: Sink) -> None:
    house = office.house
    both = [("personalised_off", "preference_late"), ("tags_delete", "target_missed")]
    made = {
        event: str(house.asserted("recommendation_opt_out", option=option)["id"])
        for option, event in both
    }
    a_round(office, smtp_sink)

    assert _ahead(office, smtp_sink) == EVERYBODY
    assert gauge(office, "rights_targets_missed") == 0
    assert a_round(office, smtp_sink) == []
    house.clock.forward(minutes=2)

    assert a_round(office, smtp_sink) == ["desk@example.com", "lead@example.com"]
    assert gauge(office, "rights_targets_missed") == 2
    assert a_round(office, smtp_sink) == []
    assert [_told(office, made[event], event) for event in made] == [
        [event, event] for event in made
    ]


def test_late_appeals_and_complaints_are_told_of_when_they_are(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = str(house.asserted("access")["id"])
    office.denied(made)
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).regimes = ["uk_gdpr"]
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    token = house.post("/v1/portal-tokens", {"assertion": word}).json["token"]
    house.post(f"/v1/requests/{made}/appeal", {"text": "No."}, token=token)
    reach = {"email": "eve@example.com"}
    smtp_sink.unknown.add(reach["email"])
    said = house.post("/v1/complaints", {"text": "No answer.", "subject": reach}).json["id"]
    a_round(office, smtp_sink)

    assert _ahead(office, smtp_sink) == EVERYBODY
    assert a_round(office, smtp_sink) == []
    with house.reading() as session:
        complaint = session.get_one(Complaint, said)
    house.clock.at = complaint.promised_at + timedelta(days=60)

    before = len(smtp_sink.messages)
    assert a_round(office, smtp_sink) == EVERYBODY
    text = text_of(smtp_sink.messages[before])
    for part in ("Appeals", "Complaints"):
        assert f"{part} that are late (1)" in text
    assert "Receipt was not confirmed in time (1)" in text
    assert _told(office, made, "appeal_late") == ["appeal_late"] * 2
    assert a_round(office, smtp_sink) == []
