"""A date without a year's working days is marked, told of, and counted again later."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rights import logs
from rights.domain.regime import Period, Unit
from rights.services import acknowledging, audit
from rights.services.context import Context
from rights.services.regimes import load, promise
from rights.store.models import Request
from tests.services.regime_files import change_new
from tests.services.test_regimes import DAYS_OFF_2027
from tests.web import timekeeping as desk
from tests.web.correspondence import Office
from tests.web.house import House
from tests.workflows.desk import text_of
from workflows import clock_watch
from workflows.embedded.smtp import Sink
from workflows.notices import schedule_mail, send

MAIL = "reviewer=desk@example.com,dpo=dpo@example.com"


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    more = {"alert_mail": MAIL, "staff_locale": "en"}
    made = desk.office_of(furnished, smtp_sink, tmp_path, monkeypatch, **more)
    made.house.clock.at = datetime(2026, 12, 11, 2, tzinfo=UTC)
    return made


@pytest.mark.requirement("R-SLA-4")
def test_a_provisional_date_is_shown_and_counted_again_never_later(
    office: Office, tmp_path: Path
) -> None:
    house = office.house
    request_id = desk.working(office, "cn_general", kind="deletion")
    sure = desk.working(office, "eu_gdpr", kind="copy")
    override = tmp_path / "override.yaml"
    schedule = {"source": "https://www.gov.cn/2027", "off_days": DAYS_OFF_2027}
    change_new(override, {"calendars": {"cn": {2027: schedule}}})
    known = replace(house.context, regimes=load(override=override))
    before = desk.request_of(office, request_id)

    shown = [house.get(f"/v1/requests/{one}").json["due_provisional"] for one in (request_id, sure)]
    done = office.run("regimes", "recount")
    counted = [
        clock_watch.schedules(house.engine, context, house.clock.now)
        for context in (house.context, known, known)
    ]

    after = desk.request_of(office, request_id)
    assert (shown, done.output, counted) == ([True, False], "0 counted again\n", [0, 1, 0])
    assert (before.due_provisional, after.due_provisional) == (True, False)
    assert after.promised_at == before.promised_at
    (entry,) = desk.entries(office, request_id, "recounted")
    assert entry["from"] == entry["until"] == before.promised_at.isoformat()


@pytest.mark.requirement("R-SLA-4", "R-SLA-12")
def test_a_date_past_a_weekend_that_the_next_notice_may_make_worked_waits_for_it(
    office: Office, tmp_path: Path
) -> None:
    house, made = office.house, dict[int, str]()
    for day in (3, 4, 7, 8, 9, 10):
        house.clock.at = datetime(2026, 12, day, 2, tzinfo=UTC)
        asked = house.asserted("deletion", {"user_id": f"{day}"}, regimes=["cn_general"])
        made[day] = asked["id"]
    shown = {day: house.get(f"/v1/requests/{one}").json for day, one in made.items()}
    override = tmp_path / "override.yaml"
    worked = [date(2026, 12, 26)]
    schedule = {"source": "https://www.gov.cn/2027", "off_days": DAYS_OFF_2027}
    named = {**schedule, "makeup_workdays": worked}
    change_new(override, {"calendars": {"cn": {2027: named}}})
    known = replace(house.context, regimes=load(override=override))
    before = {day: desk.request_of(office, one).promised_at for day, one in made.items()}

    done = clock_watch.schedules(house.engine, known, house.clock.now)

    assert [day for day, one in shown.items() if one["due_provisional"]] == [7, 8, 9, 10]
    assert [one["due_at"][:10] for one in shown.values()] == [
        *("2026-12-24", "2026-12-25"),  # neither hangs on the 26th
        *("2026-12-26", "2026-12-26", "2026-12-27", "2026-12-28"),
    ]
    assert done == 4
    for day, one in made.items():
        after = desk.request_of(office, one)
        received = datetime(2026, 12, day, 2, tzinfo=UTC)
        lawful = promise("deletion", None, ["cn_general"], received, book=known.regimes)
        assert not after.due_provisional
        assert after.promised_at <= before[day]
        assert after.promised_at <= lawful.due.due_legal_at
        assert len(desk.entries(office, one, "recounted")) == (day > 4)


def test_by_when_receipt_is_confirmed_is_counted_again_too(office: Office, tmp_path: Path) -> None:
    house = office.house
    house.clock.at = datetime(2026, 12, 31, 2, tzinfo=UTC)
    unconfirmed, confirmed = (
        desk.working(office, "cn_general", kind=kind) for kind in ("deletion", "copy")
    )
    house.clock.at = datetime(2027, 1, 2, 2, tzinfo=UTC)
    with house.writing() as session:
        row = session.get_one(Request, confirmed, with_for_update=True)
        acknowledging.confirm(session, row, house.clock.now())
    override = tmp_path / "override.yaml"
    schedule = {"source": "https://www.gov.cn/2027", "off_days": DAYS_OFF_2027}
    change_new(override, {"calendars": {"cn": {2027: schedule}}})
    known = replace(house.context, regimes=load(override=override))
    before = [desk.request_of(office, one) for one in (unconfirmed, confirmed)]

    assert clock_watch.count_again(house.engine, known, house.clock.now) == 2

    monday = datetime(2027, 1, 4, 15, 59, 59, tzinfo=UTC)  # the first day that is worked
    after = [desk.request_of(office, one) for one in (unconfirmed, confirmed)]
    assert [one.ack_at for one in before] == [datetime(2027, 1, 1, 15, 59, 59, tzinfo=UTC)] * 2
    assert [one.ack_at for one in after] == [monday, monday]
    assert [one.promised_at for one in after] == [one.promised_at for one in before]
    with house.reading() as session:
        assert acknowledging.counted(session, house.clock.now())["request"] == 0


def test_the_log_names_the_place_and_the_year_whose_working_days_are_missing(
    office: Office,
) -> None:
    stream = io.StringIO()
    logs.configure(stream)

    clock_watch.schedules(office.house.engine, office.house.context, office.house.clock.now)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (said,) = [line for line in lines if line["event"] == "schedule.missing"]
    assert (said["place"], said["year"]) == ("cn", 2027)
    assert "dropped" not in said


@pytest.mark.requirement("R-SLA-4")
def test_staff_are_told_of_the_missing_year_once(office: Office, smtp_sink: Sink) -> None:
    house, done = office.house, schedule_mail.Done()
    smtp_sink.put_off.add("dpo@example.com")

    def look() -> int:
        clock_watch.schedules(house.engine, house.context, house.clock.now)
        return schedule_mail.send(house.engine, house.context, house.clock.now, done)

    first = look()
    smtp_sink.put_off.clear()
    later = [look(), look()]

    assert (first, later) == (1, [1, 0])
    got = [m["X-Envelope-To"] for m in smtp_sink.messages]
    assert got == ["desk@example.com", "dpo@example.com"]
    assert "calendars.cn.2027" in text_of(smtp_sink.messages[0])
    with house.reading() as session:
        told = [e.data for e in audit.entries(session, "day:2026-12-11")]
    assert told == [{"counting": "cn", "year": 2027}]


def test_what_nobody_took_waits_and_what_is_loaded_meanwhile_is_told_to_nobody(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    clock_watch.schedules(house.engine, house.context, house.clock.now)
    smtp_sink.unknown |= {"desk@example.com", "dpo@example.com"}
    done, anew = schedule_mail.Done(), schedule_mail.Done()
    known = {name: law for name, law in house.context.regimes.items() if law.counting.name != "cn"}
    loaded = replace(house.context, regimes=known)

    def look(done: schedule_mail.Done, context: Context = house.context) -> int:
        return schedule_mail.send(house.engine, context, house.clock.now, done)

    refused = [look(done), look(done)]
    smtp_sink.unknown.clear()

    assert (refused, look(anew, loaded)) == ([0, 0], 0)
    assert (look(anew), look(anew)) == (2, 0)
    assert len(smtp_sink.messages) == 2


def test_more_time_that_reaches_into_a_year_without_working_days_is_provisional(
    office: Office,
) -> None:
    request_id, house = desk.working(office, "eu_gdpr"), office.house
    assert desk.extend(office, request_id).exit_code == 0
    law = house.context.regimes["eu_gdpr"]
    asked, calendar = law.clocks["access"], law.counting.calendar
    assert calendar is not None
    days = Period(30, Unit.WORKING_DAY)
    slower = replace(
        asked,
        response=replace(asked.response, period=days),
        extension=replace(asked.extension, period=days),
    )
    unknown = replace(
        law,
        clocks={**law.clocks, "access": slower},
        counting=replace(law.counting, calendar=replace(calendar, known_years=frozenset({2026}))),
    )
    context = replace(house.context, regimes={**house.context.regimes, "eu_gdpr": unknown})
    assert not desk.request_of(office, request_id).due_provisional

    send.send_due(house.engine, context, house.clock.now)

    longer = desk.request_of(office, request_id)
    assert (longer.extension_reason, longer.due_provisional) == ("complexity", True)
    assert clock_watch.count_again(house.engine, house.context, house.clock.now) == 1
    assert desk.request_of(office, request_id).promised_at == longer.promised_at


def test_the_list_of_what_presses_says_that_a_date_is_provisional(office: Office) -> None:
    request_id = desk.working(office, "cn_general", kind="deletion")
    office.house.clock.forward(days=17)

    (one,) = json.loads(office.run("clocks", "list", "--json").stdout)

    assert (one["request"], one["provisional"]) == (request_id, True)


def test_more_time_that_a_law_no_longer_knows_counts_as_the_person_was_told(office: Office) -> None:
    request_id, house = desk.working(office, "eu_gdpr"), office.house
    assert desk.extend(office, request_id).exit_code == 0
    laws = {**house.context.regimes, "eu_gdpr": house.context.regimes["cn_general"]}

    send.send_due(house.engine, replace(house.context, regimes=laws), house.clock.now)

    longer = desk.request_of(office, request_id)
    assert (longer.extension_reason, longer.due_provisional) == ("complexity", False)
