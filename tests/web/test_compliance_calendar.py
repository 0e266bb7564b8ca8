"""Staff are told once of duties that fall due and are overdue; the command line marks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Forbidden
from rights.services import audit
from rights.store.models import DayChain, Staff
from tests.organisations import profile_file
from tests.web import timekeeping as desk
from tests.web.correspondence import Office
from tests.web.house import House
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink
from workflows.notices import duty_mail

SCHOOL = {"persons": 10_000_001, "minors_service": True, "is_ciio": True}
ADDRESSES = ("reviewer=desk@example.com", "dpo=dpo@example.com", "dpo=second@example.com")


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    more = {"alert_mail": ",".join(ADDRESSES), "staff_locale": "en"}
    file = profile_file(tmp_path, **SCHOOL)
    made = desk.office_of(furnished, smtp_sink, tmp_path, monkeypatch, organisation=file, **more)
    made.house.clock.at = datetime(2026, 11, 2, tzinfo=UTC)
    with made.house.writing() as session:
        session.add(Staff(name="dora", roles=["dpo"], created_at=made.house.clock.now()))
    return made


def _look(office: Office, done: duty_mail.Done) -> tuple[int, int]:
    """Look once as the relay does; return how many days are news, and how many mails went out."""
    house = office.house
    found = duty_mail.watch(house.engine, house.context, house.clock.now)
    return found, duty_mail.send(house.engine, house.context, house.clock.now, done)


def _told(office: Office) -> list[tuple[str, str, str]]:
    with office.house.reading() as session:
        days = session.exec(select(DayChain.name).order_by(DayChain.name)).all()
        found = [one for day in days for one in audit.entries(session, day)]
    return [(e.event, e.data["duty"], e.data["due"]) for e in found if e.event.startswith("duty_")]


def test_staff_are_told_once_that_a_day_comes_near_and_once_that_it_is_over(
    office: Office, smtp_sink: Sink
) -> None:
    done = duty_mail.Done()

    near = [_look(office, done), _look(office, done)]
    office.house.clock.at = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    last_day = _look(office, done)
    office.house.clock.at = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    over = [_look(office, done), _look(office, done)]

    # The audit of minors' data goes to the two of its owner; that of the CII operator to everybody.
    assert near == [(2, 5), (0, 0)]
    assert last_day == (0, 0), "the last day, in Shanghai, is in time"
    assert over == [(2, 5), (0, 0)]
    assert sorted(_told(office)) == [
        ("duty_overdue", "cii_assessment", "2026-12-31"),
        ("duty_overdue", "minors_audit", "2026-12-31"),
        ("duty_soon", "cii_assessment", "2026-12-31"),
        ("duty_soon", "minors_audit", "2026-12-31"),
    ]
    first = next(m for m in smtp_sink.messages if "minors" in m["Subject"])
    assert first["Subject"].startswith("Due by December 31, 2026")
    assert "Minors Regulation 37" in text_of(first)
    assert smtp_sink.messages[-1]["Subject"].startswith("OVERDUE")


def test_who_could_not_be_written_to_gets_it_later_and_what_is_done_is_told_to_nobody(
    office: Office, smtp_sink: Sink
) -> None:
    done = duty_mail.Done()
    smtp_sink.put_off.add("dpo@example.com")
    assert _look(office, done) == (2, 3)
    marked = office.run(
        "organisation", "done", "minors_audit", "--due", "2026-12-31", "--on", "2026-11-01",
        "--reference", "audit/7", "--as", "dora",
    )  # fmt: skip
    assert marked.exit_code == 0, marked.output
    smtp_sink.put_off.clear()

    assert _look(office, done) == (0, 1), "the other duty, to the one who has not had it"
    assert "risks" in smtp_sink.messages[-1]["Subject"]


def test_the_calendar_on_the_command_line_is_marked_and_opened_again(office: Office) -> None:
    def calendar() -> dict[str, dict[str, Any]]:
        listed = office.run("organisation", "calendar", "--json")
        assert listed.exit_code == 0, listed.output
        return {one["duty"]: one for one in json.loads(listed.stdout)}

    given = ("minors_audit", "--due", "2026-12-31")
    before = calendar()
    refused = office.run(
        "organisation", "done", *given, "--on", "2026-11-01", "--reference", "7", "--as", "rui"
    )
    office.run(
        "organisation", "done", *given, "--on", "2026-11-01", "--reference", "7", "--as", "dora"
    )
    after = calendar()
    taken_back = office.run("organisation", "reopen", *given, "--as", "dora")

    assert before["minors_audit"]["standing"] == before["cii_assessment"]["standing"] == "soon"
    assert before["compliance_audit"]["due"] == "2028-01-01"
    assert isinstance(refused.exception, Forbidden)
    assert (after["minors_audit"]["standing"], after["minors_audit"]["reference"]) == ("done", "7")
    assert (taken_back.exit_code, calendar()) == (0, before)
    text = office.run("organisation", "calendar").output
    assert "2026-12-31  soon  minors_audit  [dpo]" in text


def test_the_duties_on_the_command_line_are_those_of_the_api(office: Office) -> None:
    told = json.loads(office.run("organisation", "duties", "--json").stdout)
    fewer = json.loads(
        office.run("organisation", "duties", "--if", "persons=10000000", "--json").stdout
    )

    assert told == office.house.get("/v1/organisation/duties").json
    gone = {d["duty"] for d in told["duties"]} - {d["duty"] for d in fewer["duties"]}
    assert gone == {"compliance_audit"}
    for wrong in ("persons=-1", "persons=NaN", "persons", "people=5"):
        assert office.run("organisation", "duties", "--if", wrong).exit_code == 1
    assert "PIPL 52" in office.run("organisation", "duties").output


@pytest.mark.requirement("R-33-1:bad")
def test_the_command_line_refuses_the_register_of_what_went_out_with_the_reason(
    office: Office,
) -> None:
    said = office.run("organisation", "outbound", "--year", "2026", "--as", "ana")

    assert said.exit_code == 1
    assert "processors of important data" in str(said.exception)
