"""Letters meant for who acts for somebody go to them or to nobody: never to the subject."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import notices
from rights.store.models import Notice, Request
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office
from tests.web.rounds import a_round, gauge
from workflows.embedded.smtp import Sink

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

PRINCIPAL = {"user_id": "u-1", "email": "alice@example.com"}
AGENT = {
    "role": "agent",
    "relation": "lawyer",
    "contact": {"email": "lawyer@firm.example"},
    "name": "Li Na",
    "matters": ["access"],
    "until": "2999-12-31",
    "signed": True,
}
CHILD = {"user_id": "u-12", "email": "kid@example.com"}
ASKS = ("message", "needs_info", "extended", "expired", "appeal_received", "appeal_decided")
"""Letters for whoever asked."""
RESULTS = ("outcome", "package_ready", "package_added", "package_expiring", "hold_ended")
"""Letters for whom results go to."""


def _states(office: Office, request_id: str) -> dict[str, str]:
    with office.house.reading() as session:
        found = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
    return {one.event: one.state for one in found}


def _sent_to(sink: Sink, address: str) -> int:
    return sum(str(mail["To"]).lower() == address for mail in sink.messages)


def _by_guardian(office: Office, contact: dict[str, str]) -> str:
    """Return a request by the guardian whom a product links to a child."""
    house = office.house
    linked = {"role": "guardian", "relation": "parent", "subject": CHILD}
    word = house.partner.assertion(
        contact, house.clock.now(), "mfa", represents=linked, age_band="under_14"
    )
    made = house.post("/v1/requests", {"kind": "access", "assertion": word})
    assert made.status_code == 201, made.json
    return str(made.json["id"])


def _queued(office: Office, request_id: str, *events: str) -> None:
    with office.house.writing() as session:
        request = session.get_one(Request, request_id)
        for event in events:
            notices.ask_for(session, request, event, now=office.house.clock.now())


def _reader(office: Office, sink: Sink, request_id: str, event: str) -> set[str]:
    """Return to whom a letter about a request goes."""
    a_round(office, sink)
    before = len(sink.messages)
    _queued(office, request_id, event)
    a_round(office, sink)
    return {str(one["To"]).lower() for one in sink.messages[before:]}


@pytest.mark.requirement("R-CC165-1")
@pytest.mark.parametrize(("scope", "reads"), [("submit", "alice@"), ("receive", "lawyer@")])
def test_an_agent_with_an_address_gets_what_is_theirs_and_the_principal_the_rest(
    office: Office, smtp_sink: Sink, scope: str, reads: str
) -> None:
    made = str(office.house.submit(subject=PRINCIPAL, requester={**AGENT, "scope": scope})["id"])
    a_round(office, smtp_sink)
    assert _states(office, made) == {"received": "sent", "represented": "sent"}
    assert _sent_to(smtp_sink, "alice@example.com") == 1

    assert _reader(office, smtp_sink, made, "message") == {"lawyer@firm.example"}
    office.ended(made, Event.DENIED, reason="no_ground")
    (outcome,) = _reader_of_waiting(office, smtp_sink)
    assert outcome.startswith(reads)
    (appealed,) = _reader(office, smtp_sink, made, "appeal_received")
    assert appealed == "lawyer@firm.example"


def _reader_of_waiting(office: Office, sink: Sink) -> set[str]:
    before = len(sink.messages)
    a_round(office, sink)
    people = {str(one["To"]).lower() for one in sink.messages[before:]}
    return {one for one in people if not one.startswith(("desk@", "lead@", "dpo@"))}


@pytest.mark.parametrize(
    ("contact", "state"),
    [({"user_id": "u-40"}, "no_contact"), ({"email": "mum@example.com"}, "sent")],
)
def test_a_guardian_without_an_address_reads_where_they_asked_and_the_child_gets_no_letter(
    office: Office, smtp_sink: Sink, contact: dict[str, str], state: str
) -> None:
    made = _by_guardian(office, contact)
    clerk(office.house, "mei", "reviewer").act(made, "write", text="Which of the two shops?")
    office.ended(made, Event.DENIED, reason="no_ground")

    a_round(office, smtp_sink)

    told = _states(office, made)
    assert (told["message"], told["outcome"]) == (state, state)
    assert _sent_to(smtp_sink, CHILD["email"]) == 0
    assert gauge(office, "rights_answers_untold") == 0


def _childs_letter(office: Office) -> str:
    """Return what a child wrote that named no guardian, as staff log it."""
    said = ("--channel", "letter", "--received", "2026-11-20", "--age-band", "under_14")
    typed = ("--subject", f"email={CHILD['email']}", "--as", "rui")
    logged = office.run("requests", "log", "--kind", "deletion", *said, *typed)
    assert logged.exit_code == 0, logged.output
    with office.house.reading() as session:
        return str(session.exec(select(Request.id)).one())


@pytest.mark.parametrize("event", RESULTS)
def test_a_child_that_asked_for_itself_and_named_no_guardian_is_answered_itself(
    office: Office, smtp_sink: Sink, event: str
) -> None:
    made = _childs_letter(office)
    assert _reader(office, smtp_sink, made, event) <= {CHILD["email"]}
    assert _states(office, made)[event] in ("sent", "stale")


def test_the_outcome_of_what_a_child_asked_for_itself_reaches_it(
    office: Office, smtp_sink: Sink
) -> None:
    made = _childs_letter(office)
    a_round(office, smtp_sink)
    office.ended(made, Event.DENIED, reason="no_ground")
    before = _sent_to(smtp_sink, CHILD["email"])

    a_round(office, smtp_sink)

    assert _states(office, made)["outcome"] == "sent"
    assert _sent_to(smtp_sink, CHILD["email"]) == before + 1
    assert gauge(office, "rights_answers_untold") == 0


@pytest.mark.parametrize("event", ASKS)
def test_a_letter_for_who_asked_goes_to_the_child_that_asked_for_itself(
    office: Office, smtp_sink: Sink, event: str
) -> None:
    made = _childs_letter(office)
    found: Any = _reader(office, smtp_sink, made, event)
    assert found <= {CHILD["email"]}
    assert _states(office, made)[event] in ("sent", "stale")
