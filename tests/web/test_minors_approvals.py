"""Who may approve that a minor's content is opened, for how long, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from rights.domain.minors import LONGEST, WAITS
from rights.services import audit, checkpoints, evidence, purge
from rights.services.signing import Signer
from rights.services.staff_access import accounts
from rights.store.models import ContentApproval, Request, Staff
from tests.web.console.clerk import clerk, id_of
from tests.web.correspondence import Office, code
from tests.web.house import BOB, SEED, House
from tests.web.minors_case import (
    CHILD,
    READINGS,
    Case,
    approvals,
    approved,
    asked,
    entries,
    minors_case,
    read,
)


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


@pytest.fixture
def case(house: House, office: Office) -> Case:
    return minors_case(house, office)


@pytest.mark.requirement("R-M36-1")
def test_one_that_says_it_lasts_longer_than_a_day_lasts_a_day(
    house: House, office: Office, case: Case
) -> None:
    """Whoever writes to the register itself lengthens nothing."""
    approval = approved(office, case, "rui")
    with house.writing() as session:
        row = session.get_one(ContentApproval, approval)
        row.approved_at -= LONGEST
        row.expires_at += timedelta(days=30)

    assert code(read(office, case, READINGS["messages show"])) == "minor_content"


@pytest.mark.requirement("R-M36-1:bad")
def test_a_question_that_nobody_answered_opens_nothing(office: Office, case: Case) -> None:
    asked(office, case, "rui")

    assert code(read(office, case, READINGS["messages show"])) == "minor_content"


@pytest.mark.requirement("R-M36-1")
def test_nobody_approves_what_they_asked_themselves(
    house: House, office: Office, case: Case
) -> None:
    own = asked(office, case, "ana")

    refused = office.run("minors", "approve", own, "--hours", "1", "--as", "ana")

    assert code(refused) == "own_approval"
    assert [e.data for e in entries(house, "staff_refused")] == [
        {"code": "own_approval", "act": "minors approve"}
    ]
    assert code(office.run("messages", "show", case.request, "--as", "ana")) == "minor_content"
    assert [row.approved_at for row in approvals(house)] == [None]


def test_an_approval_is_for_one_member_of_staff_and_one_request(
    house: House, office: Office, case: Case
) -> None:
    approved(office, case, "rui")
    other = house.asserted("access", CHILD)["id"]
    with house.writing() as session:
        session.get_one(Request, other).regimes = ["cn_general", "cn_minor"]

    assert code(office.run("messages", "show", case.request, "--as", "wei")) == "minor_content"
    assert code(office.run("messages", "show", case.request, "--as", "ana")) == "minor_content"
    assert code(office.run("messages", "show", other, "--as", "rui")) == "minor_content"


@pytest.mark.requirement("R-M36-1")
@pytest.mark.parametrize("who", ["otto", "bot", "rui", "vera"])
def test_who_is_not_responsible_approves_nothing(
    house: House, office: Office, case: Case, who: str
) -> None:
    approval = asked(office, case, "wei")

    assert (
        code(office.run("minors", "approve", approval, "--hours", "1", "--as", who)) == "forbidden"
    )
    assert [row.approved_by for row in approvals(house)] == [""]


@pytest.mark.parametrize("who", ["otto", "bot"])
def test_who_opens_no_content_does_not_ask_for_it(office: Office, case: Case, who: str) -> None:
    tried = office.run("minors", "ask", case.request, "--purpose", "answer", "--as", who)

    assert code(tried) == "forbidden"


def test_an_approval_gives_no_role(office: Office, case: Case) -> None:
    approved(office, case, "vera")

    assert code(office.run("messages", "show", case.request, "--as", "vera")) == "forbidden"


@pytest.mark.parametrize("hours", ["0", "-1", "25", "9" * 30])
def test_an_approval_lasts_a_day_at_most(
    house: House, office: Office, case: Case, hours: str
) -> None:
    approval = asked(office, case, "rui")

    wrong = office.run("minors", "approve", approval, f"--hours={hours}", "--as", "ana")

    assert code(wrong) == "invalid"
    assert [row.expires_at for row in approvals(house)] == [None]


def test_it_is_approved_once_and_not_a_week_later(house: House, office: Office, case: Case) -> None:
    given, old = approved(office, case, "rui"), asked(office, case, "vera")
    with house.writing() as session:
        session.get_one(ContentApproval, old).asked_at -= WAITS

    for approval in (given, old):
        again = office.run("minors", "approve", approval, "--hours", "1", "--as", "wei")
        assert code(again) == "approval_over"
    unknown = office.run("minors", "approve", "0" * 32, "--hours", "1", "--as", "wei")
    assert code(unknown) == "not_found"


def test_a_purpose_is_a_word_of_the_list(house: House, office: Office, case: Case) -> None:
    words = ("minors", "ask", case.request, "--as", "rui", "--purpose")

    assert office.run(*words, "kid@example.com").exit_code == 2
    assert (office.run(*words, "answer").stdout, len(approvals(house))) == (
        office.run(*words, "answer").stdout, 1,
    )  # fmt: skip


def test_what_waits_is_listed_among_the_tasks_and_names_no_person(
    house: House, office: Office, case: Case
) -> None:
    approval = asked(office, case, "rui", "incident")

    (task,) = [one for one in office.listed("tasks") if one["action"] == "approval"]
    (line,) = office.listed("minors")
    plain = office.run("minors", "list").stdout

    assert (task["step"], task["request"]) == (f"approval-{approval}", case.request)
    assert f"rights minors approve {approval}" in task["note"] and "incident" in task["note"]
    assert (line["approval"], line["asked_by"], line["purpose"]) == (approval, "rui", "incident")
    assert (line["approved_by"], line["until"]) == ("", "")
    assert plain.endswith("1 waiting\n")
    (question,) = entries(house, "minor_content_asked")
    assert question.data == {"approval": approval, "purpose": "incident"}
    done = office.run("minors", "approve", approval, "--hours", "3", "--as", "wei")
    (after,) = office.listed("minors")
    (given,) = entries(house, "minor_content_approved")
    assert after["until"] == done.stdout.strip() == given.data["until"]
    assert (after["approved_by"], given.chain) == ("wei", case.request)
    assert given.data["to"] == office.id_of("rui")
    assert [one for one in office.listed("tasks") if one["action"] == "approval"] == []


def test_to_ask_or_to_approve_is_no_part_in_how_the_request_went(
    office: Office, case: Case
) -> None:
    approved(office, case, "rui", by="wei")
    assert code(office.run("messages", "show", case.request, "--as", "wei")) == "minor_content"

    given = office.run("appeals", "assign", case.appeal, "--to", "wei", "--as", "ana")

    assert given.exit_code == 0, given.output


def test_approvals_go_with_the_record_of_their_request(
    house: House, office: Office, case: Case
) -> None:
    approved(office, case, "rui")
    signer = Signer(SEED)
    house.clock.forward(days=house.context.settings.record_days + 1)
    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())
    place = house.parts.evidence
    evidence.destroy(house.engine, place, now=house.clock.now())
    with house.writing() as session:
        checkpoints.checkpoint(session, signer, now=house.clock.now())

    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())

    with house.reading() as session:
        assert session.get(Request, case.request) is None
        assert audit.entries(session, case.request) == []
    assert approvals(house) == []


def test_the_register_itself_takes_no_approval_of_ones_own(
    house: House, office: Office, case: Case
) -> None:
    approval = asked(office, case, "ana")

    with pytest.raises(IntegrityError), house.writing() as session:
        row = session.get_one(ContentApproval, approval)
        row.approved_by = row.asked_by


@pytest.mark.requirement("R-M36-1:bad")
@pytest.mark.parametrize("how", ["roles", "close"])
def test_an_approval_counts_no_longer_than_its_approver_may_approve(
    house: House, office: Office, case: Case, how: str
) -> None:
    approved(office, case, "rui", by="ana")
    assert read(office, case, READINGS["messages show"]).exit_code == 0
    with house.writing() as session:
        ana = accounts.named(session, "ana")
        assert ana is not None
        if how == "roles":
            accounts.change_roles(session, ana, ["auditor"], None, now=house.clock.now())
        else:
            accounts.close(session, ana, None, now=house.clock.now())

    assert code(read(office, case, READINGS["messages show"])) == "minor_content"
    assert json.loads(office.run("minors", "list", "--json").stdout) == []
    assert READINGS["messages show"].who == "rui"


@pytest.mark.requirement("R-M36-1:bad")
def test_the_page_of_a_request_is_shut_when_its_approver_may_approve_no_more(
    house: House,
) -> None:
    made = str(house.asserted("access", BOB, subject_age_band="14_17")["id"])
    house.post(f"/v1/requests/{made}/messages", {"text": "please be quick about it"})
    rui, wei = clerk(house, "rui", "reviewer"), clerk(house, "wei", "approver")
    rui.act(made, "ask_minor", purpose="answer")
    with house.reading() as session:
        (approval,) = session.exec(select(ContentApproval.id))
    wei.force(f"/waiting/minors/{approval}", hours="24")
    opened = rui.force(f"/requests/{made}/open/messages")
    assert "please be quick about it" in opened.text

    with house.writing() as session:
        approver = session.get_one(Staff, id_of(house, "wei"))
        accounts.change_roles(session, approver, ["auditor"], None, now=house.clock.now())

    shut = rui.force(f"/requests/{made}/open/messages")
    assert shut.status == 403
    assert "please be quick about it" not in shut.text
    page = rui.get(f"/requests/{made}")
    assert any(one.action.endswith("/ask_minor") for one in page.forms)  # asked anew
