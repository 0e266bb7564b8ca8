"""What the page of a request offers can be done: nobody is shown a form that can only fail."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import appeals, audit, requests
from rights.services.beforehand import REASON
from rights.store.models import (
    DenialProposal,
    HoldException,
    IdentifierRow,
    Notice,
    PlanRow,
    Request,
    StepRow,
    StepState,
)
from rights.web.console.offers import CHANGED
from rights.web.parts import NAME as PARTS
from tests.web.console.clerk import CITED, clerk, events, id_of, planned, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page
from tests.web.verifying import reached

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

ALWAYS = {"sign-out", "assign", "write", "hold", "tell_recipient", "told", "ask", "deny"}
"""Forms of nearly every page, looked at where they are what a test is about."""


def _offered(page: Page) -> set[str]:
    acts = (form.action for form in page.forms if "#" not in form.action)  # that one is a draft
    return {action.rpartition("/")[2] for action in acts}


def _forms(page: Page) -> set[str]:
    return _offered(page) - ALWAYS


def _chosen(page: Page, act: str, name: str = "reason") -> set[str]:
    """Return what can be chosen in a field of the form of an act."""
    form = page.html.partition(f'/{act}"')[2].partition("</form>")[0]
    select = form.partition(f'name="{name}"')[2].partition("</select>")[0]
    return {*re.findall(r'value="(\w+)"', select)}


def _step(house: House, request_id: str) -> StepRow:
    with house.reading() as session:
        query = select(StepRow).where(StepRow.request_id == request_id)
        found: StepRow = session.exec(query.order_by(col(StepRow.phase).desc())).first()
    return found


def _state(house: House, request_id: str) -> State:
    with house.reading() as session:
        return State(session.get_one(Request, request_id).state)


def _closed(house: House, request_id: str, state: State) -> None:
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        request.state, request.closed_at = state, house.clock.now()


@pytest.mark.parametrize(
    ("action", "state", "forms", "reasons"),
    [
        ("prepare", StepState.FAILED, {"retry"}, None),
        ("erase", StepState.FAILED, {"retry", "leave_out"}, {"held"}),
        ("erase", StepState.MANUAL, {"complete", "leave_out"}, {"held"}),
    ],
)
def test_a_step_offers_what_can_be_done_about_it(
    house: House, action: str, state: StepState, forms: set[str], reasons: set[str] | None
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, action=action, beside="press", state=state)

    page = rui.get(f"/requests/{made}")

    assert _forms(page) == forms
    if reasons:
        chosen = _chosen(page, "leave_out")
        assert reasons <= chosen
        assert "infeasible" not in chosen
        assert rui.act(made, "leave_out", reason=min(chosen)).status == 200


def test_what_cannot_be_deleted_is_a_reason_once_an_exception_is_in_force(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, state=StepState.MANUAL)
    with house.writing() as session:
        now = house.clock.now()
        said: dict[str, Any] = {"statement": "WORM", "alternative": "locked away"}
        said |= {"stated_by": "staff:y", "approved_by": "staff:x", "approved_at": now}
        until = now + timedelta(days=9)
        session.add(HoldException(path="shop.users", review_at=until, **said))

    assert "infeasible" in _chosen(rui.get(f"/requests/{made}"), "leave_out")
    assert rui.act(made, "leave_out", reason="infeasible").status == 200


@pytest.mark.parametrize(
    ("action", "state", "act", "said", "code"),
    [
        ("erase", StepState.FAILED, "complete", {}, "The step failed"),
        ("erase", StepState.FAILED, "leave_out", {"reason": "infeasible"}, "This store can delete"),
        ("erase", StepState.MANUAL, "leave_out", {"reason": "infeasible"}, "No exception is in"),
        ("erase", StepState.MANUAL, "retry", {}, "No connector does this step"),
        ("prepare", StepState.FAILED, "leave_out", {"reason": "held"}, "Without a plan nothing"),
    ],
)
def test_what_is_refused_all_the_same_names_the_rule_and_changes_nothing(
    house: House, action: str, state: StepState, act: str, said: dict[str, str], code: str
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, action=action, state=state)
    before = _step(house, made)

    page = rui.force(f"/requests/{made}/{act}", step=before.id, **said)

    assert page.status == 409
    assert code in page.text
    assert "Somebody else changed" not in page.text
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)
    after, request = _step(house, made), _state(house, made)
    assert (after.state, after.code, after.done_by) == (before.state, before.code, "")
    assert request is State.ON_HOLD


def test_a_step_out_of_its_turn_is_not_completed_and_it_says_so(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, state=StepState.MANUAL)
    with house.writing() as session:
        step: dict[str, Any] = {"request_id": made, "phase": 2, "action": "erase", "store": "till"}
        session.add(StepRow(id=f"{made}-02-erase-till", state=StepState.MANUAL, **step))
    page = rui.get(f"/requests/{made}")
    assert len([form for form in page.forms if form.action.endswith("/complete")]) == 1

    page = rui.force(f"/requests/{made}/complete", step=f"{made}-02-erase-till")

    assert page.status == 409
    assert "It is not the turn of this step" in page.text
    assert _step(house, made).state is StepState.MANUAL


def test_a_denied_request_has_no_steps_to_decide_on(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, state=StepState.MANUAL)
    _closed(house, made, State.DENIED)

    assert _forms(rui.get(f"/requests/{made}")) == set()


def test_a_sample_is_looked_at_until_its_plan_is_approved(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)
    assert {"plan", "approve"} <= _forms(ana.get(f"/requests/{made}"))

    ana.act(made, "approve")

    assert not {"plan", "approve"} & _forms(ana.get(f"/requests/{made}"))


def _waits(house: House, request_id: str, wait: Wait) -> None:
    with house.writing() as session:
        request, now = session.get_one(Request, request_id), house.clock.now()
        request.wait = wait
        requests.record(session, request, Event.HELD, actor="system", now=now)


def test_why_a_denial_was_dismissed_is_read_by_who_proposed_it(house: House) -> None:
    ana, wei = (clerk(house, one, "approver", "legal") for one in ("ana", "wei"))
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    said = {"reason": "secrecy_by_law", "facts": "Because of the file.", **CITED}
    ranks = _chosen(ana.get(f"/requests/{made}"), "deny", "rank")
    assert ranks == {"law", "administrative_regulation"}  # nothing lower forbids an answer
    ana.act(made, "deny", **said)
    _waits(house, made, Wait.DECISION)
    page = wei.get(f"/requests/{made}")
    assert {"proposal", "dismiss"} == _forms(page)
    assert "Open the facts first" in page.text
    assert not {"ask", "deny"} & _offered(page)  # neither is possible while it waits
    assert {"proposal", "withdraw"} == _forms(ana.get(f"/requests/{made}"))

    page = wei.reader.send(page, "/open/proposal")
    assert {"proposal", "confirm", "dismiss"} == _forms(page)
    wei.reader.send(page, "/dismiss", because="The file was closed in May.")

    for who in (ana, wei):
        page = who.get(f"/requests/{made}")
        assert "a colleague decided against it" in page.text
        assert "closed in May" not in page.text
        assert "closed in May" in who.reader.send(page, "/open/dismissed").text
    assert "dismissed" not in _forms(rui.get(f"/requests/{made}"))
    assert rui.force(f"/requests/{made}/open/dismissed").status == 403
    assert told(house, made).count("denial_dismissal_read") == 2
    ana.act(made, "deny", **said)
    again = wei.reader.send(wei.get(f"/requests/{made}"), "/open/proposal")
    assert "closed in May" in again.text  # whoever decides now knows what was said before


def test_nothing_is_denied_that_was_begun_and_the_page_says_what_to_do(house: House) -> None:
    ana, made = clerk(house, "ana", "approver", "legal"), planned(house, state=StepState.DONE)

    page = ana.get(f"/requests/{made}")

    assert not {"deny", "indicate"} & _offered(page)
    assert "It is too late to deny" in page.text


def test_a_reason_that_is_not_the_case_is_named_with_why_and_cannot_be_chosen(
    house: House,
) -> None:
    ana, made = clerk(house, "ana", "approver", "legal"), planned(house)
    assert "no_ground" not in _chosen(ana.get(f"/requests/{made}"), "deny")
    with house.writing() as session:
        plan = session.get_one(PlanRow, made)
        plan.body = {**plan.body, "grounds": {"shop.users": {"withdrawn": True}}}

    page = ana.get(f"/requests/{made}")

    assert "no_ground" not in _chosen(page, "deny")
    assert "There is a ground" in page.text
    for reason in sorted(_chosen(page, "deny")):
        with house.writing() as session:
            for one in session.exec(select(DenialProposal)).all():
                one.outcome = "withdrawn"
        cited = CITED if reason in {"secrecy_by_law", "state_duty_obstruction"} else {}
        done = ana.act(made, "deny", reason=reason, facts="It is so.", **cited)
        assert done.status == 200, (reason, done.text)


def test_who_is_denied_in_writing_is_offered_no_telephone(house: House) -> None:
    ana = clerk(house, "ana", "approver", "legal")
    made = str(house.asserted("access", regimes=["cn_minor"])["id"])  # nobody said how old

    offered = _chosen(ana.get(f"/requests/{made}"), "deny", "channel")

    assert offered
    for channel in sorted(offered):
        with house.writing() as session:
            for one in session.exec(select(DenialProposal)).all():
                one.outcome = "withdrawn"
        said = {"reason": "secrecy_by_law", "facts": "It is so.", "channel": channel}
        done = ana.act(made, "deny", **said, **CITED)
        assert done.status == 200, (channel, done.text)


def test_no_law_that_names_a_way_out_is_said_to_be_that(house: House) -> None:
    ana, made = clerk(house, "ana", "approver", "legal"), str(house.asserted("access")["id"])
    laws = dict(house.context.regimes)
    for name, law in laws.items():
        mute = {
            key: replace(clock, denial=replace(clock.denial, remedies=()))
            for key, clock in law.clocks.items()
        }
        laws[name] = replace(law, clocks=mute)
    house.app.extensions[PARTS] = replace(house.parts, context=replace(house.context, regimes=laws))

    page = ana.get(f"/requests/{made}")
    refused = ana.force(f"/requests/{made}/deny", reason="secrecy_by_law", facts="x", **CITED)

    assert "deny" not in _offered(page)
    for one in (page, refused):
        assert "No law names where the person could turn" in one.text
    assert refused.status == 409


def test_what_was_said_beforehand_is_not_offered_again(house: House) -> None:
    dora = clerk(house, "dora", "dpo")
    made = str(house.asserted("copy", regimes=["eu_gdpr"])["id"])
    page = dora.get(f"/requests/{made}")
    assert "indicate" in _offered(page)
    assert REASON not in _chosen(page, "deny")  # before that was said

    dora.act(made, "indicate", because="It is the ninth request.")

    assert "indicate" not in _offered(dora.get(f"/requests/{made}"))


def test_the_end_of_a_restriction_is_announced_once(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), str(house.asserted("restriction")["id"])
    _closed(house, made, State.FULFILLED)
    day = f"{house.clock.now() + timedelta(days=9):%Y-%m-%d}"
    assert ana.act(made, "lift", because="It is settled.", on=day).status == 200

    assert "lift" not in _offered(ana.get(f"/requests/{made}"))
    assert ana.force(f"/requests/{made}/lift", because="x", on=day).status == 409


def test_an_appeal_of_who_acts_for_another_is_not_said_to_be_upheld(house: House) -> None:
    wei, made = clerk(house, "wei", "approver", "legal"), reached(house)
    with house.writing() as session:
        now, request = house.clock.now(), session.get_one(Request, made)
        request.reason = "identity_unverified"
        requests.record(session, request, Event.DENIED, actor="staff:x", now=now)
        appeals.make(session, house.context, request, "no", actor="subject", now=now)
    wei.act(made, "assign_appeal", to=id_of(house, "wei"))

    page = wei.get(f"/requests/{made}")

    assert 'value="uphold"' not in page.html
    assert "Ask them to submit it anew" in page.text
    assert wei.act(made, "decide_appeal", outcome="dismiss", reasons="So it is.").status == 200


def _letters(house: House, request_id: str) -> list[Notice]:
    with house.reading() as session:
        query = select(Notice).where(Notice.request_id == request_id)
        return list(session.exec(query.order_by(col(Notice.created_at), col(Notice.id))))


def test_a_letter_that_reached_nobody_is_sent_again_once_there_is_somebody(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    otto, other = clerk(house, "otto", "auditor"), str(house.asserted("access", BOB)["id"])
    rui.act(made, "write", text="Here it is.")
    with house.writing() as session:
        for one in session.exec(select(Notice).where(Notice.request_id == made)).all():
            one.state, one.next_at = "refused", None
        for row in session.exec(select(IdentifierRow)).all():
            if row.request_id == made and row.type != "user_id":
                row.type = f"old_{row.type}"
    assert "write_again" not in _offered(rui.get(f"/requests/{made}"))  # to nobody
    with house.writing() as session:
        for row in session.exec(select(IdentifierRow)).all():
            row.type = row.type.removeprefix("old_")
    letter = _letters(house, made)[-1]
    assert "write_again" not in _offered(otto.get(f"/requests/{made}"))
    for who, where in ((otto, made), (rui, other)):
        page = who.force(f"/requests/{where}/write_again", letter=letter.id)
        assert page.status == (403 if who is otto else 404)

    page = rui.get(f"/requests/{made}")
    forms = [form for form in page.forms if form.action.endswith("/write_again")]
    sent = [rui.reader.post(form.action, form.holding()) for form in forms]

    assert [one.status for one in sent] == [200] * len(forms)
    assert "to the contact that there is now" in sent[0].text
    again = [one for one in _letters(house, made) if one.state == "waiting"]
    assert "message" in {one.event for one in again}
    assert len(again) == len(forms) == told(house, made).count("letter_again")
    assert "write_again" not in _offered(rui.get(f"/requests/{made}"))
    twice = rui.force(f"/requests/{made}/write_again", letter=letter.id)
    assert twice.status == 409
    assert "This letter is not sent again" in twice.text


def test_who_asked_for_the_proof_is_offered_to_vouch_on_no_page_of_the_timeline(
    house: House,
) -> None:
    eve, vic = (clerk(house, name, "verifier") for name in ("eve", "vic"))
    made = planned(house, state=StepState.FAILED, code=CHANGED)
    with house.writing() as session:
        line = audit.Line("proof_asked", f"staff:{id_of(house, 'eve')}", {"way": "code"})
        request, now = requests.locked(session, made), house.clock.now()
        audit.append(session, request, [line], now=now)
        last = request.head_seq

    for older in ("", f"?before={last}"):
        assert "trust" not in _offered(eve.get(f"/requests/{made}{older}"))
        assert "trust" in _offered(vic.get(f"/requests/{made}{older}"))


def test_what_nobody_has_proved_is_late_for_nobody(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), str(house.submit("access", ALICE)["id"])
    proved = str(house.asserted("access", BOB)["id"])
    house.clock.forward(days=400)
    ana.come_in()

    listed = ana.get("/requests?state=all").html
    rows = {one: listed.partition(one)[2].partition("</tr>")[0] for one in (made, proved)}

    assert "late" in rows[proved]
    assert "late" not in rows[made]
    assert "days late" not in ana.get(f"/requests/{made}").text
