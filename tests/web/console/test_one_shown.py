"""What the page of one request says: plan, proofs, timeline, clock, and a minor's content."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, Wait
from rights.services import audit, complaints, messages, requests
from rights.services.console import dossier
from rights.services.replanning import asking
from rights.store.ids import new_id
from rights.store.models import (
    Aftercare,
    ContentApproval,
    KeyProof,
    ProofRow,
    ProofTry,
    Request,
    StepRow,
    StepState,
)
from tests.web.console.clerk import clerk, id_of, planned, told
from tests.web.house import ALICE, BOB, House

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
    blank = ana.get(f"/requests/{planned(house, 'account_cancellation')}")
    assert "the store cannot tell beforehand" in blank.text  # nothing foreseen is not "nothing"
    assert not re.search(r"deleted_|litigation_hold|consent_withdrawn|\b0 of", page.text)
    ana.reader.language = "zh-CN"
    page = ana.get(f"/requests/{made}")
    for said in ("删除 2 行、保留 1 行", "因诉讼需要保全", "2027年7月1日", "该存储无法事先告知"):
        assert said in page.text, said


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("others_first", "others who own some of the rows went first", "已先行处理"),
        ("part_left_out", "a part was left out", "已略去其中一部分"),
        ("map_changed", "the data map changed", "数据地图已变化"),
        ("schema_changed", "the schema of a store changed", "存储的结构已变化"),
        ("rows_changed", "there are not as many rows any more", "行数与制定方案时不同"),
        ("restriction_changed", "what may be used again is another", "内容已变化"),
        ("", "as it was noted", "as it was noted"),
    ],
)
def test_why_a_plan_is_approved_once_more_is_said_in_the_readers_language(
    house: House, code: str, english: str, chinese: str
) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)
    with house.writing() as session:
        step: dict[str, Any] = {"id": f"{made}-00-prepare", "request_id": made, "phase": 0}
        step |= {"action": "prepare", "result": asking("as it was noted", code)}
        session.add(StepRow(**step, state=StepState.DONE))

    page = ana.get(f"/requests/{made}")
    ana.reader.language = "zh-CN"
    other = ana.get(f"/requests/{made}")

    assert f"A plan was approved before, but: {english}" in page.text
    assert chinese in other.text
    assert ("as it was noted" in other.text) is (not code)


@pytest.mark.parametrize(
    ("law", "english", "chinese"),
    [
        ("eu_gdpr", "(GDPR, Art. 17(3)(e))", "第十七条第三款第 e 项"),
        ("uk_gdpr", "(UK GDPR, Art. 17(3)(e))", "英国《通用数据保护条例》第十七条第三款第 e 项"),
        ("cn_general", "", ""),
    ],
)
def test_an_approver_reads_by_which_exception_of_the_law_rows_stay(
    house: House, law: str, english: str, chinese: str
) -> None:
    ana = clerk(house, "ana", "approver")
    made = planned(house, body=FORESEEN, regimes=[law])

    page = ana.get(f"/requests/{made}")
    ana.reader.language = "zh-CN"
    other = ana.get(f"/requests/{made}")

    stated = "It is needed to establish, exercise or defend legal claims"
    assert page.text.count(f"{stated} {english}") == (2 if english else 0)
    assert ("为提出、行使或者抗辩法律主张所必需" in other.text) is bool(chinese)
    assert chinese in other.text


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
    tried: dict[str, Any] = {"request_id": made, "way": "known_facts", "at": house.clock.now()}
    with house.writing() as session:
        session.add(ProofRow(**tried, level=2, verifier="system"))
        for outcome in ("wrong", "enough"):
            blinds: list[dict[str, Any]] = [
                {"lookup_id": outcome * 2, "blind": one} for one in "ab"
            ]
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


def test_of_more_proofs_than_a_page_shows_it_says_so(house: House) -> None:
    vera, made = clerk(house, "vera", "verifier"), str(house.asserted("access")["id"])
    assert "Only the newest" not in vera.get(f"/requests/{made}").text
    now = house.clock.now()
    with house.writing() as session:
        for number in range(101):
            tried: dict[str, Any] = {"request_id": made, "way": "known_facts", "outcome": "wrong"}
            tried |= {"lookup_id": f"{number:032x}", "blind": f"{number}", "at": now}
            session.add(ProofTry(**tried))

    assert "Only the newest 100 are shown" in vera.get(f"/requests/{made}").text


def _busy(house: House, other: str) -> str:
    """Let a request have more entries than one page shows, of many kinds."""
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

    return made


def test_the_timeline_has_words_and_local_times_and_leads_to_what_is_older(house: House) -> None:
    rui, other = clerk(house, "rui", "reviewer"), new_id()
    made = _busy(house, other)
    page = rui.get(f"/requests/{made}")
    older = _request(house, made).head_seq - dossier.MOST_ENTRIES
    assert f" {older} older entries are before these" in " ".join(page.text.split())
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
            care: dict[str, Any] = {"kind": kind, "state": state, "created_at": now, "due_at": now}
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
