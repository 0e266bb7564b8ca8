"""Appeals: once, on a clock of their own, decided by somebody who had no part in the request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.errors import Conflict
from rights.domain.lifecycle import Event, State
from rights.services import appeals, purge
from rights.services.regimes import promise
from rights.store.ids import new_id
from rights.store.models import Appeal, Entry, IdentifierRow, Notice, Request, Writing
from tests.web.correspondence import STRANGE, Office, code, request_of
from tests.web.house import ALICE, BOB, House, Reply
from tests.web.verifying import reached

WHY = "合同上周已经终止。"


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


@pytest.fixture
def denied(house: House, office: Office) -> str:
    """Return a request that ana denied."""
    request_id = str(house.asserted("deletion")["id"])
    office.denied(request_id)
    return request_id


def _appeal(house: House, request_id: str, text: str = WHY, **more: str) -> Reply:
    return house.post(f"/v1/requests/{request_id}/appeal", {"text": text}, **more)


def _one(house: House) -> Appeal:
    with house.reading() as session:
        found: Appeal = session.exec(select(Appeal)).one()
    return found


def _events(house: House, request_id: str) -> list[str]:
    with house.reading() as session:
        query = select(Entry.event).where(Entry.chain == request_id).order_by(col(Entry.seq))
        return list(session.exec(query))


def test_an_appeal_has_a_clock_of_its_own_and_is_confirmed(house: House, denied: str) -> None:
    house.clock.forward(days=3)
    made = _appeal(house, denied, STRANGE)
    due = promise("appeal", None, ["cn_general"], house.clock.now()).promised_at

    assert made.status_code == 201
    assert made.json["state"] == "open"
    assert made.json["due_at"] == due.isoformat()
    assert made.json == house.get(f"/v1/requests/{denied}/appeal").json
    with house.reading() as session:
        assert "appeal_received" in [n.event for n in session.exec(select(Notice))]
    assert request_of(house, denied).state is State.DENIED


@pytest.mark.requirement("R-P50-3")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_it_says_in_both_languages_that_nobody_has_to_appeal(
    house: House, denied: str, language: str
) -> None:
    said = _appeal(house, denied).json

    assert {"zh-CN": "不是必经程序", "en": "An appeal is optional"}[language] in said["optional"][
        language
    ]
    assert {"zh-CN": "法院", "en": "court"}[language] in said["optional"][language]
    assert [way["code"] for way in said["remedies"]] == ["authority_complaint", "peoples_court"]


@pytest.mark.requirement("R-P50-3:bad")
def test_it_cannot_be_given_to_who_decided(house: House, office: Office, denied: str) -> None:
    _appeal(house, denied)
    appeal = _one(house).id

    refused = office.run("appeals", "assign", appeal, "--to", "ana", "--as", "wei")

    assert refused.exit_code == 1
    assert isinstance(refused.exception, Exception)
    assert getattr(refused.exception, "code", "") == "decided_before"
    assert _one(house).assigned_to == ""
    with house.reading() as session:
        tried = session.exec(select(Entry).where(Entry.event == "staff_refused")).one()
    assert tried.data == {"code": "decided_before", "act": "appeals assign"}


@pytest.mark.requirement("R-P50-3:bad")
def test_nor_to_who_approved_its_plan_or_left_a_part_out(house: House, office: Office) -> None:
    from rights.services import audit  # noqa: PLC0415 - only here

    request_id = str(house.asserted("deletion")["id"])
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        lines = [
            audit.Line("plan_approved", f"staff:{office.id_of('ana')}", {}),
            audit.Line("step_left_out", f"staff:{office.id_of('rui')}", {}),
            audit.Line("message_sent", f"staff:{office.id_of('wei')}", {}),
        ]
        audit.append(session, request, lines, now=house.clock.now())
    office.ended(request_id, Event.PARTLY_COMPLETED, by="")
    _appeal(house, request_id)
    appeal = _one(house).id

    assert office.run("appeals", "assign", appeal, "--to", "ana", "--as", "ana").exit_code == 1
    assert office.run("appeals", "assign", appeal, "--to", "rui", "--as", "ana").exit_code == 1
    assert office.run("appeals", "assign", appeal, "--to", "wei", "--as", "ana").exit_code == 0
    with house.reading() as session:
        request = session.get_one(Request, request_id)
        assert appeals.deciders(session, request) == {office.id_of("ana"), office.id_of("rui")}


def _decide(office: Office, appeal: str, how: str, *, by: str = "wei", text: Any = "理由。") -> Any:
    office.run("appeals", "assign", appeal, "--to", by, "--as", "wei")
    words = ("appeals", "decide", appeal, how, "--reason-file", "FILE", "--as", by)
    return office.run(*words, text=text)


def test_dismissed_it_is_told_with_reasons_and_the_ways_left(
    house: House, office: Office, denied: str
) -> None:
    _appeal(house, denied)

    done = _decide(office, _one(house).id, "--dismiss")

    said = house.get(f"/v1/requests/{denied}/appeal").json
    assert done.exit_code == 0, done.output
    assert (said["state"], said["reasons"], said["led_to"]) == ("dismissed", "理由。", None)
    assert [way["code"] for way in said["remedies"]] == ["authority_complaint", "peoples_court"]
    assert _events(house, denied)[-1] == "appeal_dismissed"
    with house.reading() as session:
        assert len(list(session.exec(select(Request)))) == 1


def test_upheld_it_begins_the_same_request_anew(house: House, office: Office) -> None:
    parameters = {"ground": "purpose_achieved"}
    first = house.asserted("deletion", parameters=parameters)
    office.denied(first["id"])
    _appeal(house, first["id"])

    done = _decide(office, _one(house).id, "--uphold")

    said = house.get(f"/v1/requests/{first['id']}/appeal").json
    anew = house.get(f"/v1/requests/{said['led_to']}").json
    assert done.output.strip() == said["led_to"]
    assert anew["follows"] == first["id"]
    assert request_of(house, anew["id"]).parameters == parameters
    same = ("kind", "option", "regimes", "locale", "level", "level_needed")
    assert [anew[n] for n in same] == [first[n] for n in same]
    assert anew["state"] == "in_progress"
    assert request_of(house, first["id"]).state is State.DENIED
    assert [_proofs(house, one) for one in (first["id"], anew["id"])] == [
        {"user_id": "assertion", "email": "assertion"}
    ] * 2


def _proofs(house: House, request_id: str) -> dict[str, str]:
    with house.reading() as session:
        rows = session.exec(select(IdentifierRow).where(IdentifierRow.request_id == request_id))
        return {row.type: row.proof for row in rows}


def test_what_a_code_proved_is_carried_over_and_not_asked_for_again(
    house: House, office: Office
) -> None:
    made = house.submit("restriction", {"email": "eve@example.com"})
    house.post(f"/v1/requests/{made['id']}/verification/answer", {"code": house.code(made["id"])})
    office.denied(made["id"])
    _appeal(house, made["id"])
    _decide(office, _one(house).id, "--uphold")

    anew = request_of(house, _one(house).led_to)

    assert (anew.state, anew.level) == (State.IN_PROGRESS, 1)
    assert _proofs(house, anew.id) == {"email": "code"}


def test_what_was_never_proved_is_proved_first(house: House, office: Office) -> None:
    made = house.submit("deletion", {"email": "eve@example.com"})
    office.denied(made["id"])
    _appeal(house, made["id"])
    _decide(office, _one(house).id, "--uphold")

    anew = request_of(house, _one(house).led_to)

    assert (anew.state, anew.level) == (State.VERIFYING, 0)
    assert house.code(anew.id)


def test_what_somebody_asked_for_another_does_not_begin_anew(house: House, office: Office) -> None:
    request_id = reached(house)
    office.denied(request_id)
    _appeal(house, request_id)

    done = _decide(office, _one(house).id, "--uphold")

    assert isinstance(done.exception, Conflict)
    assert done.exception.code == "acted_for"
    assert _one(house).outcome == ""
    with house.reading() as session:
        assert len(list(session.exec(select(Request)))) == 1


def test_values_of_a_correction_go_along(house: House, office: Office) -> None:
    from rights.services import notes  # noqa: PLC0415 - only here

    change = {"field": "shop.users.nickname", "value": "Ali"}
    made = house.asserted("correction", values={"changes": [change]})
    office.denied(made["id"])
    _appeal(house, made["id"])
    _decide(office, _one(house).id, "--uphold")

    with house.reading() as session:
        given = notes.read(session, house.context.vault, _one(house).led_to, "values")
    assert given == [{"changes": [change]}]


def test_one_open_appeal_and_none_after_it_was_decided(
    house: House, office: Office, denied: str
) -> None:
    first = _appeal(house, denied, Idempotency_Key="k")
    assert _appeal(house, denied, Idempotency_Key="k").json == first.json
    second = _appeal(house, denied)
    _decide(office, first.json["id"], "--dismiss")
    third = _appeal(house, denied)

    assert (second.status_code, second.json["code"]) == (409, "appeal_open")
    assert (third.status_code, third.json["code"]) == (409, "appeal_decided")
    assert "complaint" in third.json["detail"]
    assert "court" in third.json["detail"]


def test_what_is_open_in_time_done_or_cancelled_is_not_appealed(
    house: House, office: Office
) -> None:
    waiting, done, cancelled = (
        house.asserted(kind)["id"] for kind in ("access", "copy", "deletion")
    )
    office.ended(done, Event.COMPLETED, by="")
    house.post(f"/v1/requests/{cancelled}/cancel")

    for one in (waiting, done, cancelled):
        answered = _appeal(house, one)
        assert (answered.status_code, answered.json["code"]) == (409, "not_appealable")


def test_the_end_of_a_restriction_on_a_named_day_is_not_appealed(
    house: House, office: Office
) -> None:
    restriction = house.asserted("restriction")["id"]
    office.ended(restriction, Event.COMPLETED, by="")
    day = (house.clock.now() + timedelta(days=20)).date().isoformat()
    lift = house.post(f"/v1/restrictions/{restriction}/lift", {"because": "x", "on": day}).json
    office.denied(lift["id"])

    answered = _appeal(house, lift["id"])

    assert (answered.status_code, answered.json["code"]) == (409, "not_appealable")


def test_what_is_late_is_appealed_and_nothing_begins_twice(house: House, office: Office) -> None:
    request_id = house.asserted("access")["id"]
    house.clock.forward(days=60)

    assert _appeal(house, request_id).status_code == 201
    _decide(office, _one(house).id, "--uphold")

    assert (_one(house).outcome, _one(house).led_to) == ("upheld", "")


def test_another_persons_and_no_request_answer_the_same_bytes(house: House, office: Office) -> None:
    theirs = house.asserted("deletion", subject=BOB)["id"]
    office.denied(theirs)
    mine = house.asserted("deletion")["id"]
    office.denied(mine)
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    token = house.post("/v1/portal-tokens", {"assertion": word}).json["token"]

    for method, body in (("POST", {"text": "x"}), ("GET", None)):
        said = {
            house.call(method, f"/v1/requests/{one}/appeal", body, token=token).data
            for one in (theirs, new_id())
        }
        assert len(said) == 1
    assert house.get(f"/v1/requests/{mine}/appeal").status_code == 404
    assert _appeal(house, mine, token=token).status_code == 201


@pytest.mark.parametrize("text", ["", " \n ", "\u200b", "a" * 10_001, None, ["x"]])
def test_an_appeal_says_something(house: House, denied: str, text: Any) -> None:
    assert _appeal(house, denied, text).status_code == 422


def test_only_whom_it_is_assigned_to_decides_once_and_with_reasons(
    house: House, office: Office, denied: str
) -> None:
    _appeal(house, denied)
    appeal = _one(house).id
    words = ("appeals", "decide", appeal, "--uphold", "--reason-file", "FILE", "--as")

    assert code(office.run(*words, "wei", text="x")) == "not_assigned"
    assert code(office.run(*words, "otto", text="x")) == "forbidden"
    assert office.run("appeals", "assign", appeal, "--to", "rui", "--as", "ana").exit_code == 1
    assert office.run("appeals", "assign", appeal, "--to", "bot", "--as", "ana").exit_code == 1
    office.run("appeals", "assign", appeal, "--to", "wei", "--as", "ana")
    assert code(office.run(*words, "ana", text="x")) == "not_assigned"
    assert code(office.run(*words, "wei", text=" ")) == "invalid"
    assert office.run(*words[:3], *words[4:], "wei", text="x").exit_code == 2
    assert office.run(*words, "wei", text="x").exit_code == 0
    assert code(office.run(*words, "wei", text="x")) == "appeal_decided"
    assert office.run("appeals", "assign", new_id(), "--to", "wei", "--as", "ana").exit_code == 1


def test_what_was_appealed_is_sealed_and_read_by_name(
    house: House, office: Office, denied: str
) -> None:
    _appeal(house, denied, "canary 您好")
    appeal = _one(house).id

    shown = office.run("appeals", "show", appeal, "--as", "wei")

    assert "canary 您好" in shown.output
    assert _events(house, denied)[-1] == "appeal_read"
    with house.reading() as session:
        assert not any(b"canary" in one.sealed for one in session.exec(select(Writing)))
    assert office.run("appeals", "show", appeal, "--as", "vera").exit_code == 1


def test_an_overdue_appeal_stands_first_and_is_called_late(
    house: House, office: Office, denied: str
) -> None:
    _appeal(house, denied)
    with house.writing() as session:
        row = session.exec(select(Appeal)).one()
        row.promised_at = row.due_at = house.clock.now() - timedelta(days=1)

    (listed,) = office.listed("appeals")

    assert (listed["late"], listed["request"]) == (True, denied)
    assert "LATE" in office.run("appeals", "list").output
    assert "an appeal, LATE" in office.run("tasks", "list").output


def test_contacts_stay_while_an_appeal_is_open_and_until_its_answer_is_old(
    house: House, office: Office, denied: str
) -> None:
    def forgotten() -> int:
        return purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())[
            "contacts"
        ]

    house.clock.forward(days=29)
    _appeal(house, denied)
    house.clock.forward(days=20)
    assert forgotten() == 0
    with house.writing() as session:
        row = session.exec(select(Appeal)).one()
        row.outcome, row.decided_at = "dismissed", house.clock.now()
    house.clock.forward(days=29)
    assert forgotten() == 0
    house.clock.forward(days=2)
    assert forgotten() == 1
    with house.reading() as session:
        assert list(session.exec(select(Writing))) == []


def test_after_contacts_are_forgotten_it_is_too_late(house: House, denied: str) -> None:
    house.clock.forward(days=30)

    answered = _appeal(house, denied)

    assert (answered.status_code, answered.json["code"]) == (409, "forgotten")
