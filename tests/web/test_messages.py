"""Messages about a request: sealed, in both directions, and they move nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import messages, rotation, webhooks, writings
from rights.services import requests as lifecycle
from rights.store.ids import new_id
from rights.store.keys import Keyring
from rights.store.models import Entry, Notice, Request, WebhookDelivery, Writing
from rights.store.vault import Vault
from tests.web.correspondence import STRANGE, Office, request_of
from tests.web.house import ALICE, BOB, KEYS, House

EVE = {"email": "eve@example.com"}


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


def _token(house: House, who: dict[str, str]) -> str:
    word = house.partner.assertion(who, house.clock.now(), "mfa")
    return str(house.post("/v1/portal-tokens", {"assertion": word}).json["token"])


def test_both_sides_write_and_read_in_order_and_no_name_of_staff_is_told(
    house: House, office: Office
) -> None:
    path = f"/v1/requests/{house.asserted()['id']}/messages"
    said = house.post(path, {"text": f"  {STRANGE}\r\nline two "}, token=_token(house, ALICE))
    house.clock.forward(minutes=1)
    sent = office.run(
        "messages", "send", path.split("/")[3], "--as", "rui", "--file", "FILE", text="您好"
    )

    found = house.get(path).json

    assert (said.status_code, sent.exit_code) == (201, 0), sent.output
    assert [(m["by"], m["text"]) for m in found["messages"]] == [
        ("person", f"{STRANGE}\nline two"),
        ("staff", "您好"),
    ]
    assert "rui" not in json.dumps(found)
    assert found == house.get(path, token=_token(house, ALICE)).json


def test_what_is_written_is_sealed_and_nowhere_else(house: House, office: Office) -> None:
    request_id = house.asserted()["id"]
    house.post(f"/v1/requests/{request_id}/messages", {"text": "canary-4711"})
    office.run("messages", "send", request_id, "--as", "ana", "--file", "FILE", text="canary-4712")

    with house.reading() as session:
        rows = [
            repr(one.model_dump())
            for m in (Writing, Entry, Notice, Request)
            for one in session.exec(select(m))
        ]
    assert not any("canary" in row for row in rows)
    events = [e.event for e in _entries(house, request_id)]
    assert events[-2:] == ["message_received", "message_sent"]


def _entries(house: House, request_id: str) -> list[Entry]:
    with house.reading() as session:
        query = select(Entry).where(Entry.chain == request_id).order_by(col(Entry.seq))
        return list(session.exec(query))


def test_a_message_of_staff_is_told_by_mail_and_webhook_without_its_text(
    house: House, office: Office
) -> None:
    hook = {"url": "https://1.1.1.1/h", "events": ["request.message"]}
    assert house.post("/v1/webhooks", hook).status_code == 201
    request_id = house.asserted()["id"]
    office.run("messages", "send", request_id, "--as", "rui", "--file", "FILE", text="canary-1")

    with house.reading() as session:
        (sent,) = session.exec(select(WebhookDelivery)).all()
        notices = [n.event for n in session.exec(select(Notice)) if n.request_id == request_id]
    assert "message" in notices
    assert json.loads(sent.body)["data"].keys() == {
        "request_id", "kind", "option", "state", "wait", "due_at"
    }  # fmt: skip


def test_a_message_stops_no_clock_and_is_not_what_was_missing(house: House) -> None:
    made = house.asserted("correction", values={"text": "my name is wrong"})
    with house.writing() as session:
        request = session.get_one(Request, made["id"])
        lifecycle.record(session, request, Event.HELD, actor="system", now=house.clock.now())
        request.wait = Wait.NEEDS_INFO
    before = request_of(house, made["id"])

    house.post(f"/v1/requests/{made['id']}/messages", {"text": "it should say Ali"})

    after = request_of(house, made["id"])
    assert (after.state, after.wait, after.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["changes"])
    assert (after.due_at, after.promised_at) == (before.due_at, before.promised_at)


def test_what_was_written_before_somebody_said_it_was_not_them_is_shown_to_nobody_who_asked(
    house: House, office: Office
) -> None:
    request_id = house.asserted()["id"]
    path = f"/v1/requests/{request_id}/messages"
    send = ("messages", "send", request_id, "--as", "rui", "--file", "FILE")
    office.run(*send, text="we found two accounts")
    with house.writing() as session:
        session.get_one(Request, request_id).not_me_at = datetime.now(UTC)

    office.run(*send, text="who are you?")

    assert [m["text"] for m in house.get(path).json["messages"]] == ["who are you?"]
    shown = office.run("messages", "show", request_id, "--as", "rui").output
    assert "two accounts" in shown
    assert "who are you?" in shown
    with house.writing() as session:
        session.get_one(Request, request_id).not_me_at = None
    assert len(house.get(path).json["messages"]) == 2


def test_who_did_not_prove_enough_may_write_and_reads_nothing(house: House, office: Office) -> None:
    made = house.submit("access", EVE)
    path = f"/v1/requests/{made['id']}/messages"
    wrote = house.post(path, {"text": "hello"})
    office.run("messages", "send", made["id"], "--as", "ana", "--file", "FILE", text="we found")

    assert wrote.status_code == 201
    assert house.get(path).json == {"messages": [], "withheld": True}


def test_another_persons_request_and_none_answer_the_same_bytes(house: House) -> None:
    theirs = house.asserted(subject=BOB)["id"]
    token = _token(house, ALICE)
    for method, body in (("GET", None), ("POST", {"text": "x"})):
        said = {
            house.call(method, f"/v1/requests/{one}/messages", body, token=token).data
            for one in (theirs, new_id())
        }
        assert len(said) == 1


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        (" \n\u200b\u2060 ", 422),
        ("a" * 10_000, 201),
        ("好" * 10_000, 201),
        ("a" * 10_001, 422),
        ("\x00", 422),
        ("bell \x07", 422),
        (7, 422),
    ],
)
def test_what_is_no_message_is_refused_by_name(house: House, text: object, status: int) -> None:
    path = f"/v1/requests/{house.asserted()['id']}/messages"

    answered = house.post(path, {"text": text})

    assert answered.status_code == status
    if status == 422:
        assert [e["field"] for e in answered.json["errors"]] == ["text"]


def test_each_side_has_room_for_fifty(house: House, office: Office) -> None:
    request_id = house.asserted()["id"]
    path = f"/v1/requests/{request_id}/messages"
    statuses = [house.post(path, {"text": str(n)}).status_code for n in range(messages.MOST)]
    late = house.post(path, {"text": "one more"})
    staff = office.run("messages", "send", request_id, "--as", "ana", "--file", "FILE", text="yes")

    assert set(statuses) == {201}
    assert (late.status_code, late.json["code"]) == (409, "messages_used_up")
    assert staff.exit_code == 0


def test_the_same_call_again_writes_once(house: House) -> None:
    path = f"/v1/requests/{house.asserted()['id']}/messages"
    first = house.post(path, {"text": "x"}, Idempotency_Key="k")
    again = house.post(path, {"text": "x"}, Idempotency_Key="k")

    assert first.json == again.json
    assert len(house.get(path).json["messages"]) == 1


def test_what_waits_for_an_answer_is_listed_until_it_is_answered(
    house: House, office: Office
) -> None:
    request_id = house.asserted()["id"]
    house.post(f"/v1/requests/{request_id}/messages", {"text": "x"})
    assert [one["request"] for one in office.listed("messages")] == [request_id]
    assert f"message-{request_id}" in office.run("tasks", "list").output

    house.clock.forward(seconds=-5)  # the command line takes the register's own time
    office.run("messages", "send", request_id, "--as", "rui", "--file", "FILE", text="y")

    assert office.listed("messages") == []


def test_staff_read_by_name_and_the_trail_says_so(house: House, office: Office) -> None:
    request_id = house.asserted()["id"]
    house.post(f"/v1/requests/{request_id}/messages", {"text": "您好"})

    shown = office.run("messages", "show", request_id, "--as", "rui")
    refused = office.run("messages", "show", request_id, "--as", "otto")
    machine = office.run("messages", "send", request_id, "--as", "bot", "--file", "FILE", text="x")

    assert "您好" in shown.output
    assert (refused.exit_code, machine.exit_code) == (1, 1)
    assert _entries(house, request_id)[-1].event == "messages_read"


def test_a_file_that_is_no_text_is_refused(house: House, office: Office) -> None:
    request_id = house.asserted()["id"]
    for text in (b"\xff\xfe\x00", b"", b"x" * 10_001):
        words = ("messages", "send", request_id, "--as", "ana", "--file", "FILE")
        assert office.run(*words, text=text).exit_code == 1
    assert house.get(f"/v1/requests/{request_id}/messages").json["messages"] == []


def test_after_contacts_are_forgotten_nothing_can_be_written(house: House) -> None:
    request_id = house.asserted()["id"]
    house.post(f"/v1/requests/{request_id}/cancel")
    assert house.post(f"/v1/requests/{request_id}/messages", {"text": "x"}).status_code == 201
    house.clock.forward(days=30)

    late = house.post(f"/v1/requests/{request_id}/messages", {"text": "x"})

    assert (late.status_code, late.json["code"]) == (409, "forgotten")
    assert "request.message" in webhooks.EVENTS


def test_a_new_key_seals_what_was_written_anew(house: House) -> None:
    request_id = house.asserted()["id"]
    house.post(f"/v1/requests/{request_id}/messages", {"text": STRANGE})
    both = Vault(Keyring.parse(f"k2:{base64.b64encode(b'n' * 32).decode()},{KEYS}"))

    counts = rotation.rotate(house.engine, both)

    assert counts["writing"] == 1
    with house.reading() as session:
        (row,) = session.exec(select(Writing)).all()
        (written,) = writings.read(session, both, request_id, (writings.MESSAGE_PERSON,))
    assert (both.key_id(row.sealed), written.text) == ("k2", STRANGE)
