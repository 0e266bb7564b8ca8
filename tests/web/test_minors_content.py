"""Staff open what a minor's request says with a colleague's approval only, and leave a trace."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click
import pytest

from rights.domain.errors import Forbidden
from rights.domain.minors import LONGEST
from rights.store.models import ContentApproval, Request
from rights.web.problems import status_of
from tests.web.correspondence import Office, code
from tests.web.house import House
from tests.web.minors_case import (
    CHILD,
    HELD,
    READINGS,
    SAID,
    Case,
    Reading,
    approved,
    entries,
    minors_case,
    read,
)
from workflows.cli import cli

_WITHHELD = ("approve", "evidence list")
"""They show the rest, and leave out what is content."""

DOCUMENT = READINGS["evidence open"]
"""Opened while the request is open only; the rest can be read after its end too."""

_ELSEWHERE = (
    *("locators show", "denials show", "evidence redact", "incidents guardians"),
    "tasks open-document",
    "holds read-release",
)
"""
They read content too: test_locators, test_denials_of_two, workflows/test_evidence_redacting,
test_security_incidents, console/test_by_hand, console/test_releases.
"""

_SAYS_NOTHING = {
    *("messages send", "appeals assign", "appeals decide", "complaints answer"),
    *("evidence accept", "evidence refuse", "redactions release", "redactions confirm"),
    *("holds approve", "holds revoke", "holds place", "holds confirm", "holds release"),
    *("holds propose-release", "holds confirm-release", "holds dismiss-release"),
    *("holds except", "minors ask", "minors approve", "not-me release", "not-me trust"),
    *("locators accept", "locators refuse", "denials confirm", "denials dismiss"),
    *("denials withdraw", "requests log", "requests ask", "requests go-on"),
    *("requests add-contact", "evidence add", "packages let-go", "packages make-anew"),
    *("tasks complete", "tasks retry", "tasks leave-out", "tasks deny", "tasks lift", "ask-proof"),
    *("clocks extend", "clocks pause", "clocks resume", "clocks told", "complaints told"),
    *("clocks settle",),
    *("alerts add", "alerts remove", "alerts again", "regimes add"),
    *("reports figures", "reports california", "reports audit", "reports incidents"),
    *("audit export", "minors export"),
    *("incidents open", "incidents answer", "incidents close", "incidents scope"),
    *(
        "incidents touched",
        "incidents people",
        "incidents tell",
        "incidents raise",
        "tasks indicate",
    ),
    *("settings set", "settings reset"),
    *("organisation done", "organisation reopen", "organisation outbound"),
}
"""Staff act with them, and read nothing that anybody wrote or that is in a store."""


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


@pytest.fixture
def case(house: House, office: Office, request: pytest.FixtureRequest) -> Case:
    asked = request.node.callspec.params.get("one") if hasattr(request.node, "callspec") else None
    return minors_case(house, office, closed=asked is not DOCUMENT)


def _commands(group: click.Command = cli, words: str = "") -> dict[str, click.Command]:
    if not isinstance(group, click.Group):
        return {words: group}
    found, context = dict[str, click.Command](), click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found |= _commands(command, f"{words} {name}".strip())
    return found


def _command(one: Reading) -> str:
    """Return what the entry of a refusal calls it: the words before what was typed."""
    return " ".join(one.line.split()[:2])


def test_every_command_on_which_staff_act_is_known_to_read_content_or_not() -> None:
    acting = {
        words
        for words, command in _commands().items()
        if any("--as" in param.opts for param in command.params)
    }

    assert acting == {*READINGS, "holds read", *_ELSEWHERE, *_WITHHELD, *_SAYS_NOTHING}


@pytest.mark.requirement("R-M36-1:bad")
@pytest.mark.parametrize("one", [*READINGS.values(), HELD], ids=[*READINGS, "holds read"])
def test_without_an_approval_nothing_is_opened_and_the_refusal_is_an_entry(
    house: House, office: Office, case: Case, one: Reading
) -> None:
    refused = read(office, case, one)

    assert code(refused) == "minor_content"
    assert status_of("minor_content") == 403
    assert isinstance(refused.exception, Forbidden)
    assert not any(text in refused.output for text in (*SAID.values(), CHILD["email"]))
    assert not Path(case.folder).exists()
    (entry,) = entries(house, "staff_refused")
    assert entry.chain == case.request
    assert entry.actor == f"staff:{office.id_of(one.who)}"
    assert entry.data == {"code": "minor_content", "act": _command(one)}
    assert entries(house, one.event) == []


@pytest.mark.requirement("R-M36-1")
@pytest.mark.parametrize("one", READINGS.values(), ids=READINGS)
def test_with_a_live_approval_it_is_shown_and_the_trail_names_it(
    house: House, office: Office, case: Case, one: Reading
) -> None:
    approval = approved(office, case, one.who)

    shown = [read(office, case, one), *([] if one.who == "vera" else [read(office, case, one)])]

    assert all(said.exit_code == 0 for said in shown), [said.output for said in shown]
    assert all(SAID[one.shows] in said.output for said in shown)
    views = entries(house, one.event)
    assert [view.data["approval"] for view in views] == [approval] * len(shown)
    assert {view.actor for view in views} == {f"staff:{office.id_of(one.who)}"}
    assert entries(house, "staff_refused") == []


def test_a_look_stands_in_the_trail_though_its_reader_went_away(
    house: House, office: Office, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = READINGS["redactions list"]
    approval = approved(office, case, one.who)
    monkeypatch.setattr("workflows.commands.redactions.click.echo", None)  # a pipe that broke

    assert read(office, case, one).exit_code == 1

    (view,) = entries(house, one.event)
    assert view.data["approval"] == approval


@pytest.mark.requirement("R-M36-1")
@pytest.mark.parametrize("one", [*READINGS.values(), HELD], ids=[*READINGS, "holds read"])
def test_an_approval_that_is_over_opens_nothing(
    house: House, office: Office, case: Case, one: Reading
) -> None:
    approval = approved(office, case, one.who, hours="24")
    with house.writing() as session:
        row = session.get_one(ContentApproval, approval)
        row.asked_at -= LONGEST
        row.approved_at -= LONGEST
        row.expires_at -= LONGEST

    assert code(read(office, case, one)) == "minor_content"
    (entry,) = entries(house, "staff_refused")
    assert (entry.chain, entry.data["act"]) == (case.request, _command(one))
    assert entries(house, one.event) == []


@pytest.mark.parametrize(
    "line",
    [
        "tasks list",
        "tasks plan {request}",
        "messages list",
        "appeals list",
        "complaints list",
        "holds list",
        "minors list",
    ],
)
def test_what_is_no_content_is_open_and_says_nothing(office: Office, case: Case, line: str) -> None:
    done = office.run(*case.words(line), "--json")

    assert done.exit_code == 0, done.output
    assert not any(text in done.output for text in (*SAID.values(), CHILD["email"]))


def test_the_list_of_documents_leaves_out_what_was_written(house: House, office: Office) -> None:
    case = minors_case(house, office, closed=False)

    done = office.run("evidence", "list", "--as", "vera", "--json")

    (line,) = json.loads(done.stdout)
    assert (line["request"], line["withheld"]) == (case.request, "minor_content")
    assert (line["name"], line["interest"]) == ("", "")
    assert SAID["name"] not in done.output


@pytest.mark.requirement("R-M36-1")
def test_a_plan_is_shown_without_its_sample_until_somebody_agrees(
    house: House, office: Office, case: Case
) -> None:
    words = ("approve", case.request, "--show", "--as", "ana")

    before = json.loads(office.run(*words).stdout)
    approval = approved(office, case, "ana", by="wei")
    after = json.loads(office.run(*words).stdout)

    assert (before["sample"], before["withheld"]) == ({}, "minor_content")
    assert before["plan"] == after["plan"]
    assert SAID["sample"] in json.dumps(after["sample"]) and "withheld" not in after
    shown = [view.data.get("approval") for view in entries(house, "plan_shown")]
    assert shown == [None, approval]


@pytest.mark.parametrize("one", READINGS.values(), ids=READINGS)
def test_an_adults_request_needs_none(house: House, office: Office, one: Reading) -> None:
    requester = {
        "role": "agent",
        "relation": "lawyer",
        "contact": {"email": "law@example.com"},
        "name": SAID["name"],
        "scope": "receive",
        "matters": ["copy"],
        "until": (house.clock.now() + timedelta(days=90)).date().isoformat(),
        "signed": True,
    }
    given = {"requester": requester, "subject_age_band": "adult"}
    case = minors_case(house, office, closed=one is not DOCUMENT, **given)

    shown = read(office, case, one)
    tried = office.run("minors", "ask", case.request, "--purpose", "answer", "--as", "rui")

    assert shown.exit_code == 0, shown.output
    assert SAID[one.shows] in shown.output
    assert [("approval" in view.data) for view in entries(house, one.event)] == [False]
    assert code(tried) == "no_approval_needed"


@pytest.mark.requirement("R-M36-1:bad")
@pytest.mark.parametrize(
    ("band", "regimes", "refusal"),
    [
        ("under_14", ["cn_general"], "minor_content"),
        ("14_17", ["cn_general"], "minor_content"),
        ("unknown", ["cn_general", "cn_minor"], "minor_content"),
        ("adult", ["cn_minor"], "minor_content"),
        ("unknown", ["cn_general"], ""),
        ("adult", ["cn_general", "cn_ecommerce"], ""),
    ],
)
def test_whose_request_it_is_the_age_or_the_law_says(
    house: House, office: Office, band: str, regimes: list[str], refusal: str
) -> None:
    request_id = house.asserted("access")["id"]
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        request.age_band, request.regimes = band, regimes

    done = office.run("messages", "show", request_id, "--as", "rui")

    assert (code(done) if done.exit_code else "") == refusal


def test_whoever_asks_as_a_guardian_asks_for_a_minor(house: House, office: Office) -> None:
    case = minors_case(house, office, subject_age_band="unknown")

    assert code(office.run("messages", "show", case.request, "--as", "rui")) == "minor_content"


def test_what_follows_a_minors_request_is_a_minors(
    house: House, office: Office, case: Case
) -> None:
    between, last = house.asserted("access")["id"], house.asserted("copy")["id"]
    with house.writing() as session:
        session.get_one(Request, between).follows = case.request
        session.get_one(Request, last).follows = between

    assert code(office.run("messages", "show", last, "--as", "rui")) == "minor_content"
