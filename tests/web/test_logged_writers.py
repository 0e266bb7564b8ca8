"""``rights requests log --requester-file``: who wrote, where that is not the person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result
from sqlmodel import select

from rights.domain.errors import Forbidden, Invalid
from rights.domain.lifecycle import Event
from rights.store.models import Entry, Notice, Request
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, request_of
from tests.web.rounds import EVERYBODY, a_round, gauge
from tests.web.test_representatives import AGENT, RELATIVE, without
from workflows.embedded.smtp import Sink

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

ALICE = "alice@example.com"
LAWYER = "lawyer@firm.example"
LETTER = ("requests", "log", "--kind", "copy", "--channel", "letter", "--received", "2026-11-20")


def _log(office: Office, requester: Any, *more: str, who: str = "rui") -> Result:
    said = requester if isinstance(requester, str) else json.dumps(requester)
    words = (*LETTER, "--subject", f"email={ALICE}", "--requester-file", "FILE", "--as", who)
    return office.run(*words, "--json", *more, text=said)


def _logged(office: Office, requester: Any, *more: str) -> str:
    done = _log(office, requester, *more)
    assert done.exit_code == 0, (done.output, done.exception)
    return str(json.loads(done.stdout)["reference"])


def _refused(office: Office, requester: Any) -> list[str]:
    """Return the fields that are wrong; nothing is registered, nothing that was said is told."""
    done = _log(office, requester)
    assert isinstance(done.exception, Invalid), (done.output, done.exception)
    told = f"{done.exception} {done.exception.errors} {done.output}"
    assert "secret" not in told
    with office.house.reading() as session:
        assert session.exec(select(Request)).all() == []
    return [one.field for one in done.exception.errors]


def _letters(office: Office, request_id: str) -> dict[str, str]:
    with office.house.reading() as session:
        found = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
    return {one.event: one.state for one in found}


@pytest.mark.requirement("R-23-9")
@pytest.mark.parametrize(
    ("said", "needs"),
    [
        (AGENT, ["evidence"]),
        (without(AGENT, "scope"), ["poa_scope", "evidence"]),
        (without(AGENT, "signed", "until"), ["poa_signed", "poa_until", "evidence"]),
        (RELATIVE, ["evidence"]),
        (without(RELATIVE, "interest"), ["interest", "evidence"]),
        ({"role": "guardian", "relation": "parent"}, ["evidence"]),
        (
            {"role": "guardian_adult", "relation": "spouse"},
            ["poa_matters", "poa_until", "evidence"],
        ),
    ],
)
def test_a_letter_of_somebody_elses_asks_for_what_the_api_asks_for(
    office: Office, said: dict[str, Any], needs: list[str]
) -> None:
    request = request_of(office.house, _logged(office, said))

    assert (request.requester_role, request.needs) == (said["role"], needs)
    with office.house.reading() as session:
        entries = session.exec(select(Entry)).all()
    (entry,) = [one for one in entries if one.event == "received"]
    assert entry.data["requester_role"] == said["role"]
    written = str([one.data for one in entries])
    assert not [one for one in ("Li Na", "firm", "estate", "alice") if one in written]


def test_nobody_else_wrote_where_nothing_is_said(office: Office) -> None:
    done = office.run(*LETTER, "--subject", f"email={ALICE}", "--as", "rui", "--json")

    made = request_of(office.house, json.loads(done.stdout)["reference"])
    assert made.requester_role == "self"
    with office.house.reading() as session:
        first = session.exec(select(Entry).where(Entry.event == "received")).one()
    assert "requester_role" not in first.data


_WRONG: list[tuple[Any, list[str]]] = [
    ("", ["requester"]),
    ("secret", ["requester"]),
    ('["secret"]', ["requester"]),
    ("[" * 50_000, ["requester"]),
    ({}, ["requester.role", "requester.relation"]),
    (without(AGENT, "relation"), ["requester.relation"]),
    ({**AGENT, "role": "self"}, ["requester.role"]),
    ({**AGENT, "role": ["secret"]}, ["requester.role"]),
    ({**AGENT, "relation": "secret"}, ["requester.relation"]),
    ({**AGENT, "relation": {"secret": 1}}, ["requester.relation"]),
    ({**RELATIVE, "relation": "cousin"}, ["requester.relation"]),
    ({**AGENT, "passport": "secret"}, ["requester.passport"]),
    ({**AGENT, "contact": "secret"}, ["requester.contact"]),
    ({**AGENT, "contact": {}}, ["requester.contact"]),
    ({**AGENT, "contact": {"email": 7}}, ["requester.contact"]),
    ({**AGENT, "contact": {"email": "secret"}}, ["requester.contact.email"]),
    ({**AGENT, "contact": {"passport": "secret"}}, ["requester.contact.passport"]),
    ({**AGENT, "contact": {"phone": "+8613800138000"}}, ["requester.contact"]),
    ({**AGENT, "name": ""}, ["requester.name"]),
    ({**AGENT, "name": "secret" * 40}, ["requester.name"]),
    ({**AGENT, "name": "secret\u0000"}, ["requester.name"]),
    ({**AGENT, "name": 7}, ["requester.name"]),
    ({**AGENT, "interest": "secret" * 400}, ["requester.interest"]),
    ({**AGENT, "matters": []}, ["requester.matters"]),
    ({**AGENT, "matters": "copy"}, ["requester.matters"]),
    ({**AGENT, "matters": ["secret"]}, ["requester.matters"]),
    ({**AGENT, "matters": [{}]}, ["requester.matters"]),
    ({**AGENT, "scope": "secret"}, ["requester.scope"]),
    ({**AGENT, "scope": {}}, ["requester.scope"]),
    ({**AGENT, "until": "secret"}, ["requester.until"]),
    ({**AGENT, "until": "20261231"}, ["requester.until"]),
    ({**AGENT, "until": 20261231}, ["requester.until"]),
    ({**AGENT, "signed": "secret"}, ["requester.signed"]),
    (
        {**AGENT, "scope": "secret", "until": "secret", "name": ""},
        ["requester.name", "requester.scope", "requester.until"],
    ),
]
"""What is said of who wrote, and the fields of it that are wrong."""


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize(("said", "fields"), _WRONG)
def test_what_the_api_refuses_is_refused_by_field(
    office: Office, said: Any, fields: list[str]
) -> None:
    assert _refused(office, said) == fields


def test_two_documents_cannot_come_from_one_standard_input(office: Office) -> None:
    files = ("--subject-file", "-", "--requester-file", "-")

    done = office.run(*LETTER, *files, "--as", "rui", typed=json.dumps(AGENT))

    assert isinstance(done.exception, Invalid)
    assert done.exception.errors[0].field == "requester"


def test_who_keeps_records_logs_no_letter_of_anybodys(office: Office) -> None:
    assert isinstance(_log(office, AGENT, who="otto").exception, Forbidden)


@pytest.mark.parametrize(
    ("scope", "outcome"), [("receive", LAWYER), ("submit", ALICE)], ids=["receive", "submit"]
)
def test_letters_go_to_who_wrote_and_results_as_far_as_the_authority_goes(
    office: Office, smtp_sink: Sink, scope: str, outcome: str
) -> None:
    made = _logged(office, {**AGENT, "scope": scope})
    a_round(office, smtp_sink)
    assert _letters(office, made) == {"received": "sent", "represented": "sent"}
    before = len(smtp_sink.messages)
    clerk(office.house, "mei", "reviewer").act(made, "write", text="Which of the two shops?")
    a_round(office, smtp_sink)
    assert {str(one["To"]).lower() for one in smtp_sink.messages[before:]} == {LAWYER}

    before = len(smtp_sink.messages)
    office.ended(made, Event.DENIED, reason="no_ground")
    a_round(office, smtp_sink)

    assert {str(one["To"]).lower() for one in smtp_sink.messages[before:]} == {outcome}


@pytest.mark.requirement("R-SLA-7")
@pytest.mark.parametrize(
    "said", [{**AGENT, "scope": "receive"}, RELATIVE, {"role": "guardian", "relation": "parent"}]
)
def test_an_answer_to_who_wrote_and_left_no_address_is_told_by_staff_and_not_to_the_subject(
    office: Office, smtp_sink: Sink, said: dict[str, Any]
) -> None:
    house, made = office.house, _logged(office, without(said, "contact"))
    mei = clerk(house, "mei", "reviewer")
    mei.act(made, "write", text="Which of the two shops do you mean?")
    a_round(office, smtp_sink)
    own = len([one for one in smtp_sink.messages if str(one["To"]).lower() == ALICE])
    assert own == int(said["role"] == "agent")  # that somebody asks for them
    office.ended(made, Event.DENIED, reason="no_ground")

    a_round(office, smtp_sink)

    letters = _letters(office, made)
    assert (letters["message"], letters["outcome"]) == ("unaddressed", "unaddressed")
    assert own == len([one for one in smtp_sink.messages if str(one["To"]).lower() == ALICE])
    assert gauge(office, "rights_answers_untold") == 1
    assert made[:8] in mei.get("/requests?clock=untold").html
    page = mei.get(f"/requests/{made}")
    assert "no address, to be told" in page.text
    assert not [one for one in page.forms if one.action.endswith("/write_again")]
    house.clock.at = request_of(house, made).promised_at
    assert a_round(office, smtp_sink) == EVERYBODY
    assert clerk(house, "lin", "reviewer").act(made, "told", how="letter").status == 200
    assert gauge(office, "rights_answers_untold") == 0
    assert set(_letters(office, made).values()) <= {"told", "sent"}
