"""What staff decide on the command line after somebody said that it was not them."""

from __future__ import annotations

import json

import pytest

from rights.domain.lifecycle import State
from rights.services import not_me
from rights.store.models import Entry, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader
from tests.web.portal.test_take_over import incidents, press, warn
from tests.web.test_denials import Office
from workflows.embedded.smtp import Sink

WHY = "she came to the shop"


@pytest.fixture
def office(house: House, smtp_sink: Sink) -> Office:
    return Office(house, smtp_sink)


@pytest.fixture
def stopped(office: Office) -> str:
    made: str = office.house.asserted("copy", ALICE)["id"]
    press(Reader(office.house), warn(office.house, made))
    return made


def _request(office: Office, request_id: str) -> Request:
    with office.house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def _release(
    office: Office, request_id: str, who: str, reason: str = "she came to the shop"
) -> int:
    return office.run("not-me", "release", request_id, "--as", who, "--reason", reason).returncode


def test_the_incident_is_a_task_and_a_verifier_lets_the_request_go_on(
    office: Office, stopped: str
) -> None:
    (task,) = json.loads(office.run("tasks", "list", "--json").stdout)
    assert (task["request"], task["code"], task["kind"]) == (stopped, not_me.CODE, "incident")
    assert "rights not-me release" in task["note"]

    assert _release(office, stopped, "vera") == 0

    assert _request(office, stopped).state is State.IN_PROGRESS
    assert _request(office, stopped).not_me_at is None
    assert json.loads(office.run("tasks", "list", "--json").stdout) == []
    trail = [(e.event, str(e.data)) for e in office.rows(Entry) if e.chain == stopped]
    assert "not_me_released" in {event for event, _ in trail}
    assert "she came" not in str(trail)


@pytest.mark.parametrize("who", ["ana", "bot", "nobody"])
def test_nobody_else_does(office: Office, stopped: str, who: str) -> None:
    assert _release(office, stopped, who) == 1

    assert _request(office, stopped).not_me_at is not None
    refused = [e.data["code"] for e in office.rows(Entry) if e.event == "staff_refused"]
    assert refused == ([] if who == "nobody" else ["forbidden"])


def test_without_a_reason_or_without_a_click_there_is_nothing_to_let_go(
    office: Office, stopped: str
) -> None:
    other = office.house.asserted("deletion", ALICE)["id"]

    assert _release(office, stopped, "vera", " ") == 1
    assert _release(office, other, "vera") == 1
    assert _request(office, stopped).not_me_at is not None


def test_a_denial_ends_it(office: Office, stopped: str) -> None:
    done = office.deny(stopped, "identity_unverified", who="vera")

    assert done.returncode == 0, done.stderr
    assert _request(office, stopped).state is State.DENIED
    (task,) = json.loads(office.run("tasks", "list", "--json").stdout)
    closed = office.run("tasks", "complete", task["step"], "--as", "ana", "--proof", "t-1")
    assert closed.returncode == 0, closed.stderr
    assert incidents(office.house) == [stopped]  # it stays on record


def test_the_incident_alone_is_not_completed_while_the_request_waits(
    office: Office, stopped: str
) -> None:
    (task,) = json.loads(office.run("tasks", "list", "--json").stdout)

    done = office.run("tasks", "complete", task["step"], "--as", "ana", "--proof", "t-1")

    assert done.returncode == 1
    assert "not-me release" in done.stderr
    assert _request(office, stopped).not_me_at is not None


def test_trust_lets_it_go_on_and_says_so_in_the_trail(office: Office) -> None:
    made = office.house.asserted("copy", ALICE)["id"]

    words = ("not-me", "trust", made, "--as", "vera", "--reason", "she called back")
    assert office.run(*words).returncode == 0
    assert office.run(*words[:3], "--as", "ana", "--reason", "x").returncode == 1

    events = [e.event for e in office.rows(Entry) if e.chain == made]
    assert "contact_trusted" in events
