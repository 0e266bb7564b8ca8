"""What nobody has proved, but waits for us, is late like all else, and no date ends it."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import Any

import pytest

from rights.domain import period as periods
from rights.domain.lifecycle import State
from rights.services import audit, clocks, evidence, untouched
from rights.services.console import figures
from rights.services.reports import making
from rights.services.reports.making import Wanted
from rights.store.models import Staff
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, request_of
from tests.web.portal.reader import Reader
from tests.web.portal.test_take_over import press, warn
from tests.web.rounds import gauge
from tests.web.test_clocks import office
from tests.web.verifying import accepted, reached, refused, upload
from workflows import clock_watch, sweep
from workflows.embedded.smtp import Sink
from workflows.notices import alert_mail, send

__all__ = ["office"]


def _round(office: Office) -> None:
    """Do what the relay does now and then, but for the mails to people."""
    house, now = office.house, office.house.clock.now
    sweep.sweep(house.engine, house.context, now)
    evidence.destroy(house.engine, house.parts.evidence, now=now())
    clock_watch.watch(house.engine, house.context, now)
    alert_mail.send(house.engine, house.context, now, office.alerted)


def _days(office: Office, count: int) -> None:
    for _ in range(count):
        office.house.clock.forward(days=1)
        _round(office)


def _events(office: Office, request_id: str) -> list[Any]:
    with office.house.reading() as session:
        found = audit.entries(session, request_id)
        return [e.data["stage"] if e.event == clocks.EVENT else e.event for e in found]


def _stages(office: Office, request_id: str) -> list[int]:
    return [one for one in _events(office, request_id) if isinstance(one, int)]


def _listed(office: Office, name: str) -> dict[str, bool]:
    """Return by request whether a list of the console names it, and as late."""
    page = clerk(office.house, name, "reviewer", "dpo").get("/requests?clock=late")
    found = {one["request"]: bool(one["late"]) for one in office.listed("clocks")}
    return {one: late for one, late in found.items() if one in page.html}


def _mailed(sink: Sink) -> set[str]:
    return {mail["X-Envelope-To"] for mail in sink.messages}


def _uploaded(office: Office, **more: Any) -> str:
    request_id = reached(office.house, **more)
    assert upload(office.house, request_id).status_code == 201
    send.send_due(office.house.engine, office.house.context, office.house.clock.now)
    return request_id


@pytest.mark.requirement("R-NEG-26", "R-SLA-11")
def test_documents_that_wait_for_staff_are_told_of_as_what_is_worked_on(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _uploaded(office)
    smtp_sink.messages.clear()

    _days(office, 4)
    assert untouched.IDLE in _events(office, request_id)
    assert _mailed(smtp_sink) == {"desk@example.com", "lead@example.com"}
    one = request_of(office.house, request_id)
    office.house.clock.at = one.promised_at - timedelta(hours=3)
    today = clerk(office.house, "tim", "reviewer").get("/requests?clock=today")
    assert request_id in today.html
    _days(office, 1)

    assert _stages(office, request_id)[-1] == 100
    assert "dpo@example.com" in _mailed(smtp_sink)
    assert _listed(office, "lea") == {request_id: True}
    (line,) = office.listed("clocks")
    assert (line["late"], line["idle_because"]) == (True, untouched.STAFF)
    assert gauge(office, "rights_requests_late", kind="copy", regime="cn_general") == 1
    page = clerk(office.house, "ann", "reviewer").get(f"/requests/{request_id}")
    assert "late" in page.text
    with office.house.reading() as session:
        drawn = figures.count(session, office.house.clock.now(), UTC, office.house.context.regimes)
    assert drawn["ages"] == {"101": 1}


@pytest.mark.requirement("R-NEG-26")
def test_what_was_destroyed_undecided_is_asked_for_again_and_never_lapses(office: Office) -> None:
    request_id, house = _uploaded(office), office.house

    _days(office, 31)
    asked = request_of(house, request_id)
    assert (asked.state, asked.needs, asked.closed_at) == (State.VERIFYING, ["evidence"], None)
    for _ in range(40):
        house.clock.forward(days=10)
        _round(office)

    after = request_of(house, request_id)
    assert (after.state, after.closed_at, after.reason) == (State.VERIFYING, None, "")
    assert _stages(office, request_id) == [50, 75, 90, 100]
    assert _listed(office, "lea") == {request_id: True}
    assert upload(house, request_id).status_code == 201  # the whole time there is to answer
    _days(office, 31)
    assert request_of(house, request_id).needs == ["evidence"]
    assert upload(house, request_id).status_code == 201
    assert accepted(house, request_id) == State.IN_PROGRESS


@pytest.mark.requirement("R-NEG-26")
def test_a_second_try_that_nobody_decided_on_does_not_lapse_either(office: Office) -> None:
    request_id, house = _uploaded(office), office.house
    refused(house, request_id, "evidence_unreadable")
    assert request_of(house, request_id).next_at == house.clock.now() + timedelta(days=7)
    upload(house, request_id)

    _days(office, 45)

    after = request_of(house, request_id)
    assert (after.state, after.needs) == (State.VERIFYING, ["evidence"])


def test_what_staff_sent_back_waits_for_the_person_and_lapses(office: Office) -> None:
    request_id = _uploaded(office)
    _days(office, 12)
    told = _stages(office, request_id)
    refused(office.house, request_id, "evidence_unreadable")

    _days(office, 8)

    assert request_of(office.house, request_id).state is State.EXPIRED
    assert _stages(office, request_id) == told
    assert office.listed("clocks") == []


def _logged(office: Office, law: str, *, ago: int) -> str:
    arrived = (office.house.clock.now() - timedelta(days=ago)).date().isoformat()
    words = ("--channel", "letter", "--received", arrived, "--subject-file", "-", "--as", "rui")
    kind = ("requests", "log", "--kind", "access", "--regime", law, "--json", *words)
    done = office.run(*kind, typed=json.dumps({"email": f"{law}@example.com"}))
    assert done.exit_code == 0, (done.output, done.exception)
    return str(json.loads(done.stdout)["reference"])


@pytest.mark.requirement("R-SLA-2", "R-NEG-26")
def test_where_time_runs_regardless_of_proof_what_nobody_proved_is_late(office: Office) -> None:
    there, here = (_logged(office, law, ago=43) for law in ("us_ca", "eu_gdpr"))

    _days(office, 4)

    assert request_of(office.house, there).state is State.VERIFYING
    assert request_of(office.house, here).promised_at < office.house.clock.now()
    assert (_stages(office, there), _stages(office, here)) == ([90, 100], [])
    assert _listed(office, "lea") == {there: True}
    assert untouched.IDLE not in _events(office, there)  # it waits for the person
    assert _overdue(office) == 1


def _overdue(office: Office) -> int:
    house, day = office.house, office.house.clock.now().date()
    with house.writing() as session:
        otto = Staff(name="ria", roles=["auditor"], created_at=house.clock.now())
        session.add(otto)
        session.flush()
        session.expunge(otto)
    span = periods.between(day, day, making.zone_of(house.context))
    house.clock.forward(days=1)
    report = making.build(
        house.engine, house.context, otto, Wanted("figures", span), now=house.clock.now()
    )
    (total,) = report.body()["tables"]["total"]
    return int(total["overdue"])


def test_a_report_counts_as_overdue_what_waited_for_us(office: Office) -> None:
    _uploaded(office)
    back = _uploaded(office, subject={"user_id": "u-9", "email": "nine@example.com"})
    refused(office.house, back, "evidence_unreadable")
    office.house.clock.forward(days=30)

    assert _overdue(office) == 1


@pytest.mark.requirement("R-NEG-26")
def test_what_somebody_stopped_waits_for_staff_and_then_for_the_whole_proof(office: Office) -> None:
    house = office.house
    made = str(house.submit("copy")["id"])
    press(Reader(house), warn(house, made))

    _days(office, 40)

    assert request_of(house, made).state is State.VERIFYING
    assert _stages(office, made)[-1] == 100
    done = office.run("not-me", "release", made, "--as", "vera", "--reason", "she called")
    assert done.exit_code == 0, done.output
    _days(office, 6)
    assert request_of(house, made).state is State.VERIFYING
    _days(office, 2)
    assert request_of(house, made).state is State.EXPIRED
