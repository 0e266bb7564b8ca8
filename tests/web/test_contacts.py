"""Codes to the contact that was chosen, what two contacts add up to, how often one may guess."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from rights.services import contacts
from rights.services.verification import CODES_A_DAY
from rights.store.models import Challenge, Entry, IdentifierRow, Notice
from tests.web.house import House, Reply

PHONE = "+8613800138000"
BOTH = {"email": "alice@example.com", "phone": PHONE}
SMS = {"sms_url": "https://sms.example/messages"}


@pytest.fixture
def texting(furnished: Callable[..., House]) -> House:
    return furnished(**SMS)


def again(house: House, request_id: str, **said: Any) -> Reply:
    return house.post(f"/v1/requests/{request_id}/verification", said)


def answer(house: House, request_id: str, code: str) -> Reply:
    return house.post(f"/v1/requests/{request_id}/verification/answer", {"code": code})


def code_to(house: House, request_id: str, to: str, purpose: str = "request") -> str:
    """Return the newest code that was sent to one contact of a request."""
    with house.reading() as session:
        query = (
            select(Challenge)
            .join(IdentifierRow, IdentifierRow.id == Challenge.identifier_id)  # type: ignore[arg-type]  # as SQLModel types a comparison
            .where(Challenge.request_id == request_id, IdentifierRow.type == to)
        )
        found = [c for c in session.exec(query) if c.purpose == purpose and c.used_at is None]
        newest = max(found, key=lambda c: c.created_at)
    return house.context.vault.open(newest.sealed_code, aad=f"code|{newest.id}").decode()


def wrong(*codes: str) -> str:
    return next(f"{n:06d}" for n in range(10) if f"{n:06d}" not in codes)


def test_two_contacts_one_after_the_other_are_worth_the_second_level(texting: House) -> None:
    made = texting.submit("copy", BOTH)

    first = answer(texting, made["id"], code_to(texting, made["id"], "email")).json
    sent = again(texting, made["id"], to="phone")
    second = answer(texting, made["id"], code_to(texting, made["id"], "phone")).json

    assert (first["state"], first["level"]) == ("verifying", 1)
    assert (sent.status_code, sent.json["to"]) == (202, "phone")
    assert (second["state"], second["level"]) == ("in_progress", 2)


def test_one_contact_proved_twice_is_worth_one_level(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    for _ in range(2):
        reply = answer(texting, made["id"], code_to(texting, made["id"], "email"))
        again(texting, made["id"], to="email")

    assert (reply.status_code, reply.json["level"]) == (200, 1)
    assert texting.get(f"/v1/requests/{made['id']}").json["state"] == "verifying"


def test_one_address_under_two_names_is_one_contact(texting: House) -> None:
    with texting.writing() as session:
        values = [
            ("email", "a@example.com"),
            ("login", "a@example.com"),
            ("email", "b@example.com"),
        ]
        rows = [
            IdentifierRow(
                request_id="r1", type=name, blind="x", sealed=_sealed(texting, name, value)
            )
            for name, value in values
        ]
        places = [contacts.place(texting.context, row) for row in rows]
        session.rollback()

    assert places[0] == places[1] != places[2]


def _sealed(house: House, name: str, value: str) -> bytes:
    return house.context.vault.seal(value.encode(), aad=f"identifier|r1|{name}")


def test_the_code_of_one_contact_proves_that_one_and_no_other(texting: House) -> None:
    made = texting.submit("restriction", BOTH)
    texting.clock.forward(seconds=61)
    again(texting, made["id"], to="phone")

    answer(texting, made["id"], code_to(texting, made["id"], "phone"))

    with texting.reading() as session:
        rows = session.exec(select(IdentifierRow).where(IdentifierRow.request_id == made["id"]))
        assert {row.type: row.proof for row in rows} == {"email": "", "phone": "code"}
        (entry,) = session.exec(select(Entry).where(Entry.event == "code_answered"))
    assert entry.data["to"] == "phone"


def test_without_saying_where_to_the_code_goes_by_mail_as_before(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    texting.clock.forward(seconds=61)

    assert again(texting, made["id"]).json["to"] == "email"


def test_a_phone_alone_gets_a_code_where_there_is_a_provider(texting: House) -> None:
    made = texting.submit("restriction", {"phone": PHONE})

    reply = answer(texting, made["id"], code_to(texting, made["id"], "phone")).json

    assert made["next_step"]["code"] == "code"
    assert (reply["state"], reply["level"]) == ("in_progress", 1)


@pytest.mark.parametrize("to", ["user_id", "email", "nonsense", "phone\r\nX: y"])
def test_a_contact_that_cannot_get_a_code_is_refused_with_those_that_can(
    texting: House, to: str
) -> None:
    made = texting.submit("restriction", {"user_id": "u-1", "phone": PHONE})
    texting.clock.forward(seconds=61)

    reply = again(texting, made["id"], to=to)

    assert reply.status_code == 422
    (error,) = reply.json["errors"]
    assert (error["field"], error["allowed"]) == ("to", ["phone"])


def test_without_a_provider_no_phone_gets_a_code(house: House) -> None:
    made = house.submit("restriction", {"phone": PHONE})
    both = house.submit("restriction", BOTH)
    house.clock.forward(seconds=61)

    refused = again(house, both["id"], to="phone")

    assert made["next_step"]["code"] == "proof"
    assert again(house, made["id"]).json["code"] == "no_contact"
    assert refused.status_code == 422
    assert refused.json["errors"][0]["allowed"] == ["email"]


def test_a_new_code_ends_older_ones_to_the_same_contact_only(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    first = code_to(texting, made["id"], "email")
    texting.clock.forward(seconds=61)
    again(texting, made["id"], to="phone")
    texting.clock.forward(seconds=61)
    again(texting, made["id"], to="phone")
    texting.clock.forward(seconds=61)

    assert answer(texting, made["id"], first).json["level"] == 1
    again(texting, made["id"], to="phone")
    assert answer(texting, made["id"], code_to(texting, made["id"], "phone")).json["level"] == 2


def test_the_cool_down_and_the_days_codes_hold_across_contacts(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    early = again(texting, made["id"], to="phone")
    statuses = []
    for number in range(CODES_A_DAY):
        texting.clock.forward(minutes=2)
        statuses.append(again(texting, made["id"], to=("phone", "email")[number % 2]).status_code)

    assert early.status_code == 429
    assert 0 < int(early.headers["Retry-After"]) <= 60
    assert statuses == [202] * (CODES_A_DAY - 1) + [429]


def test_two_contacts_give_nobody_more_guesses(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    texting.clock.forward(seconds=61)
    again(texting, made["id"], to="phone")
    right = [code_to(texting, made["id"], to) for to in ("email", "phone")]

    for _ in range(5):
        assert answer(texting, made["id"], wrong(*right)).status_code == 401
    late = [answer(texting, made["id"], code) for code in right]

    assert [one.status_code for one in late] == [429, 429]
    with texting.reading() as session:
        assert [c.tries for c in session.exec(select(Challenge))] == [5, 5]


@pytest.mark.requirement("R-ID-5:bad")
def test_the_sixth_wrong_code_is_429_and_the_same_for_an_unknown_address(texting: House) -> None:
    texting.asserted("access", {"user_id": "u-9", "email": "known@example.com"})
    replies: list[list[tuple[int, bytes, str]]] = []
    for address in ("known@example.com", "never@example.com"):
        made = texting.submit("restriction", {"email": address})
        guess = wrong(code_to(texting, made["id"], "email"))
        told = [answer(texting, made["id"], guess) for _ in range(6)]
        replies.append([(r.status_code, r.data, r.headers.get("Retry-After", "")) for r in told])

    assert [status for status, *_ in replies[0]] == [401] * 5 + [429]
    assert int(replies[0][-1][2]) > 0
    assert replies[0] == replies[1]


def test_after_the_pause_for_wrong_codes_the_other_contact_is_open(texting: House) -> None:
    made = texting.submit("restriction", BOTH)
    first = code_to(texting, made["id"], "email")
    for _ in range(5):
        answer(texting, made["id"], wrong(first))
    texting.clock.forward(seconds=61)
    assert answer(texting, made["id"], first).status_code == 429
    texting.clock.forward(minutes=15)
    again(texting, made["id"], to="phone")

    assert answer(texting, made["id"], first).status_code == 401
    reply = answer(texting, made["id"], code_to(texting, made["id"], "phone"))
    assert reply.json["state"] == "in_progress"


def test_an_expired_code_of_one_contact_is_nothing(texting: House) -> None:
    made = texting.submit("copy", BOTH)
    old = code_to(texting, made["id"], "email")
    texting.clock.forward(minutes=9)
    again(texting, made["id"], to="phone")
    texting.clock.forward(minutes=2)

    assert answer(texting, made["id"], old).status_code == 401
    assert answer(texting, made["id"], code_to(texting, made["id"], "phone")).json["level"] == 1


def test_a_download_is_opened_by_a_code_to_the_chosen_contact(texting: House) -> None:
    made = texting.submit("access", {"user_id": "u-1", **BOTH}, option="summary")
    answer(texting, made["id"], code_to(texting, made["id"], "email"))
    package = texting.package(made["id"], b"copy")
    again(texting, made["id"], purpose="grant", to="phone")
    path = f"/v1/requests/{made['id']}/packages/{package}/grants"

    reply = texting.post(path, {"code": code_to(texting, made["id"], "phone", "grant")})

    assert reply.status_code == 201


@pytest.mark.requirement("R-NEG-25")
def test_known_and_unknown_phones_are_answered_alike(texting: House) -> None:
    known, unknown = {"phone": PHONE}, {"phone": "+8613900139000"}
    texting.asserted("access", {"user_id": "u-1", **known})
    steps = []
    for who in (known, unknown):
        made = texting.submit("restriction", who)
        bad = answer(texting, made["id"], "x")
        texting.clock.forward(seconds=61)
        sent = again(texting, made["id"], to="phone")
        right = answer(texting, made["id"], code_to(texting, made["id"], "phone"))
        line = texting.get(f"/v1/requests/{made['id']}/timeline")
        told = (bad, sent, right, line)
        steps.append([(r.status_code, len(re.sub(rb"[0-9a-f]{32}", b"", r.data))) for r in told])
        texting.clock.forward(seconds=-61)

    assert steps[0] == steps[1]


def test_no_number_is_in_an_answer_an_entry_or_a_notice(texting: House) -> None:
    made = texting.submit("restriction", {"phone": PHONE})
    texting.clock.forward(seconds=61)
    sent = again(texting, made["id"], to="phone")
    reply = answer(texting, made["id"], code_to(texting, made["id"], "phone"))

    with texting.reading() as session:
        entries = str([e.data for e in session.exec(select(Entry))])
        notices = str([n.model_dump() for n in session.exec(select(Notice))])
    assert "13800138000" not in str(made) + str(sent.json) + str(reply.json) + entries + notices
