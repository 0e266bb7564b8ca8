"""What staff see of one request, and what they do to it from its page."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import appeals, messages, requests
from rights.store.ids import new_id
from rights.store.models import (
    DenialProposal,
    PlanRow,
    Request,
    StepRow,
    StepState,
)
from tests.web.console.clerk import CITED, Clerk, clerk, events, id_of, planned, refusals, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page


def _request(house: House, request_id: str) -> Request:
    with house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def test_the_page_says_where_a_request_stands_and_nothing_of_the_person(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    made = planned(house)

    page = ana.get(f"/requests/{made}")

    assert page.status == 200
    for said in ("on hold", "an approval", "shop", "3 rows", "p" * 64, "days left"):
        assert said in page.text, said
    assert not any(value in page.html for value in ALICE.values())


def test_a_plan_is_approved_by_its_hash_from_its_page(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)

    page = ana.act(made, "approve")

    assert "The plan was approved" in page.text
    assert _request(house, made).state is State.IN_PROGRESS
    assert "plan_approved" in told(house, made)


def test_a_plan_that_was_made_anew_is_not_approved_by_a_page_of_before(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)
    page = ana.get(f"/requests/{made}")
    with house.writing() as session:
        session.get_one(PlanRow, made).hash = "q" * 64

    page = ana.reader.send(page, "/approve")

    assert page.status == 409
    assert "was not done" in page.text
    assert _request(house, made).state is State.ON_HOLD
    assert ("staff_refused", f"staff:{id_of(house, 'ana')}") in events(house)


@pytest.mark.requirement("R-NEG-28:bad")
def test_whoever_has_not_the_role_is_offered_nothing_and_refused_all_the_same(
    house: House,
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house)
    page = rui.get(f"/requests/{made}")
    assert not any(form.action.endswith("/approve") for form in page.forms)

    page = rui.force(f"/requests/{made}/approve", plan="p" * 64)

    assert page.status == 403
    assert "Your roles do not allow this: approve a plan. Who may: Approver" in page.text
    assert _request(house, made).state is State.ON_HOLD
    said = {"code": "forbidden", "act": "one.approve", "needs": "approve", "request": made}
    assert refusals(house) == [said]
    assert "staff_refused" not in told(house, made)  # nothing happened to it


def test_a_failed_step_says_why_and_is_tried_again(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.FAILED, note="connection refused", code="refused")
    page = rui.get(f"/requests/{made}")
    assert "connection refused" in page.text

    page = rui.reader.send(page, "/retry")

    assert "tried again" in page.text
    with house.reading() as session:
        assert session.get_one(StepRow, f"{made}-01-erase-shop").state is StepState.TODO


def test_a_step_by_hand_is_done_with_a_reference_or_left_out_with_a_reason(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    done = planned(house, state=StepState.MANUAL)
    rui.act(done, "complete", proof="T-1")
    left = planned(house, "restriction", beside="press", state=StepState.MANUAL)
    page = rui.get(f"/requests/{left}")
    reason = re.findall(r'<option value="([a-z_]+)"', page.html.partition('/leave_out"')[2])[0]
    rui.act(left, "leave_out", reason=reason)

    with house.reading() as session:
        one = session.get_one(StepRow, f"{done}-01-erase-shop")
        other = session.get_one(StepRow, f"{left}-01-erase-shop")
    assert (one.state, one.result) == (StepState.DONE, {"proof": "T-1"})
    assert "task_completed" in told(house, done)
    assert (other.state, other.code) == (StepState.LEFT_OUT, reason)
    assert "step_left_out" in told(house, left)


@pytest.mark.parametrize("proof", ["", "  "])
def test_nothing_is_done_by_hand_without_what_shows_it(house: House, proof: str) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, state=StepState.MANUAL)

    page = rui.act(made, "complete", proof=proof)

    assert (page.status, "Nothing was typed here" in page.text) == (422, True)
    with house.reading() as session:
        assert session.get_one(StepRow, f"{made}-01-erase-shop").state is StepState.MANUAL
    assert [(one["code"], one["rule"]) for one in refusals(house)] == [("invalid", "missing")]


def test_a_step_of_another_request_is_none_of_this_page(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    one, other = (planned(house, k, state=StepState.MANUAL) for k in ("deletion", "copy"))

    page = rui.force(f"/requests/{one}/complete", step=f"{other}-01-erase-shop")

    assert page.status == 422
    with house.reading() as session:
        assert session.get_one(StepRow, f"{other}-01-erase-shop").state is StepState.MANUAL


def _proposed(house: House, ana: Clerk, made: str) -> Page:
    return ana.act(
        made, "deny", reason="state_duty_obstruction", facts="Because of the file.", **CITED
    )


@pytest.mark.requirement("R-NEG-28")
def test_a_denial_takes_two_and_nobody_confirms_their_own(house: House) -> None:
    wei, ana = clerk(house, "wei", "approver", "legal"), clerk(house, "ana", "approver", "legal")
    made = str(house.asserted("access")["id"])
    page = wei.get(f"/requests/{made}")
    reason = next(
        value
        for value in ("secrecy_by_law", "state_duty_obstruction", "no_data", "not_identifiable")
        if f'value="{value}"' in page.html
    )
    page = wei.act(made, "deny", reason=reason, facts="Because of the file.", **CITED)
    assert "Proposed" in page.text
    with house.reading() as session:
        proposal = session.exec(select(DenialProposal)).one()

    for name, role in (("rui", "reviewer"), ("otto", "auditor")):
        other = clerk(house, name, role)
        offered = [form.action for form in other.get(f"/requests/{made}").forms]
        assert not any(action.endswith("/open/proposal") for action in offered)
        opened = other.force(f"/requests/{made}/open/proposal", proposal=proposal.id)
        assert opened.status == 403
        assert "Because of the file." not in opened.text
    own = wei.force(f"/requests/{made}/confirm", proposal=proposal.id)
    assert own.status == 403
    assert _request(house, made).state is not State.DENIED
    page = ana.get(f"/requests/{made}")
    assert page.form("/open/proposal")
    assert not any(form.action.endswith("/confirm") for form in page.forms)
    unread = ana.force(f"/requests/{made}/confirm", proposal=proposal.id)
    assert unread.status == 409  # nobody confirms what they have not read
    ana.reader.send(page, "/open/proposal")
    done = ana.act(made, "confirm")

    assert "Denied" in done.text
    assert _request(house, made).state is State.DENIED


def test_a_reason_that_is_none_for_this_kind_is_refused_with_those_that_are(house: House) -> None:
    ana, made = clerk(house, "ana", "approver", "legal"), str(house.asserted("deletion")["id"])

    page = ana.force(f"/requests/{made}/deny", reason="too_much_work", facts="x")

    assert page.status == 422
    assert "Reason. It can be:" in page.text
    assert _request(house, made).state is not State.DENIED


def test_messages_are_opened_by_a_click_that_is_an_entry(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        now = house.clock.now()
        messages.from_person(
            session, house.context, request, "where is <b>it</b>?", actor="subject", now=now
        )
    page = rui.get(f"/requests/{made}")
    assert "where is" not in page.text
    assert "messages_read" not in told(house, made)

    page = rui.reader.send(page, "/open/messages")

    assert "where is <b>it</b>?" in page.text
    assert "<b>it</b>" not in page.html
    assert "messages_read" in told(house, made)
    page = rui.act(made, "write", text="Here it is.")
    assert "on its way" in page.text
    assert "message_sent" in told(house, made)


def test_the_person_is_asked_for_all_of_it_at_once(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        now = house.clock.now()
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=now)

    page = rui.act(made, "ask", question__1="Which shop?", why__1="There are two.")

    assert "is told" in page.text
    assert _request(house, made).wait is Wait.NEEDS_INFO
    refused = rui.force(f"/requests/{made}/ask", **{"question.1": "And?", "why.1": "x"})
    assert refused.status == 409


def test_what_was_typed_is_still_there_when_it_was_refused(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    text = "a long letter " * 900

    page = rui.act(made, "write", text=text)

    assert page.status == 422
    assert text.strip() in page.text


def test_a_request_is_given_to_somebody(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), str(house.asserted("access")["id"])
    clerk(house, "rui", "reviewer")
    page = ana.act(made, "assign", to=id_of(house, "rui"))
    assert "Given" in page.text
    assert "rui" in ana.get("/requests").text
    assert "assigned" in told(house, made)
    ana.act(made, "assign", to="")
    assert "nobody" in ana.get(f"/requests/{made}").text


def test_nothing_is_given_to_an_auditor_of_another_world_or_a_closed_account(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), str(house.asserted("access")["id"])

    assert ana.force(f"/requests/{made}/assign", to=new_id()).status == 404


def test_there_is_no_page_for_what_is_not_there(house: House) -> None:
    ana = clerk(house, "ana", "approver")

    assert ana.get(f"/requests/{new_id()}").status == 404
    assert ana.get("/requests/abc").status == 404


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_is_there_in_both_languages(house: House, language: str) -> None:
    ana = clerk(house, "ana", "approver", "legal")
    ana.reader.language = language
    for kind in ("access", "deletion", "restriction"):
        made = planned(house, kind, state=StepState.MANUAL)
        page = ana.get(f"/requests/{made}")
        assert page.status == 200, page.text
        assert f'lang="{language}"' in page.html


@pytest.mark.requirement("R-NEG-28:bad")
@pytest.mark.parametrize("name", ["confirm", "dismiss", "withdraw"])
def test_a_proposal_is_decided_on_its_own_request_only(house: House, name: str) -> None:
    wei, ana = (clerk(house, one, "approver", "legal") for one in ("wei", "ana"))
    mine, other = (str(house.asserted("access", one)["id"]) for one in (ALICE, BOB))
    wei.act(mine, "deny", reason="secrecy_by_law", facts="Because of the file.", **CITED)
    with house.reading() as session:
        proposal = session.exec(select(DenialProposal)).one()
    ana.reader.send(ana.get(f"/requests/{mine}"), "/open/proposal")
    who = wei if name == "withdraw" else ana

    opened = ana.force(f"/requests/{other}/open/proposal", proposal=proposal.id)
    done = who.force(f"/requests/{other}/{name}", proposal=proposal.id, because="x")

    assert (opened.status, done.status) == (404, 404)
    tried = ("proposal", name)
    noted = [{"code": "not_found", "act": f"one.{act}", "request": other} for act in tried]
    assert refusals(house) == noted
    assert "Because of the file" not in opened.text
    assert _request(house, other).state is State.IN_PROGRESS
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).one().outcome == ""


def test_an_appeal_is_given_and_decided_on_its_own_request_only(house: House) -> None:
    ana = clerk(house, "ana", "approver", "legal")
    mine, other = (str(house.asserted("access", one)["id"]) for one in (ALICE, BOB))
    with house.writing() as session:
        now, request = house.clock.now(), session.get_one(Request, mine)
        request.reason = "no_ground"
        actor = f"staff:{id_of(house, 'ana')}"
        requests.record(session, request, Event.DENIED, actor=actor, now=now)
        made = appeals.make(session, house.context, request, "no", actor="subject", now=now)
    who = id_of(house, "ana")

    given = ana.force(f"/requests/{other}/assign_appeal", appeal=made.id, to=who)
    decided = ana.force(
        f"/requests/{other}/decide_appeal", appeal=made.id, outcome="dismiss", reasons="x"
    )
    own = ana.force(f"/requests/{mine}/assign_appeal", appeal=made.id, to=who)

    assert (given.status, decided.status, own.status) == (404, 404, 409)
    assert "had a part in the request" in ana.get(f"/requests/{mine}").text
    clerk(house, "wei", "approver")
    page = ana.get(f"/requests/{mine}")
    ids = re.findall(r' id="([^"]+)"', page.html)
    assert {"to", "decider"} <= {*ids}  # whose work it is, and who decides
    assert len(ids) == len(set(ids))
    offered = page.html.partition('id="decider"')[2].partition("</select>")[0]
    assert id_of(house, "wei") in offered
    assert who not in offered
    assert not {"appeal_assigned", "appeal_dismissed"} & {*told(house, other)}
