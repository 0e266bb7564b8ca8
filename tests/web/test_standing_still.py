"""A clock stands still only where every law knows it, and only while the person is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rights.domain.lifecycle import State, Wait
from rights.services import clocks, requests
from tests.web import timekeeping as desk
from tests.web.correspondence import Office, code
from tests.web.house import ALICE, House
from tests.web.test_extending import ONE_REGISTER
from workflows import clock_watch
from workflows.embedded.smtp import Sink

QUESTION = '[{"question": "Which account do you mean?", "why": "There are two."}]'


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    made = desk.office_of(furnished, smtp_sink, tmp_path, monkeypatch)
    made.house.clock.at = desk.at("2026-03-02")
    return made


def _pause(office: Office, request_id: str, cause: str, by: str = "ana") -> Any:
    return office.run("clocks", "pause", request_id, "--cause", cause, "--as", by)


def _resume(office: Office, request_id: str) -> Any:
    return office.run("clocks", "resume", request_id, "--as", "ana")


def _asked(office: Office, request_id: str) -> None:
    done = office.run("requests", "ask", request_id, "--as", "ana", "--file", "FILE", text=QUESTION)
    assert done.exit_code == 0, done.output


def _answer(office: Office, request_id: str) -> None:
    answers = {"answers": {"question_1": "The first one"}}
    reply = office.house.post(f"/v1/requests/{request_id}/information", answers)
    assert reply.status_code == 200, reply.json


def _listed(office: Office) -> dict[str, Any]:
    found = json.loads(office.run("clocks", "list", "--json").stdout)
    return {one["request"]: one for one in found}


@pytest.mark.requirement("R-SLA-6", "R-UK12-1")
def test_ten_days_of_waiting_for_a_proof_move_the_date_by_ten_days(office: Office) -> None:
    request_id, house = desk.proving(office, "uk_gdpr"), office.house
    assert desk.dates(office, request_id) == ("2026-04-02", "2026-04-02")

    assert _pause(office, request_id, "identity").exit_code == 0
    still = house.get(f"/v1/requests/{request_id}").json
    house.clock.forward(days=10, hours=5)
    said = {"assertion": house.partner.assertion(ALICE, house.clock.now(), "mfa")}
    house.post(f"/v1/requests/{request_id}/verification/answer", said)

    assert still["paused"]["cause"] == "identity"
    assert still["paused"]["since"][:10] == "2026-03-02"
    assert desk.request_of(office, request_id).state is State.IN_PROGRESS
    # 12 April is a Sunday: the law lets it end on the 13th, and we keep the 10th.
    assert desk.dates(office, request_id) == ("2026-04-10", "2026-04-10")
    (moved,) = desk.entries(office, request_id, "clock_moved")
    assert (moved["days"], moved["until"][:10]) == (10, "2026-04-10")
    assert desk.entries(office, request_id, "clock_resumed") == [
        {"cause": "identity", "why": "answered"}
    ]
    assert house.get(f"/v1/requests/{request_id}").json["paused"] is None


def test_while_it_stands_still_nobody_is_told_that_time_runs_out(office: Office) -> None:
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    assert _pause(office, request_id, "clarification", by="rui").exit_code == 0

    house.clock.forward(days=90)
    desk.watch(office)
    listed = _listed(office)[request_id]
    said = office.run("clocks", "list").output
    _answer(office, request_id)

    assert desk.entries(office, request_id, clocks.EVENT) == []
    assert (listed["late"], listed["paused"], listed["paused_since"][:10]) == (
        False,
        "clarification",
        "2026-03-02",
    )
    assert "stands still since 2026-03-02: clarification" in said
    assert desk.request_of(office, request_id).pause_cause == ""
    assert desk.dates(office, request_id) == ("2026-07-01", "2026-07-01")
    house.clock.forward(days=16)
    desk.watch(office)
    assert [e["stage"] for e in desk.entries(office, request_id, clocks.EVENT)] == [50]


@ONE_REGISTER
def test_parts_of_days_are_not_added_and_pauses_add_up(office: Office) -> None:
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    for _ in range(2):
        _pause(office, request_id, "clarification")
        house.clock.forward(hours=36)
        said = _resume(office, request_id)
        assert said.exit_code == 0, said.output

    assert [m["days"] for m in desk.entries(office, request_id, "clock_moved")] == [1, 2]
    assert "promised by 2026-04-02" in said.output  # the 5th is a Sunday, the 3rd Good Friday


@ONE_REGISTER
def test_with_more_time_both_count(office: Office) -> None:
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    _pause(office, request_id, "clarification")
    house.clock.forward(days=3)
    assert desk.extend(office, request_id).exit_code == 0  # the clock stands still meanwhile
    house.clock.forward(days=2)
    _answer(office, request_id)
    assert desk.dates(office, request_id)[1] == "2026-04-07"
    desk.sent(office)

    # Three months from 2 March and five days: Sunday, 7 June.
    assert desk.dates(office, request_id)[1] == "2026-06-05"
    assert desk.request_of(office, request_id).first_due_at is not None


@ONE_REGISTER
def test_more_time_that_counts_while_the_clock_stands_still_is_not_added_twice(
    office: Office,
) -> None:
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    _pause(office, request_id, "clarification")
    house.clock.forward(days=35)
    assert desk.extend(office, request_id).exit_code == 0
    desk.sent(office)
    assert desk.dates(office, request_id)[1] == "2026-06-02"
    house.clock.forward(days=1)
    _answer(office, request_id)

    assert desk.dates(office, request_id)[1] == "2026-07-08"


@ONE_REGISTER
def test_what_closes_a_request_ends_its_pause_and_the_days_are_added_at_the_next_look(
    office: Office,
) -> None:
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    _pause(office, request_id, "clarification")
    house.clock.forward(days=7)
    assert house.post(f"/v1/requests/{request_id}/cancel", {}).status_code == 200
    house.clock.forward(days=1)
    desk.watch(office)

    ended = desk.entries(office, request_id, "clock_resumed")
    assert ended == [{"cause": "clarification", "why": "closed"}]
    assert [m["days"] for m in desk.entries(office, request_id, "clock_moved")] == [7]


def _over_by_itself(office: Office) -> str:
    """Return a request whose person is waited for no more, and whose pause nobody ended."""
    request_id, house = desk.working(office, "uk_gdpr"), office.house
    _asked(office, request_id)
    _pause(office, request_id, "clarification")
    with house.writing() as session:
        requests.locked(session, request_id).wait = Wait.TASK
    house.clock.forward(days=4)
    return request_id


def test_a_pause_that_nobody_ended_is_ended_by_the_next_look(office: Office) -> None:
    request_id = _over_by_itself(office)
    desk.watch(office)

    assert desk.request_of(office, request_id).pause_cause == ""
    assert desk.dates(office, request_id)[1] == "2026-04-02"  # the 6th is Easter Monday


def test_a_pause_that_is_over_ends_though_no_law_counts_its_days_any_more(office: Office) -> None:
    request_id, house = _over_by_itself(office), office.house
    laws = {name: law for name, law in house.context.regimes.items() if name != "uk_gdpr"}
    clock_watch.watch(house.engine, replace(house.context, regimes=laws), house.clock.now)

    assert desk.request_of(office, request_id).pause_cause == ""
    assert desk.entries(office, request_id, "clock_moved") == []
    desk.watch(office)  # the law is there again
    assert [m["days"] for m in desk.entries(office, request_id, "clock_moved")] == [4]


@ONE_REGISTER
@pytest.mark.requirement("R-SLA-6:bad")
@pytest.mark.parametrize("laws", [["cn_general"], ["us_ca"], ["br_lgpd"], ["uk_gdpr", "us_ca"]])
def test_a_law_without_pauses_refuses_them(office: Office, laws: list[str]) -> None:
    request_id = desk.proving(office, *laws)

    assert code(_pause(office, request_id, "identity")) == "pause_not_permitted"
    assert desk.request_of(office, request_id).pause_cause == ""


@ONE_REGISTER
def test_only_while_the_person_is_waited_for_and_for_what_the_law_names(office: Office) -> None:
    uk, eu = desk.proving(office, "uk_gdpr"), desk.proving(office, "eu_gdpr", kind="copy")
    working = desk.working(office, "uk_gdpr", kind="restriction")

    assert code(_pause(office, uk, "identity_doubt")) == "pause_not_permitted"
    assert code(_pause(office, uk, "fee")) == "no_fee_asked"
    assert code(_pause(office, uk, "clarification")) == "nobody_waited_for"
    assert code(_pause(office, working, "identity")) == "nobody_waited_for"
    assert code(_pause(office, working, "clarification")) == "nobody_waited_for"
    assert code(_pause(office, eu, "identity")) == "pause_not_permitted"
    assert code(_pause(office, eu, "identity_doubt")) == "nobody_waited_for"  # a code is no doubt
    demand = ("ask-proof", eu, "--way", "document", "--as", "vera", "--reason", "two accounts")
    assert office.run(*demand).exit_code == 0
    assert _pause(office, eu, "identity_doubt", by="vera").exit_code == 0
    assert code(_pause(office, uk, "identity", by="otto")) == "forbidden"
    assert code(_resume(office, uk)) == "not_paused"
    assert _pause(office, uk, "identity").exit_code == 0
    assert code(_pause(office, uk, "identity")) == "paused_already"
    office.house.clock.forward(days=60)
    assert code(_pause(office, working, "clarification")) == "pause_not_permitted"  # it is late
