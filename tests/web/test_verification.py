"""One-time codes: right, wrong, late, too often; and what they add up to."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import audit, requests
from rights.services.verification import CODES_A_DAY
from rights.store.models import Challenge, Entry, Notice
from tests.web.house import ALICE, BOB, House, Reply, partner

TYPED = {"email": "alice@example.com"}


def _answer(house: House, request_id: str, **given: str) -> Reply:
    return house.post(f"/v1/requests/{request_id}/verification/answer", given)


def _again(house: House, request_id: str, purpose: str = "request") -> Reply:
    return house.post(f"/v1/requests/{request_id}/verification", {"purpose": purpose})


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_proves_control_of_the_address_it_went_to(house: House) -> None:
    made = house.submit("restriction", TYPED)

    reply = _answer(house, made["id"], code=house.code(made["id"]))

    assert (reply.json["state"], reply.json["level"]) == ("in_progress", 1)


def test_a_code_is_not_enough_where_more_is_asked(house: House) -> None:
    made = house.submit("deletion", TYPED)

    reply = _answer(house, made["id"], code=house.code(made["id"]))

    assert (reply.json["state"], reply.json["level"], reply.json["level_needed"]) == (
        "verifying",
        1,
        2,
    )


@pytest.mark.requirement("R-ID-1")
@pytest.mark.parametrize(
    ("kind", "acr", "code", "state"),
    [
        ("recommendation_opt_out", None, "", "in_progress"),
        ("consent_withdrawal", None, "", "in_progress"),
        ("restriction", None, "", "verifying"),
        ("restriction", None, "code", "in_progress"),
        ("correction", "session", "", "in_progress"),
        ("deletion", "session", "", "verifying"),
        ("deletion", None, "code", "verifying"),
        ("deletion", "session", "code", "in_progress"),
        ("account_cancellation", "mfa", "", "in_progress"),
        ("portability", "mfa", "code", "verifying"),
        ("portability", "real_name", "", "verifying"),
        ("portability", "real_name", "code", "in_progress"),
    ],
)
def test_each_kind_starts_at_its_level_and_not_below(
    house: House,
    kind: str,
    acr: str | None,
    code: str,
    state: str,
) -> None:
    made = house.asserted(kind, ALICE, acr) if acr else house.submit(kind)
    if code:
        made = _answer(house, made["id"], code=house.code(made["id"])).json

    assert made["state"] == state


def test_a_code_to_an_address_the_backend_does_not_vouch_for_adds_nothing(house: House) -> None:
    word = house.partner.assertion({"user_id": "u-1"}, house.clock.now())
    taken_over = {"kind": "deletion", "assertion": word, "subject": {"email": "thief@example.com"}}
    made = house.post("/v1/requests", taken_over).json

    reply = _answer(house, made["id"], code=house.code(made["id"]))

    assert (reply.json["level"], reply.json["state"]) == (1, "verifying")


def test_an_assertion_can_come_after_the_code(house: House) -> None:
    made = house.submit("deletion")
    _answer(house, made["id"], code=house.code(made["id"]))

    word = house.partner.assertion(ALICE, house.clock.now())
    reply = _answer(house, made["id"], assertion=word)

    assert reply.json["state"] == "in_progress"


def test_an_assertion_about_somebody_else_finds_no_request(house: House) -> None:
    made = house.submit("deletion")

    reply = _answer(house, made["id"], assertion=house.partner.assertion(BOB, house.clock.now()))

    assert reply.status_code == 404


def test_a_wrong_code_is_refused_without_a_hint(house: House) -> None:
    made = house.submit("restriction", TYPED)
    right = house.code(made["id"])

    wrong = _answer(house, made["id"], code=_wrong(right))
    house.clock.forward(minutes=11)
    late = _answer(house, made["id"], code=right)

    assert wrong.status_code == late.status_code == 401
    assert wrong.json == late.json
    assert wrong.json["code"] == "wrong_code"


def test_five_wrong_tries_end_a_code(house: House) -> None:
    made = house.submit("restriction", TYPED)
    right = house.code(made["id"])

    for _ in range(5):
        assert _answer(house, made["id"], code=_wrong(right)).status_code == 401
    reply = _answer(house, made["id"], code=right)

    assert (reply.status_code, reply.json["code"]) == (429, "wrong_codes")
    with house.reading() as session:
        (row,) = session.exec(select(Challenge)).all()
        refused = session.exec(select(Entry).where(Entry.event == "code_refused")).all()
    assert (row.tries, len(refused)) == (5, 5)


def test_a_code_is_good_once(house: House) -> None:
    made = house.submit("deletion", TYPED)
    code = house.code(made["id"])
    _answer(house, made["id"], code=code)

    assert _answer(house, made["id"], code=code).status_code == 401


def test_a_code_of_one_request_is_nothing_for_another(house: House) -> None:
    mine, theirs = house.submit("restriction", TYPED), house.submit("restriction", BOB)
    code = house.code(mine["id"])
    if code == house.code(theirs["id"]):
        pytest.fail("two codes were equal: one chance in a million")

    assert _answer(house, theirs["id"], code=code).status_code == 401


def test_a_new_code_can_be_asked_for_after_the_cool_down_and_ends_the_old(house: House) -> None:
    made = house.submit("restriction", TYPED)
    old = house.code(made["id"])

    early = _again(house, made["id"])
    house.clock.forward(seconds=61)
    sent = _again(house, made["id"])
    new = house.code(made["id"])

    assert (early.status_code, early.json["code"]) == (429, "too_many")
    assert 0 < int(early.headers["Retry-After"]) <= 60
    assert (sent.status_code, sent.json["to"]) == (202, "email")
    if old != new:
        assert _answer(house, made["id"], code=old).status_code == 401
    assert _answer(house, made["id"], code=new).status_code == 200


def test_codes_run_out_for_the_day(house: House) -> None:
    made = house.submit("restriction", TYPED)
    for _ in range(CODES_A_DAY - 1):
        house.clock.forward(minutes=2)
        assert _again(house, made["id"]).status_code == 202

    house.clock.forward(minutes=2)

    assert _again(house, made["id"]).status_code == 429


def test_guessing_is_slowed_down_per_request(furnished: object) -> None:
    house: House = furnished(rate_verification="3/minute")  # type: ignore[operator]  # a fixture that makes houses
    made = house.submit("restriction", TYPED)

    replies = [_answer(house, made["id"], code="000000").status_code for _ in range(4)]

    assert replies[-1] == 429


def test_a_code_for_a_download_is_no_code_for_the_request(house: House) -> None:
    made = house.submit("restriction", TYPED)
    _again(house, made["id"], "grant")
    grant = house.code(made["id"], "grant")
    if grant == house.code(made["id"]):
        pytest.fail("two codes were equal: one chance in a million")

    assert _answer(house, made["id"], code=grant).status_code == 401


def test_nothing_to_prove_with_is_a_mistake(house: House) -> None:
    assert _answer(house, house.submit()["id"]).status_code == 422


def test_a_closed_request_takes_no_proof(house: House) -> None:
    made = house.submit("restriction", TYPED)
    code = house.code(made["id"])
    house.post(f"/v1/requests/{made['id']}/cancel")

    assert _answer(house, made["id"], code=code).status_code == 409
    assert _again(house, made["id"]).status_code == 409


def test_another_backend_cannot_answer(house: House) -> None:
    made = house.submit("restriction", TYPED)
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())
    path = f"/v1/requests/{made['id']}/verification/answer"

    reply = house.post(path, {"code": house.code(made["id"])}, token=other.key)

    assert reply.status_code == 404


@pytest.mark.requirement("R-NEG-27")
def test_a_repeat_is_merged_once_it_is_proved_and_the_earlier_date_stands(house: House) -> None:
    house.clock.at = datetime(2026, 11, 23, 15, 55, tzinfo=UTC)  # just before midnight in Shanghai
    asked = [house.submit("restriction", TYPED)]
    house.clock.forward(minutes=6)
    asked.append(house.submit("restriction", TYPED))
    assert asked[0]["due_at"] < asked[1]["due_at"]

    _answer(house, asked[1]["id"], code=house.code(asked[1]["id"]))
    merged = _answer(house, asked[0]["id"], code=house.code(asked[0]["id"])).json

    assert (merged["state"], merged["merged_into"]) == ("revoked", asked[1]["id"])
    stands = house.get(f"/v1/requests/{asked[1]['id']}").json
    assert (stands["state"], stands["due_at"]) == ("in_progress", asked[0]["due_at"])
    assert stands["received_at"] == asked[1]["received_at"]
    with house.reading() as session:
        events = {e.event: e.data for e in audit.entries(session, asked[1]["id"])}
    assert events["repeat_merged"]["until"] == asked[0]["due_at"]


@pytest.mark.parametrize("ends", [None, Event.DENIED])
def test_a_repeat_is_proved_while_the_first_one_is_worked_on(
    house: House, ends: Event | None
) -> None:
    house.clock.at = datetime(2026, 11, 23, 15, 55, tzinfo=UTC)
    repeat = house.submit("restriction", TYPED)["id"]
    house.clock.forward(minutes=6)
    first = house.submit("restriction", TYPED)["id"]
    _answer(house, first, code=house.code(first))
    code, answers = house.code(repeat), list[Any]()
    answering = Thread(target=lambda: answers.append(_answer(house, repeat, code=code)))

    with house.writing() as session:
        found, now = requests.locked(session, first), house.clock.now()
        answering.start()
        answering.join(0.5)
        if ends is None:
            audit.append(session, found, [audit.Line("step_done", "system", {})], now=now)
        else:
            requests.record(session, found, ends, actor="staff:1", now=now)
    answering.join()

    (answer,) = answers
    assert answer.status_code == 200, answer.json
    assert answer.json["state"] == ("in_progress" if ends else "revoked")
    with house.reading() as session:
        events = [e.event for e in audit.entries(session, first)]
    assert ("repeat_merged" in events) == (ends is None)


def test_the_code_is_in_no_answer_and_no_entry(house: House) -> None:
    made = house.submit("restriction", TYPED)
    code = house.code(made["id"])
    house.clock.forward(seconds=61)
    sent = _again(house, made["id"])

    with house.reading() as session:
        entries = str([e.data for e in session.exec(select(Entry))])
        notices = str([n.model_dump() for n in session.exec(select(Notice))])
    assert code not in str(made) + str(sent.json) + entries + notices
