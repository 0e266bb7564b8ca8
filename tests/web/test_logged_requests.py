"""Requests that came by letter, phone, counter or mail: logged by staff, counted from arrival."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlmodel import select

from rights.domain.errors import FieldError, Forbidden, Invalid, NotFound
from rights.domain.lifecycle import Event, State
from rights.services import appeals, backends
from rights.store.db import RegisterClock
from rights.store.models import Challenge, Entry, IdentifierRow, Request
from tests.web.correspondence import Office, code, request_of
from tests.web.house import HERE, KEYS, House
from tests.workflows.desk import text_of
from workflows.cli import main
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

MONDAY = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
FIVE_WORKING_DAYS_AGO = "2026-11-23"
ALICE = '{"email": "alice@example.com"}'
LETTER = ("requests", "log", "--kind", "access", "--channel", "letter", "--json")


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    house = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)
    house.clock.at = MONDAY
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, tmp_path)


def _log(office: Office, *more: str, typed: str = ALICE, who: str = "rui") -> Result:
    words = (*LETTER, "--subject-file", "-", "--as", who, *more)
    if "--received" not in more:
        words = (*words, "--received", FIVE_WORKING_DAYS_AGO)
    return office.run(*words, typed=typed)


def _logged(office: Office, *more: str, **given: Any) -> dict[str, Any]:
    done = _log(office, *more, **given)
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _all(office: Office, model: Any) -> list[Any]:
    with office.house.reading() as session:
        return list(session.exec(select(model)))


@pytest.mark.parametrize("option", ["tags_delete", "tags_list"])
def test_nobodys_tags_are_deleted_or_shown_by_a_letter_alone(office: Office, option: str) -> None:
    made = _logged(office, "--kind", "recommendation_opt_out", "--option", option)

    request = request_of(office.house, made["reference"])
    assert (request.state, request.level_needed) == (State.VERIFYING, 1)


def test_a_childs_letter_waits_for_the_guardian_and_is_content_of_a_minors(office: Office) -> None:
    made = _logged(office, "--kind", "deletion", "--age-band", "under_14")

    request = request_of(office.house, made["reference"])
    assert (request.age_band, request.needs) == ("under_14", ["guardian"])


@pytest.mark.requirement("R-23-9:bad")
def test_under_the_law_of_minors_the_age_is_said(office: Office) -> None:
    refused = _log(office, "--regime", "cn_minor")

    assert code(refused) == "invalid"
    assert _all(office, Request) == []


@pytest.mark.requirement("R-23-9")
def test_a_letter_of_five_working_days_ago_has_used_up_a_third_of_its_time(office: Office) -> None:
    made = _logged(office)

    assert (made["used"], made["of"], made["unit"]) == (5, 15, "working_day")
    assert (made["share"], made["due"]) == ("1/3", "2026-12-14")
    shown = office.house.get(f"/v1/requests/{made['reference']}").json
    assert shown["due_at"] == "2026-12-14T15:59:59+00:00"
    assert shown["received_at"] == "2026-11-22T16:00:00+00:00"  # as that day began in Shanghai
    request = request_of(office.house, made["reference"])
    assert request.channel == "letter"
    entry = next(e for e in _all(office, Entry) if e.event == "received")
    assert (entry.at, entry.actor) == (MONDAY, f"staff:{office.id_of('rui')}")
    assert entry.data["channel"] == "letter"
    assert entry.data["received_at"] == "2026-11-22T16:00:00+00:00"
    assert entry.data["logged_at"] == made["logged_at"] == MONDAY.isoformat()
    assert "alice" not in str([e.data for e in _all(office, Entry)])


@pytest.mark.requirement("R-23-9")
def test_it_is_printed_for_people_too(office: Office) -> None:
    words = [word for word in LETTER if word != "--json"]
    received = ("--received", FIVE_WORKING_DAYS_AGO, "--as", "rui")

    done = office.run(*words, "--subject", "email=alice@example.com", *received)

    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1:3] == ["due: 2026-12-14", "used up: 5 of 15 working days, 1/3"]
    assert "nothing is proved before" in lines[3]
    assert "history" in office.run("requests", "log", "--help").stdout


@pytest.mark.requirement("R-23-9")
@pytest.mark.parametrize("channel", ["letter", "phone", "counter", "email"])
def test_what_staff_typed_proves_nothing_and_the_usual_code_does(
    office: Office, channel: str
) -> None:
    house = office.house
    made = _logged(office, "--kind", "restriction", "--channel", channel)
    path = f"/v1/requests/{made['reference']}"

    before = house.get(path).json
    with house.reading() as session:
        (row,) = session.exec(select(IdentifierRow)).all()
        assert (row.proof, row.proved_at) == ("", None)
        assert len(session.exec(select(Challenge)).all()) == 1
    answered = house.post(f"{path}/verification/answer", {"code": house.code(made["reference"])})

    assert (before["state"], before["level"], made["next"]) == ("verifying", 0, "code")
    assert answered.status_code == 200
    assert house.get(path).json["state"] == "in_progress"
    assert house.get(path).json["due_at"] == before["due_at"]
    assert request_of(house, made["reference"]).channel == channel


def test_without_an_address_staff_are_told_to_ask_for_one(office: Office) -> None:
    made = _logged(office, typed='{"user_id": "u-1"}')

    assert made["next"] == "proof"
    assert _all(office, Challenge) == []
    assert request_of(office.house, made["reference"]).state is State.VERIFYING


def test_the_same_letter_twice_is_two_requests(office: Office) -> None:
    first = _logged(office, typed='{"user_id": "u-1"}')
    second = _logged(office, typed='{"user_id": "u-1"}')

    assert first["reference"] != second["reference"]


@pytest.mark.parametrize(
    ("received", "used"),
    [("2026-11-30", 0), ("2026-11-30T10:00", 0), ("2026-11-27T23:59", 1), ("2026-11-21", 6)],
)
def test_days_are_those_of_the_place_whose_law_applies(
    office: Office, received: str, used: int
) -> None:
    assert _logged(office, "--received", received)["used"] == used


@pytest.mark.parametrize(
    ("more", "whole", "unit"),
    [
        (("--regime", "eu_gdpr"), 30, "day"),
        (("--kind", "recommendation_opt_out"), 24, "hour"),
        (("--kind", "consent_withdrawal", "--parameter", "purposes=newsletter"), 24, "hour"),
    ],
)
def test_other_laws_and_what_is_due_at_once_count_in_their_own_units(
    office: Office, more: tuple[str, ...], whole: int, unit: str
) -> None:
    made = _logged(office, *more, "--received", "2026-11-30")

    assert (made["of"], made["unit"]) == (whole, unit)


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize("received", ["2026-11-30T10:01", "2026-12-01", "9999-12-31"])
def test_what_has_not_arrived_yet_is_refused_by_field(office: Office, received: str) -> None:
    done = _log(office, "--received", received)

    assert isinstance(done.exception, Invalid)
    assert done.exception.errors == (FieldError("received_at", "lies in the future"),)
    assert _all(office, Request) == []


@pytest.mark.requirement("R-23-9:bad")
def test_what_arrived_more_than_sixty_days_ago_needs_who_may_approve(office: Office) -> None:
    sixty, older = ("--received", "2026-10-01"), ("--received", "2026-09-30")

    refused = [_log(office, *older, who=who) for who in ("rui", "vera")]

    assert all(isinstance(done.exception, Forbidden) for done in refused)
    assert _all(office, Request) == []
    traces = [e for e in _all(office, Entry) if e.event == "staff_refused"]
    assert [e.data["code"] for e in traces] == ["forbidden"] * 2
    assert _logged(office, *sixty)["used"] > 15
    late = _logged(office, *older, who="ana")
    assert request_of(office.house, late["reference"]).promised_at < MONDAY


@pytest.mark.parametrize("received", ["0001-01-01", "2015-12-31"])
def test_a_slip_of_the_pen_is_refused_by_field(office: Office, received: str) -> None:
    done = _log(office, "--received", received, who="ana")

    assert isinstance(done.exception, Invalid)
    assert done.exception.errors[0].field == "received_at"


@pytest.mark.parametrize("who", ["otto", "bot"])
def test_who_keeps_records_and_what_is_no_person_log_nothing(office: Office, who: str) -> None:
    assert isinstance(_log(office, who=who).exception, Forbidden)
    assert _all(office, Request) == []


@pytest.mark.parametrize(
    ("more", "typed", "field"),
    [
        ((), "", "subject"),
        ((), "alice@example.com", "subject"),
        ((), '["alice@example.com"]', "subject"),
        ((), '{"email": 7}', "subject"),
        ((), "[" * 50_000, "subject"),
        ((), '{"email": "alice at example"}', "subject.email"),
        ((), '{"passport": "alice@example.com"}', "subject.passport"),
        (("--subject", "alice@example.com"), ALICE, "subject"),
        (("--subject", "email=alice@example.com"), ALICE, "subject"),
        (("--option", "delete"), ALICE, "option"),
        (("--regime", "mars"), ALICE, "regimes.0"),
        (("--parameter", "categories=alice"), ALICE, "parameters.categories.0"),
        (("--backend", "alice"), ALICE, "backend"),
    ],
)
def test_a_mistake_is_told_by_field_and_nothing_that_was_typed_is_repeated(
    office: Office, more: tuple[str, ...], typed: str, field: str
) -> None:
    done = _log(office, *more, typed=typed or "\n")

    assert isinstance(done.exception, Invalid), done.output
    assert [error.field for error in done.exception.errors] == [field]
    told = f"{done.exception} {done.exception.errors} {done.output}"
    assert "alice" not in told
    assert _all(office, Request) == []


def test_every_mistake_is_told_on_a_line_of_its_own(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = office.house.context.settings
    for name in ("database_url", "redis_url", "blobs_url"):
        monkeypatch.setenv(f"RIGHTS_{name.upper()}", getattr(settings, name))
    monkeypatch.setenv("RIGHTS_KEYS", KEYS)
    monkeypatch.setenv("RIGHTS_DATAMAP", str(HERE / "datamap.yaml"))
    words = ["--received", FIVE_WORKING_DAYS_AGO, "--subject", "phone=x", "--subject", "email=y"]
    monkeypatch.setattr("sys.argv", ["rights", *LETTER, *words, "--as", "rui"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "invalid: the subject cannot be read",
        "  subject.phone is not a valid phone",
        "  subject.email is not a valid email",
    ]


def test_where_there_are_several_products_it_says_which(office: Office) -> None:
    with office.house.writing() as session:
        other = backends.add(session, "game", now=MONDAY, level_cap=2)
        other.regimes = ["eu_gdpr"]
        number = other.id

    unsaid = _log(office)
    made = _logged(office, "--backend", "game")

    assert isinstance(unsaid.exception, Invalid)
    assert unsaid.exception.errors[0].allowed == ("game", "shop")
    request = request_of(office.house, made["reference"])
    assert (request.backend_id, request.regimes) == (number, ["eu_gdpr"])


def test_an_address_that_staff_typed_is_not_told_what_was_found(
    office: Office, smtp_sink: Sink
) -> None:
    made = _logged(office, "--kind", "recommendation_opt_out", "--locale", "en")
    office.ended(made["reference"], Event.COMPLETED)
    house = office.house
    house.clock.forward(minutes=2)

    send_due(house.engine, house.context, house.clock.now)

    letters = [text_of(m) for m in smtp_sink.messages if "outcome" in m["Subject"]]
    assert "this address has not been verified" in letters[0]


@pytest.mark.requirement("R-NEG-28:bad")
def test_who_logged_it_does_not_approve_its_plan_and_a_colleague_is_asked(office: Office) -> None:
    made = _logged(office, who="ana")["reference"]
    approve = ("approve", made, "--plan", "0" * 64, "--as")

    own, other = (office.run(*approve, who) for who in ("ana", "wei"))

    assert isinstance(own.exception, Forbidden)
    assert own.exception.code == "own_request"
    assert isinstance(other.exception, NotFound)  # wei may: there is no plan yet
    (first, _) = [e for e in _all(office, Entry) if e.event == "staff_refused"]
    assert first.data == {"code": "own_request", "act": "approve", "request": made}


def test_who_logged_it_had_no_part_in_how_it_ended(office: Office) -> None:
    made = _logged(office, who="ana")

    with office.house.reading() as session:
        request = session.get_one(Request, made["reference"])
        assert appeals.deciders(session, request) == frozenset()
