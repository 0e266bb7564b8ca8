"""Staff are told of clocks that run out, once for each stage; nothing ends by a clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import audit, clocks, requests, untouched
from rights.services.clocks import Running
from rights.settings import load
from rights.store.db import RegisterClock
from rights.store.models import Notice, Request, RequestClock, WebhookDelivery, WebhookSubscription
from tests.services.regime_files import change_new
from tests.web.correspondence import Office
from tests.web.house import House
from tests.workflows.desk import text_of
from workflows import clock_watch, sweep
from workflows.embedded.smtp import Sink
from workflows.notices import alert_mail, send

MAIL = "reviewer=desk@example.com,approver=lead@example.com,dpo=dpo@example.com"


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    house = furnished(
        smtp_host=smtp_sink.host, smtp_port=smtp_sink.port, alert_mail=MAIL, staff_locale="en"
    )
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, tmp_path)


def _watch(office: Office) -> int:
    house = office.house
    return clock_watch.watch(house.engine, house.context, house.clock.now)


def _mail(office: Office) -> int:
    house = office.house
    return alert_mail.send(house.engine, house.context, house.clock.now, office.alerted)


def _request(office: Office, request_id: str) -> Request:
    with office.house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def _open(office: Office, kind: str = "access") -> str:
    """Begin a request whose receipt is confirmed."""
    house = office.house
    made = str(house.asserted(kind)["id"])
    assert _request(office, made).state is State.IN_PROGRESS
    send.send_due(house.engine, house.context, house.clock.now)
    return made


def _work_on(office: Office, request_id: str) -> None:
    """Let something happen to it now, so that nobody says it is touched by nobody."""
    with office.house.writing() as session:
        request = requests.locked(session, request_id)
        line = audit.Line("message_sent", "staff:1", {"message": "m"})
        audit.append(session, request, [line], now=office.house.clock.now())


def _at(office: Office, request_id: str, share: float) -> None:
    """Move the clock to where this share of the request's time is used up, and work on it."""
    one = _request(office, request_id)
    office.house.clock.at = one.received_at + (one.promised_at - one.received_at) * share
    if one.closed_at is None:
        _work_on(office, request_id)


def _stages(office: Office, request_id: str) -> list[int]:
    with office.house.reading() as session:
        return [
            e.data["stage"] for e in audit.entries(session, request_id) if e.event == clocks.EVENT
        ]


def _pressing(office: Office) -> list[Running]:
    with office.house.reading() as session:
        return clocks.pressing(session, office.house.context, office.house.clock.now())


@pytest.mark.requirement("R-SLA-11")
def test_each_stage_is_told_once_and_what_is_late_stays_open_and_goes_up(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _open(office)
    told: dict[float, list[str]] = {}
    for share in (0.49, 0.51, 0.6, 0.76, 0.91, 1.0, 1.5):
        _at(office, request_id, share)
        smtp_sink.messages.clear()
        _watch(office)
        _watch(office)
        _mail(office)
        told[share] = sorted(m["X-Envelope-To"] for m in smtp_sink.messages)

    assert _stages(office, request_id) == [50, 75, 90, 100]
    assert told == {
        0.49: [],
        0.51: ["desk@example.com"],
        0.6: [],
        0.76: ["desk@example.com"],
        0.91: ["desk@example.com", "lead@example.com"],
        1.0: ["desk@example.com", "dpo@example.com", "lead@example.com"],
        1.5: [],
    }
    assert _request(office, request_id).state is State.IN_PROGRESS
    (one,) = _pressing(office)
    assert (one.id, one.stage, one.unsent) == (request_id, 100, False)


@pytest.mark.requirement("R-NEG-26")
def test_a_late_request_is_never_closed_or_denied_by_time(office: Office) -> None:
    request_id, house = _open(office), office.house
    before = _request(office, request_id)

    for _ in range(40):
        house.clock.forward(days=10)
        _watch(office)
        sweep.sweep(house.engine, house.context, house.clock.now)

    after = _request(office, request_id)
    assert (after.state, after.closed_at, after.reason) == (State.IN_PROGRESS, None, "")
    assert (after.received_at, after.promised_at) == (before.received_at, before.promised_at)


def test_days_without_a_relay_cost_one_look_and_tell_the_last_stage_alone(office: Office) -> None:
    request_id = _open(office)
    _at(office, request_id, 3)

    assert _watch(office) == 1

    assert _stages(office, request_id) == [100]
    office.house.clock.forward(days=-200)  # a clock that jumps back tells nothing again
    assert _watch(office) == 0
    office.house.clock.forward(days=200)
    assert _watch(office) == 0


def test_who_has_not_proved_who_they_are_is_kept_out_of_it(office: Office) -> None:
    made, house = office.house.submit("deletion"), office.house
    send.send_due(house.engine, house.context, house.clock.now)  # their receipt is confirmed
    house.clock.forward(days=60)

    assert _watch(office) == 0
    assert _stages(office, made["id"]) == []
    assert _pressing(office) == []


@pytest.mark.requirement("R-SLA-7")
def test_the_clock_runs_until_the_answer_has_gone_out(office: Office, smtp_sink: Sink) -> None:
    request_id, house = _open(office), office.house
    send.send_due(house.engine, house.context, house.clock.now)
    smtp_sink.messages.clear()
    office.ended(request_id, Event.DENIED, reason="no_ground")
    with house.reading() as session:
        mine = select(Notice).where(Notice.request_id == request_id, Notice.event == "outcome")
        assert session.exec(mine).one().state == "waiting"

    _at(office, request_id, 1)
    (one,) = _pressing(office)
    _watch(office)
    assert (one.id, one.unsent, one.stage) == (request_id, True, 100)
    assert _stages(office, request_id) == [100]
    send.send_due(house.engine, house.context, house.clock.now)

    assert smtp_sink.messages
    assert _pressing(office) == []


def test_what_nobody_touches_is_told_once_until_somebody_does(
    office: Office, smtp_sink: Sink
) -> None:
    request_id, house = _open(office), office.house
    with house.writing() as session:
        request = requests.locked(session, request_id)
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())

    def told(days: float) -> list[str]:
        house.clock.forward(days=days)
        smtp_sink.messages.clear()
        _watch(office)
        _mail(office)
        return sorted(
            m["X-Envelope-To"] for m in smtp_sink.messages if "1 untouched" in m["Subject"]
        )

    assert told(2.9) == []
    assert told(0.2) == ["desk@example.com", "lead@example.com"]
    assert told(1) == []
    (one,) = [o for o in _pressing(office) if o.idle_since]
    assert one.id == request_id
    at = house.clock.at
    open_one = _request(office, request_id)
    house.clock.at += (open_one.promised_at - house.clock.at) * 0.8
    (both,) = _pressing(office)
    assert (both.id, both.stage, both.idle_since) == (request_id, 75, one.idle_since)
    house.clock.at = at
    _work_on(office, request_id)
    assert told(1) == []
    assert told(2.1) == ["desk@example.com", "lead@example.com"]


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_two_relays_that_look_at_the_same_moment_tell_of_it_once(office: Office) -> None:
    request_id, house = _open(office), office.house
    with house.writing() as session:
        request = requests.locked(session, request_id)
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())
    house.clock.forward(days=4)
    now = house.clock.now()
    with house.reading() as session:
        both = [untouched.due(session, house.context, now) for _ in range(2)]

    for found in both:
        with house.writing() as session:
            untouched.tell(session, found, now)

    assert both == [[request_id]] * 2
    with house.reading() as session:
        told = [e for e in audit.entries(session, request_id) if e.event == untouched.IDLE]
    assert len(told) == 1


def test_a_mail_server_that_is_down_loses_nothing(
    furnished: Callable[..., House], free_port: Callable[[], int], tmp_path: Path
) -> None:
    house = furnished(smtp_host="127.0.0.1", smtp_port=free_port(), alert_mail=MAIL)
    down = Office(house, tmp_path)
    request_id = _open(down)
    _at(down, request_id, 0.51)
    _watch(down)

    assert _mail(down) == 0

    with house.reading() as session:
        clock = session.get_one(RequestClock, request_id)
    assert (clock.stage, clock.mailed) == (50, 0)


def test_who_puts_the_mail_off_has_it_later_and_nobody_else_twice(
    office: Office, smtp_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = _open(office)
    _at(office, request_id, 0.91)
    _watch(office)
    smtp_sink.messages.clear()
    smtp_sink.put_off.add("desk@example.com")

    assert [_mail(office), _mail(office)] == [1, 0]
    assert [m["X-Envelope-To"] for m in smtp_sink.messages] == ["lead@example.com"]
    smtp_sink.put_off.clear()
    assert [_mail(office), _mail(office)] == [1, 0]

    got = [m["X-Envelope-To"] for m in smtp_sink.messages]
    assert got == ["lead@example.com", "desk@example.com"]
    assert office.alerted == set()


def test_an_address_that_is_none_keeps_nobody_elses_mail_back(
    furnished: Callable[..., House], smtp_sink: Sink, tmp_path: Path
) -> None:
    mail = "reviewer=a@@example.com,reviewer=desk@example.com"
    house = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port, alert_mail=mail)
    office = Office(house, tmp_path)
    request_id = _open(office)
    _at(office, request_id, 0.51)
    _watch(office)
    smtp_sink.messages.clear()

    assert [_mail(office), _mail(office)] == [1, 0]
    assert [m["X-Envelope-To"] for m in smtp_sink.messages] == ["desk@example.com"]


def test_the_mail_names_references_kinds_and_days_and_nobody(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _open(office)
    _at(office, request_id, 1)
    _watch(office)
    smtp_sink.messages.clear()
    _mail(office)

    text = text_of(smtp_sink.messages[0])
    assert request_id in text
    assert "Late (1)" in text
    assert "alice" not in text.lower()
    assert "u-1" not in text


def test_the_product_hears_of_it_from_nine_tenths_on(office: Office) -> None:
    request_id, house = _open(office), office.house
    with house.writing() as session:
        session.add(
            WebhookSubscription(
                backend_id=house.partner.id,
                url="https://shop.example/hooks",
                events=["request.due_soon", "request.overdue"],
                sealed_secret=b"x",
                created_at=house.clock.now(),
            )
        )
    for share in (0.51, 0.91, 1.0):
        _at(office, request_id, share)
        _watch(office)

    with house.reading() as session:
        sent = [json.loads(d.body)["type"] for d in session.exec(select(WebhookDelivery))]
    assert sorted(sent) == ["request.due_soon", "request.overdue"]


@pytest.mark.requirement("R-APP6-1")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_who_promises_seven_working_days_is_held_to_seven(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    override = tmp_path / "override.yaml"
    seven = {"count": 7, "unit": "working_day"}
    capped = ("access", "correction", "deletion", "account_cancellation")
    change_new(override, {"promises": {"cn_general": dict.fromkeys(capped, seven)}})
    house = furnished(regimes_override=override)
    house.clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    office = Office(house, tmp_path)
    with house.writing() as session:
        session.add(
            WebhookSubscription(
                backend_id=house.partner.id,
                url="https://shop.example/hooks",
                events=["request.overdue"],
                sealed_secret=b"x",
                created_at=house.clock.now(),
            )
        )
    told = {house.asserted(kind)["due_at"] for kind in capped}

    def overdue() -> int:
        _watch(office)
        with house.reading() as session:
            return len(session.exec(select(WebhookDelivery)).all())

    house.clock.at = datetime(2026, 12, 1, 15, 59, 58, tzinfo=UTC)
    before = overdue()
    house.clock.forward(seconds=2)

    assert told == {"2026-12-01T15:59:59+00:00"}
    assert (before, overdue()) == (0, len(capped))


@pytest.mark.parametrize("wrong", ["desk@example.com", "boss=a@b.cn", "reviewer=nobody"])
def test_an_address_without_a_known_role_is_refused_at_start(office: Office, wrong: str) -> None:
    given: dict[str, Any] = office.house.context.settings.model_dump()

    with pytest.raises(Exception, match="role=address"):
        load(**{**given, "alert_mail": wrong})


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("console", ["https://desk.example/", ""])
def test_the_mail_leads_to_the_page_of_each_request_where_the_console_is_known(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    locale: str,
    console: str,
) -> None:
    more = {"staff_locale": locale, "console_url": console, "alert_mail": MAIL}
    smtp = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port}
    office = Office(furnished(**smtp, **more), tmp_path)
    request_id = _open(office)
    _at(office, request_id, 0.51)
    _watch(office)
    _mail(office)

    text = text_of(smtp_sink.messages[-1])
    link = f" https://desk.example/console/requests/{request_id}"
    assert request_id in text
    assert (link in text) == bool(console)
