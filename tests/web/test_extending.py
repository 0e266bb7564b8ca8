"""More time: only where every law knows it, only once the person was told of it, and only once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict
from rights.domain.lifecycle import Event
from rights.services import audit, clocks, deadlines, extending, requests
from rights.store.models import RequestClock, Staff, WebhookDelivery, WebhookSubscription, Writing
from tests.web import timekeeping as desk
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, code
from tests.web.house import House
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink

ASKED = ("2026-03-02", "2026-04-02", "2026-06-02")
"""Received, promised under the GDPR of the EU, and with two months more."""


ONE_REGISTER = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""Where nothing depends on the database."""


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    made = desk.office_of(furnished, smtp_sink, tmp_path, monkeypatch)
    made.house.clock.at = desk.at(ASKED[0])
    return made


def _told(office: Office, request_id: str, sink: Sink) -> None:
    """Send what waits, and forget what came before."""
    desk.sent(office)
    sink.messages.clear()
    assert desk.extend(office, request_id).exit_code == 0
    assert desk.sent(office) == 1


@pytest.mark.requirement("R-SLA-5", "R-SLA-12")
def test_the_longer_promise_counts_once_the_person_was_told_and_not_before(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = desk.working(office, "eu_gdpr", "uk_gdpr")
    desk.sent(office)
    smtp_sink.messages.clear()
    office.house.clock.at = desk.at("2026-03-20")

    done = desk.extend(office, request_id)

    assert done.exit_code == 0, done.output
    assert desk.dates(office, request_id) == (ASKED[1], ASKED[1])
    assert desk.extension(office, request_id).state == "waiting"
    assert desk.sent(office) == 1
    assert desk.dates(office, request_id) == (ASKED[2], ASKED[2])
    (entry,) = desk.entries(office, request_id, "extended")
    assert (entry["reason"], entry["from"][:10], entry["until"][:10]) == ("complexity", *ASKED[1:])
    text = text_of(smtp_sink.messages[0])
    for fact in ("because your request is complex", "Promised until now: 2 April 2026",
                 "Answer promised by: 2 June 2026", desk.WHY, "supervisory authority"):  # fmt: skip
        assert fact in text


def test_staff_are_told_at_the_shares_of_the_longer_time(office: Office, smtp_sink: Sink) -> None:
    request_id = desk.working(office, "eu_gdpr")
    office.house.clock.at = desk.at("2026-03-27")
    desk.watch(office)
    _told(office, request_id, smtp_sink)

    told = []
    for day in ("2026-03-28", "2026-04-20", "2026-05-11", "2026-05-26", "2026-06-03"):
        office.house.clock.at = desk.at(day)
        desk.watch(office)
        told.append([e["stage"] for e in desk.entries(office, request_id, clocks.EVENT)])

    assert told == [[75], [75, 50], [75, 50, 75], [75, 50, 75, 90], [75, 50, 75, 90, 100]]
    with office.house.reading() as session:
        assert session.get_one(RequestClock, request_id).mailed == 0


@pytest.mark.requirement("R-NEG-27")
def test_what_is_told_too_late_is_void_and_the_old_date_stands(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = desk.working(office, "eu_gdpr")
    desk.sent(office)
    office.house.clock.at = desk.at("2026-04-02", 21)
    assert desk.extend(office, request_id).exit_code == 0
    smtp_sink.messages.clear()

    office.house.clock.at = desk.at("2026-04-03")
    desk.sent(office)

    assert smtp_sink.messages == []
    assert desk.dates(office, request_id) == (ASKED[1], ASKED[1])
    assert desk.entries(office, request_id, "extension_void") == [
        {"reason": "complexity", "why": "stale"}
    ]
    (one,) = json.loads(office.run("clocks", "list", "--json").stdout)
    assert (one["request"], one["late"], one["extension_void"]) == (request_id, True, True)
    assert "not told in time" in office.run("clocks", "list").output
    assert code(desk.extend(office, request_id)) == "extension_too_late"


@ONE_REGISTER
def test_a_law_that_knows_no_more_time_is_added_to_one_that_took_it_and_work_goes_on(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = desk.working(office, "eu_gdpr", kind="correction")
    _told(office, request_id, smtp_sink)
    longer = deadlines.counted(office.house.context, desk.request_of(office, request_id))

    added = office.run("regimes", "add", request_id, "--regime", "cn_general", "--as", "ana")
    page = clerk(office.house, "dora", "dpo").get(f"/requests/{request_id}")
    facts = ("--reason", "unverifiable", "--note-basis", "No.")
    denied = office.run("tasks", "deny", request_id, *facts, "--as", "ana")

    assert added.exit_code == 0, added.output
    assert page.status == 200, page.text
    assert denied.exit_code == 0, denied.output
    (both,) = {deadlines.counted(office.house.context, desk.request_of(office, request_id)).due}
    assert longer.promised_at.date().isoformat() == ASKED[2]
    assert both.promised_at.date() == desk.request_of(office, request_id).promised_at.date()
    assert both.promised_at < desk.at(ASKED[1])


@ONE_REGISTER
@pytest.mark.requirement("R-P50-1")
def test_more_time_for_the_answer_is_no_more_time_to_tell_of_a_denial(
    office: Office, smtp_sink: Sink
) -> None:
    request_id, facts = desk.working(office, "eu_gdpr", kind="correction"), ("--note-basis", "No.")
    _told(office, request_id, smtp_sink)
    denied = ("tasks", "deny", request_id, "--reason", "unverifiable", *facts, "--as", "ana")
    assert office.run(*denied).exit_code == 0

    def waits() -> tuple[str, bool]:
        (line,) = json.loads(office.run("denials", "list", "--json").stdout)
        return line["due"][:10], line["late"]

    before = waits()
    office.house.clock.at = desk.at("2026-04-03")
    after = waits()
    (line,) = json.loads(office.run("denials", "list", "--json").stdout)
    for what in ("show", "confirm"):
        assert office.run("denials", what, line["denial"], "--as", "wei").exit_code == 0

    assert (before, after) == ((ASKED[1], False), (ASKED[1], True))
    assert desk.dates(office, request_id) == (ASKED[2], ASKED[2])
    (entry,) = desk.entries(office, request_id, "denied")
    assert entry["was_to_be_told"][:10] == ASKED[1]


@ONE_REGISTER
def test_what_nobody_can_be_told_is_void(office: Office) -> None:
    made = office.house.asserted("access", {"user_id": "u-7"}, regimes=["eu_gdpr"])
    request_id = str(made["id"])
    assert desk.extend(office, request_id).exit_code == 0

    desk.sent(office)

    assert desk.entries(office, request_id, "extension_void")[0]["why"] == "no_contact"
    assert desk.dates(office, request_id)[1] == ASKED[1]
    (one,) = json.loads(office.run("clocks", "list", "--json").stdout)
    assert (one["late"], one["extension_void"]) == (False, True)


@ONE_REGISTER
def test_what_is_answered_before_the_letter_went_out_tells_nobody_of_more_time(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = desk.working(office, "eu_gdpr")
    desk.sent(office)
    desk.extend(office, request_id)
    office.ended(request_id, Event.DENIED, reason="no_ground")
    smtp_sink.messages.clear()
    desk.sent(office)

    assert [m["Subject"][:11] for m in smtp_sink.messages] == ["The outcome"]
    assert desk.extension(office, request_id).state == "void"


@ONE_REGISTER
@pytest.mark.requirement("R-SLA-5:bad")
@pytest.mark.parametrize(
    ("laws", "kind", "reason", "refusal"),
    [
        (["cn_general"], "access", "complexity", "extension_not_permitted"),
        (["br_lgpd"], "access", "complexity", "extension_not_permitted"),
        (["eu_gdpr", "cn_general"], "access", "complexity", "extension_not_permitted"),
        (["eu_gdpr"], "consent_withdrawal", "complexity", "extension_not_permitted"),
        (["eu_gdpr"], "access", "other", "invalid"),
    ],
)
def test_a_law_that_knows_no_such_extension_refuses_it(
    office: Office, laws: list[str], kind: str, reason: str, refusal: str
) -> None:
    more: dict[str, Any] = (
        {"parameters": {"purposes": ["newsletter"]}} if kind == "consent_withdrawal" else {}
    )
    made = office.house.asserted(kind, regimes=laws, **more)
    before = desk.dates(office, made["id"])

    assert code(desk.extend(office, made["id"], reason=reason)) == refusal

    desk.sent(office)
    assert desk.dates(office, made["id"]) == before


@ONE_REGISTER
@pytest.mark.requirement("R-SLA-5:bad", "R-NEG-27:bad")
def test_time_is_taken_once_by_people_who_may_and_with_words(
    office: Office, smtp_sink: Sink
) -> None:
    request_id, unproved = desk.working(office, "us_ca"), desk.proving(office, "us_ca", kind="copy")

    assert code(desk.extend(office, request_id, by="rui")) == "forbidden"
    assert code(desk.extend(office, request_id, by="bot")) == "forbidden"
    assert code(desk.extend(office, request_id, because="  ")) == "invalid"
    assert code(desk.extend(office, unproved)) == "not_at_work"
    assert desk.extend(office, request_id, reason="other").exit_code == 0
    assert code(desk.extend(office, request_id)) == "extension_used"
    desk.sent(office)
    longer = desk.dates(office, request_id)
    assert longer == ("2026-06-01", "2026-06-01")
    assert code(desk.extend(office, request_id)) == "extension_used"
    assert desk.dates(office, request_id) == longer
    with office.house.reading() as session:
        refused = [e.data for e in audit.entries(session, "day:2026-03-02")]
    said = {"act": "clocks extend", "needs": "extend", "request": request_id}
    assert refused[0] == {"code": "forbidden", **said}


@ONE_REGISTER
def test_a_count_made_again_neither_undoes_it_nor_does_it_twice(
    office: Office, smtp_sink: Sink
) -> None:
    request_id, house = desk.working(office, "eu_gdpr"), office.house
    _told(office, request_id, smtp_sink)

    with house.writing() as session:
        request = requests.locked(session, request_id)
        deadlines.verified(house.context, request)  # what runs again at every proof
    desk.watch(office)
    desk.sent(office)

    assert desk.dates(office, request_id) == (ASKED[2], ASKED[2])


@ONE_REGISTER
def test_the_product_and_the_person_see_it_and_the_words_are_sealed(
    office: Office, smtp_sink: Sink
) -> None:
    request_id, house = desk.working(office, "eu_gdpr"), office.house
    with house.writing() as session:
        session.add(
            WebhookSubscription(
                backend_id=house.partner.id,
                url="https://shop.example/hooks",
                events=["request.extended"],
                sealed_secret=b"x",
                created_at=house.clock.now(),
            )
        )
    before = house.get(f"/v1/requests/{request_id}").json
    _told(office, request_id, smtp_sink)
    after = house.get(f"/v1/requests/{request_id}").json

    assert (before["extension"], before["paused"]) == (None, None)
    assert after["due_at"][:10] == ASKED[2]
    assert (after["extension"]["reason"], after["extension"]["first_due_at"][:10]) == (
        "complexity",
        ASKED[1],
    )
    assert after["extension"]["text"]["en"] == "your request is complex"
    with house.reading() as session:
        (hook,) = session.exec(select(WebhookDelivery)).all()
        written = session.exec(select(Writing)).all()
        trail = json.dumps([e.data for e in audit.entries(session, request_id)])
    assert json.loads(hook.body)["data"]["due_at"][:10] == ASKED[2]
    assert "canary" not in trail + hook.body
    assert all(b"canary" not in one.sealed for one in written)


def test_many_at_once_each_on_its_own(office: Office, smtp_sink: Sink) -> None:
    good = [desk.working(office, "eu_gdpr", kind=kind) for kind in ("access", "copy")]
    bad, gone = desk.working(office, "cn_general", kind="restriction"), "f" * 32
    desk.sent(office)

    done = desk.extend(office, *good, bad, gone)

    assert done.exit_code == 1
    assert done.output.count("asked for") == 2
    assert f"{bad}  extension_not_permitted" in done.output
    assert f"{gone}  not_found" in done.output
    assert desk.sent(office) == 2
    assert {desk.dates(office, one)[1] for one in good} == {ASKED[2]}
    with office.house.writing() as session:
        staff = session.exec(select(Staff).where(Staff.name == "ana")).one()
        given: dict[str, Any] = {
            "reason": "complexity",
            "because": "x",
            "now": office.house.clock.now(),
        }
        done_again = extending.extend_each(session, office.house.context, good, staff, **given)
    assert {type(one) for one in done_again.values()} == {Conflict}
