"""Complaints: a queue of their own, confirmed at once, on a clock, for anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlmodel import col, select

from rights import logs
from rights.domain.errors import ConfigError
from rights.services import purge, queued
from rights.services.regimes import promise
from rights.store.ids import new_id
from rights.store.models import Complaint, Entry, IdentifierRow, Notice, Writing
from tests.web.correspondence import STRANGE, Office, request_of
from tests.web.house import ALICE, BOB, HERE, House, Reply

EVE = {"email": "eve@example.com"}
_KEPT = (Complaint, Writing, Entry, Notice)


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


def _complain(house: House, text: str = STRANGE, **more: Any) -> Reply:
    headers = {name: more.pop(name) for name in ("token", "Idempotency_Key") if name in more}
    body = {"text": text, **({} if "token" in headers else {"subject": EVE}), **more}
    return house.post("/v1/complaints", body, **headers)


def _token(house: House, who: dict[str, str]) -> str:
    word = house.partner.assertion(who, house.clock.now(), "session")
    return str(house.post("/v1/portal-tokens", {"assertion": word}).json["token"])


def test_it_is_confirmed_at_once_with_a_reference_and_a_date(house: House) -> None:
    made = _complain(house)
    due = promise("complaint", None, ["cn_general"], house.clock.now()).promised_at

    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/complaints/{made.json['id']}"
    assert (made.json["state"], made.json["due_at"]) == ("open", due.isoformat())
    assert made.json["contact"] == "privacy@example.com"
    assert made.json["text"] == STRANGE
    assert house.get(f"/v1/complaints/{made.json['id']}").json == made.json
    with house.reading() as session:
        (told,) = session.exec(select(Notice)).all()
    assert (told.event, told.request_id) == ("complaint_received", made.json["id"])


@pytest.mark.requirement("R-20-1")
def test_about_a_request_it_stands_on_its_timeline_and_is_overdue_after_15_working_days(
    house: House, office: Office
) -> None:
    request_id = house.asserted()["id"]
    before = request_of(house, request_id)
    made = _complain(house, request_id=request_id)

    events = house.get(f"/v1/requests/{request_id}/timeline").json["events"]
    assert [e["event"] for e in events][-1] == "complaint_made"
    (row,) = _rows(house, Complaint)
    assert (row.request_id, row.promised_at) == (request_id, row.due_at)
    assert _working_days(house.clock.now(), row.due_at) == 15
    _due(house, made.json["id"], timedelta(minutes=5))
    assert [one["late"] for one in office.listed("complaints")] == [False]
    _due(house, made.json["id"], timedelta(seconds=-1))
    (listed,) = office.listed("complaints")
    assert (listed["complaint"], listed["request"], listed["late"]) == (row.id, request_id, True)
    assert "LATE" in office.run("complaints", "list").output
    assert "a complaint, LATE" in office.run("tasks", "list").output
    assert request_of(house, request_id).promised_at == before.promised_at


def _due(house: House, complaint_id: str, ahead: timedelta) -> None:
    with house.writing() as session:
        row = session.get_one(Complaint, complaint_id)
        row.promised_at = row.due_at = house.clock.now() + ahead


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_is_late_is_said_in_the_log_by_reference_only(house: House, hours: int) -> None:
    made = _complain(house, "canary-9").json
    with house.writing() as session:
        row = session.get_one(Complaint, made["id"])
        row.promised_at = house.clock.now() + timedelta(hours=hours)
    log = StringIO()
    logs.configure(log)

    late = queued.watch(house.engine, house.clock.now)

    assert late == (hours < 0)
    said = [orjson.loads(line) for line in log.getvalue().splitlines()]
    assert [(one["event"], one["step"]) for one in said] == [
        ("complaint.late", f"complaint-{made['id']}")
    ] * late
    assert "canary" not in log.getvalue()


def _working_days(start: Any, end: Any) -> int:
    """Count working days as the calendar of the product has them, the first day left out."""
    from rights.services.regimes import regimes  # noqa: PLC0415 - only here

    zone, calendar = ZoneInfo("Asia/Shanghai"), regimes()["cn_general"].counting.calendar
    assert calendar is not None
    day, last, found = start.astimezone(zone).date(), end.astimezone(zone).date(), 0
    while day < last:
        day = date.fromordinal(day.toordinal() + 1)
        found += calendar.works(day)
    return found


def _rows(house: House, model: Any) -> list[Any]:
    with house.reading() as session:
        return list(session.exec(select(model)))


def _map(folder: Path, controller: str) -> Path:
    text = (HERE / "datamap.yaml").read_text(encoding="utf-8")
    start, end = text.index("controller:"), text.index("identifiers:")
    file = folder / "datamap.yaml"
    file.write_text(text[:start] + controller + text[end:], encoding="utf-8")
    return file


@pytest.mark.requirement("R-20-1:bad")
def test_without_a_contact_to_complain_to_the_service_is_not_ready(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    house = furnished(datamap=_map(tmp_path, ""))

    ready = house.client.get("/readyz")

    assert ready.status_code == 503
    assert ready.get_json()["code"] == "no_complaint_contact"
    assert "controller.dpo_contact" in ready.get_json()["detail"]
    assert house.client.get("/healthz").status_code == 200


def test_a_contact_that_says_nothing_is_refused_with_the_map(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    name = "controller:\n  name: {zh: 示例公司, en: Sample Company}\n  dpo_contact: ' '\n"

    with pytest.raises(ConfigError, match="dpo_contact"):
        furnished(datamap=_map(tmp_path, name))


def test_it_is_answered_once_and_the_answer_is_told_without_its_text(
    house: House, office: Office
) -> None:
    request_id = house.asserted()["id"]
    made = _complain(house, request_id=request_id).json
    words = ("complaints", "answer", made["id"], "--file", "FILE", "--as")

    assert office.run(*words, "otto", text="x").exit_code == 1
    assert office.run(*words, "bot", text="x").exit_code == 1
    assert office.run(*words, "rui", text=" ").exit_code == 1
    done = office.run(*words, "rui", text="对不起。")
    again = office.run(*words, "rui", text="对不起。")

    said = house.get(f"/v1/complaints/{made['id']}").json
    assert (done.exit_code, again.exit_code) == (0, 1)
    assert (said["state"], said["answer"]) == ("answered", "对不起。")
    assert office.listed("complaints") == []
    events = house.get(f"/v1/requests/{request_id}/timeline").json["events"]
    assert [e["event"] for e in events][-1] == "complaint_answered"
    assert [n.event for n in _rows(house, Notice)][-1] == "complaint_answered"


def test_staff_read_it_by_name(house: House, office: Office) -> None:
    made = _complain(house, "您好").json

    shown = office.run("complaints", "show", made["id"], "--as", "rui")
    refused = office.run("complaints", "show", made["id"], "--as", "vera")
    unknown = office.run("complaints", "show", new_id(), "--as", "rui")

    assert "您好" in shown.output
    assert "eve@example.com" in shown.output
    assert (refused.exit_code, unknown.exit_code) == (1, 1)
    with house.reading() as session:
        read = select(Entry).where(Entry.event == "complaint_read")
        assert session.exec(read).one().data == {"complaint": made["id"]}


def test_what_is_written_stands_nowhere_in_clear(house: House) -> None:
    _complain(house, "canary-7")
    found = {m: [repr(r.model_dump()) for r in _rows(house, m)] for m in _KEPT}
    rows = [row for kept in found.values() for row in kept]

    assert all(found.values()), "there is something to look into"
    assert not any("canary" in row or "eve@" in row for row in rows)


def test_a_person_sees_their_own_and_nobody_elses(house: House) -> None:
    alices = _complain(house, token=_token(house, ALICE)).json["id"]
    bobs = _complain(house, token=_token(house, BOB)).json["id"]
    token = _token(house, ALICE)

    assert house.get(f"/v1/complaints/{alices}", token=token).status_code == 200
    foreign, none = (house.get(f"/v1/complaints/{one}", token=token) for one in (bobs, new_id()))
    assert (foreign.status_code, foreign.data) == (404, none.data)


def test_another_persons_request_and_none_are_refused_with_the_same_bytes(house: House) -> None:
    theirs = house.asserted(subject=BOB)["id"]
    token = _token(house, ALICE)

    foreign, none = (_complain(house, request_id=one, token=token) for one in (theirs, new_id()))

    assert (foreign.status_code, foreign.data) == (404, none.data)
    events = house.get(f"/v1/requests/{theirs}/timeline").json["events"]
    assert "complaint_made" not in [e["event"] for e in events]
    assert _rows(house, Complaint) == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "\u200b \u202e"}, "text"),
        ({"text": "a" * 10_001}, "text"),
        ({"subject": {}}, "subject"),
        ({"subject": {"email": "nobody"}}, "subject.email"),
        ({"subject": {"shoe_size": "42"}}, "subject.shoe_size"),
        ({"request_id": "x"}, "request_id"),
        ({"mood": "bad"}, "mood"),
    ],
)
def test_what_is_wrong_is_named(house: House, more: dict[str, Any], field: str) -> None:
    answered = _complain(house, **more)

    assert answered.status_code == 422
    assert field in [e["field"] for e in answered.json["errors"]]


def test_the_same_call_again_is_the_same_complaint(house: House) -> None:
    first, again = (_complain(house, Idempotency_Key="k") for _ in range(2))

    assert first.json == again.json
    assert len(_rows(house, Complaint)) == 1


def test_a_person_complains_twelve_times_an_hour(house: House) -> None:
    token = _token(house, ALICE)

    statuses = [_complain(house, token=token).status_code for _ in range(13)]

    assert statuses == [201] * 12 + [429]


def test_texts_go_a_while_after_the_answer_and_the_record_years_later(
    house: House, office: Office
) -> None:
    made = _complain(house).json
    still = _complain(house).json["id"]
    office.run("complaints", "answer", made["id"], "--file", "FILE", "--as", "rui", text="x")

    def forgotten() -> int:
        now = house.clock.now()
        return purge.purge(house.engine, house.context, house.blobs, now=now)["complaints"]

    house.clock.forward(days=29)
    assert forgotten() == 0
    house.clock.forward(days=2)
    assert forgotten() == 1
    for model in (Writing, IdentifierRow):
        assert {row.request_id for row in _rows(house, model)} == {still}
    said = house.get(f"/v1/complaints/{made['id']}").json
    assert (said["state"], said["text"], said["answer"]) == ("answered", None, None)
    house.clock.forward(days=1100)
    assert forgotten() == 1
    assert [row.id for row in _rows(house, Complaint)] == [still]
    with house.reading() as session:
        assert still in set(session.exec(select(col(Notice.request_id))))
