"""What staff see of one request, and what they do to it from its page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import appeals, audit, complaints, messages, requests
from rights.store.ids import new_id
from rights.store.models import (
    Aftercare,
    ContentApproval,
    DenialProposal,
    KeyProof,
    PlanRow,
    ProofRow,
    ProofTry,
    Request,
    StepRow,
    StepState,
)
from tests.web.console.clerk import CITED, Clerk, clerk, events, id_of, planned, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page

HELD = {"rank": "litigation", "basis": "case 2026-17"}
LINE = {"store": "shop", "action": "erase", "rows": 3, "bytes": 812, "bytes_measured_on": 3}
FORESEEN = {
    "steps": [
        {
            "phase": 1,
            "action": "erase",
            "store": "shop",
            "part": "",
            "collections": ["shop.users", "shop.orders"],
            "manual": "",
        }
    ],
    "counts": {"shop.users": {"rows": 3, "restricted": 0, "bytes": 812, "sole": 3}},
    "holds": {"approved": [], "placed": {"shop.orders": {"hold": "h", **HELD, "until": ""}}},
    "grounds": {"shop.users": {"consent_withdrawn": True, "unlawful": False}},
    "outlook": {
        "collections": [
            {
                **LINE,
                "collection": "users",
                "deleted": 2,
                "anonymised": 0,
                "decorrelated": 0,
                "held": 1,
                "kept": 0,
                "reasons": [
                    {
                        "what": "held",
                        "rows": 1,
                        "code": "litigation_hold",
                        **HELD,
                        "until": "2027-07-01",
                    }
                ],
            },
            {**LINE, "collection": "orders"},
        ],
        "steps": [],
        "unknown": ["shop.orders"],
        "estimated": ["bytes"],
    },
}
"""What a worker foresaw of a plan, and went by."""


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


def test_an_approver_reads_what_becomes_of_what_and_why_and_until_when(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    made = planned(house, body=FORESEEN)

    page = ana.get(f"/requests/{made}")

    for said in (
        "2 deleted, 1 held",
        "Kept for a lawsuit; a lawsuit: case 2026-17; until July 1, 2027",
        "the store cannot tell beforehand",
        "A legal hold on shop.orders: a lawsuit: case 2026-17; until somebody releases it",
        "Applies: They took back their consent",
        "Does not apply: Processed unlawfully",
    ):
        assert said in page.text, said
    assert not re.search(r"deleted_|litigation_hold|consent_withdrawn|\b0 of", page.text)
    ana.reader.language = "zh-CN"
    page = ana.get(f"/requests/{made}")
    for said in ("删除 2 行、保留 1 行", "因诉讼需要保全", "2027年7月1日", "该存储无法事先告知"):
        assert said in page.text, said


def test_the_page_says_how_somebody_proved_who_they_are_and_shows_no_address(house: House) -> None:
    vera, now = clerk(house, "vera", "verifier"), house.clock.now()
    made = str(house.submit("deletion", {"email": ALICE["email"], "phone": "+8613900139000"})["id"])
    answer = f"/v1/requests/{made}/verification/answer"
    wrong = f"{(int(house.code(made)) + 1) % 10**6:06d}"
    assert house.post(answer, {"code": wrong}).status_code == 401
    assert "not answered yet, good until" in vera.get(f"/requests/{made}").text
    house.clock.forward(seconds=30)
    house.post(answer, {"code": house.code(made)})
    vera.act(made, "ask_proof", way="document", why="The account was sold.")
    tried = {"request_id": made, "way": "known_facts", "at": house.clock.now()}
    with house.writing() as session:
        session.add(ProofRow(**tried, level=2, verifier="system"))
        for outcome in ("wrong", "enough"):
            blinds = [{"lookup_id": outcome * 2, "blind": one} for one in "ab"]
            session.add_all(ProofTry(**tried, **one, outcome=outcome) for one in blinds)
        session.add(KeyProof(request_id=made, key_id="k", way="passkey", trusted=True, at=now))

    page = vera.get(f"/requests/{made}")

    for said in (
        "E-mail address a•••@e•••.com a code was answered there",
        "Phone number •••00 only typed",
        "to E-mail address a•••@e•••.com answered",
        "level 1, wrong answers: 1",
        "Show a document asked for by vera, outside the plan",
        "Two details that we hold already not right",
        "Two details that we hold already found right, level 2",
        "opens a copy until",
        "Passkey stands in place of a code",
        "(6)",
    ):
        assert said in page.text, said
    assert not any(one in page.html for one in (ALICE["email"], "alice", "13900139000"))
    house.clock.forward(hours=2)
    vera.come_in()
    assert "opens a copy until" not in vera.get(f"/requests/{made}").text


def test_the_timeline_has_words_and_local_times_and_leads_to_what_is_older(house: House) -> None:
    rui, other = clerk(house, "rui", "reviewer"), new_id()
    made = planned(house, state=StepState.FAILED)
    said: dict[str, Any] = {
        "step_done": {"step": "03-erase-shop", "affected": 26, "hops": ["shop.orders"]},
        "extended": {"reason": "complexity", "until": "2026-11-25T02:30:00+00:00"},
        "assigned": {"to": id_of(house, "rui")},
        "plan_approved": {"plan": "p" * 64},
        "by_category": {"into": other},
        "clock_alert": {"stage": 75},
        "unheard_of": {"never_seen": "some_code"},
    }
    lines = [audit.Line(event, "system", data) for event, data in said.items()]
    with house.writing() as session:
        request, now = session.get_one(Request, made), house.clock.now()
        alert = audit.Line("clock_alert", "system", {"stage": 50})
        audit.append(session, request, [*lines, *[alert] * 296], now=now)

    page = rui.get(f"/requests/{made}")
    older = _request(house, made).head_seq - 300
    assert f"{older} older entries are before these" in page.text
    assert "step: Delete · shop" not in page.text
    page = rui.get(f"/requests/{made}?before=12")

    for words in (
        "channel: API · kind: Deletion · choice: Delete · laws: ",
        "state: on hold · waits for: staff",
        "rows: 26 · followed over: shop.orders · step: Delete · shop",
        "reason: your request is complex",
        "until: Nov 25, 2026, 10:30",
        "to: rui",
        "plan: pppppppp",
        f"into the request: {other[:8]}",
        "of the time is used up: 75 %",
        "never_seen: some_code",
    ):
        assert words in page.text, words
    assert f'href="/console/requests/{other}"' in page.html
    assert "Show the newest" in page.text
    assert rui.get(f"/requests/{made}?before=x").status == 200
    rui.reader.language = "zh-CN"
    page = rui.get(f"/requests/{made}?before=12")
    for words in ("等待：人工办理", "至：2026年11月25日", "步骤：删除 · shop", "期限已用：75 %"):
        assert words in page.text, words


def test_a_request_leads_to_the_persons_others_its_complaints_and_what_goes_on(
    house: House,
) -> None:
    rui, ada = clerk(house, "rui", "reviewer"), clerk(house, "ada", "admin")
    made, first, merged = (
        str(house.asserted(kind)["id"]) for kind in ("deletion", "access", "copy")
    )
    other = str(house.asserted("access", BOB)["id"])
    with house.writing() as session:
        request, now = session.get_one(Request, made), house.clock.now()
        request.follows, request.merged_into = first, merged
        new = complaints.NewComplaint("Too slow.", ALICE, house.partner.id)
        complaint = complaints.make(session, house.context, new, about=request, now=now).id
        for kind, state in (("recheck", "waiting"), ("incident", "open")):
            care = {"kind": kind, "state": state, "created_at": now, "due_at": now}
            session.add(Aftercare(request_id=made, **care))

    page = rui.get(f"/requests/{made}")

    related = page.html.partition('id="related-title"')[2].partition("</section>")[0]
    facts = page.html.partition('id="facts-title"')[2].partition("</section>")[0]
    for one in (first, merged):
        assert f'href="/console/requests/{one}"' in related
        assert f'href="/console/requests/{one}">{one[:8]}' in facts
    assert other not in page.html
    assert made not in related
    assert f'href="/console/complaints/{complaint}"' in page.html
    assert "Too slow." not in page.html
    assert 'href="/console/waiting#other"' in page.html
    looks = re.findall(r'href="/console(/rechecks\?after=[^"]+)"', page.html)
    assert made[:8] in rui.get(looks[0]).text
    page = ada.get(f"/requests/{made}")
    assert complaint[:8] in page.text
    assert f'href="/console/complaints/{complaint}"' not in page.html  # not hers to open


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
    assert _request(house, made).state is State.ON_HOLD
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)


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
    left = planned(house, "restriction", state=StepState.MANUAL)
    page = rui.get(f"/requests/{left}")
    reason = re.findall(r'<option value="([a-z_]+)"', page.html.partition('/leave_out"')[2])[0]
    rui.act(left, "leave_out", reason=reason)

    with house.reading() as session:
        one = session.get_one(StepRow, f"{done}-01-erase-shop")
        other = session.exec(select(StepRow).where(StepRow.request_id == left)).one()
    assert (one.state, one.result) == (StepState.DONE, {"proof": "T-1"})
    assert "task_completed" in told(house, done)
    assert (other.state, other.code) == (StepState.LEFT_OUT, reason)
    assert "step_left_out" in told(house, left)


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


@pytest.mark.requirement("R-M36-1")
def test_a_minors_content_is_opened_with_a_colleagues_approval_only(house: House) -> None:
    rui, lin = clerk(house, "rui", "reviewer"), clerk(house, "lin", "approver")
    made = str(house.asserted("access", subject_age_band="14_17")["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        now = house.clock.now()
        messages.from_person(session, house.context, request, "hello", actor="subject", now=now)
    page = rui.get(f"/requests/{made}")
    assert "minor" in page.text
    assert not any("/open/" in form.action for form in page.forms)
    closed = rui.force(f"/requests/{made}/open/messages")
    assert closed.status == 403
    assert "hello" not in closed.text
    assert "staff_refused" in told(house, made)

    page = rui.act(made, "ask_minor", purpose="answer")
    assert "You asked to open it, to answer the person. A colleague" in page.text
    assert not any(form.action.endswith("/ask_minor") for form in page.forms)
    assert not any(
        "/waiting/minors/" in form.action for form in rui.get("/waiting").forms
    )  # not by who asked
    page = lin.get("/waiting")
    approval = next(form for form in page.forms if "/waiting/minors/" in form.action)
    lin.reader.post(approval.action, approval.holding(hours="2"))
    page = rui.get(f"/requests/{made}")
    assert "It is open for you until" in page.text
    opened = rui.reader.send(page, "/open/messages")
    assert "hello" in opened.text
    assert 'class="content minors"' in opened.html  # not to be copied or printed
    house.clock.forward(hours=2, minutes=1)
    rui.come_in()
    assert rui.get(f"/requests/{made}").form("/ask_minor")  # anew
    assert rui.force(f"/requests/{made}/open/messages").status == 403


@pytest.mark.requirement("R-M36-1:bad")
def test_an_approval_is_not_for_longer_than_a_day_nor_ones_own(house: House) -> None:
    lin = clerk(house, "lin", "approver")
    made = str(house.asserted("access", subject_age_band="14_17")["id"])
    lin.act(made, "ask_minor", purpose="answer")
    with house.reading() as session:
        approval = session.exec(select(ContentApproval)).one()

    assert lin.force(f"/waiting/minors/{approval.id}", hours="2").status == 403
    ana = clerk(house, "ana", "approver")
    for hours in ("0", "25", "-1", "x", "9" * 30):
        assert ana.force(f"/waiting/minors/{approval.id}", hours=hours).status == 422


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


def test_more_time_is_offered_where_the_law_knows_it_and_told_to_the_person(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    made, chinese = (str(house.asserted("access", one)["id"]) for one in (ALICE, BOB))
    with house.writing() as session:
        session.get_one(Request, made).regimes = ["eu_gdpr"]
    assert not any(f.action.endswith("/extend") for f in ana.get(f"/requests/{chinese}").forms)

    page = ana.act(made, "extend", reason="complexity", because="There are many shops.")

    assert "being told" in page.text
    assert "once the person is told" in page.text
    refused = ana.force(f"/requests/{chinese}/extend", reason="complexity", because="x")
    assert refused.status == 409
    assert "extension_asked" in told(house, made)


def test_the_clock_stands_still_only_while_the_person_is_waited_for(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.regimes, now = ["uk_gdpr"], house.clock.now()
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=now)
    assert not any(f.action.endswith("/pause") for f in rui.get(f"/requests/{made}").forms)
    rui.act(made, "ask", question__1="Which shop?", why__1="There are two.")

    page = rui.act(made, "pause", cause="clarification")

    assert "has stood still since" in page.text
    house.clock.forward(minutes=20)
    page = rui.act(made, "resume")
    assert "runs again" in page.text
    assert re.search(
        r"stood still from [^:]+:\d\d to [^:]+:\d\d: we are waiting for you to tell us", page.text
    )
    assert "what ended it: staff" in page.text


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
