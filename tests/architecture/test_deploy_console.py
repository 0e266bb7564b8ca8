"""The console's role suffices for its pages and acts."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import checkpoints, not_me, purge, requests
from rights.services.console import figures
from rights.services.signing import Signer
from rights.store.db import open_engine, transaction
from rights.store.models import (
    Aftercare,
    Appeal,
    DenialProposal,
    Figures,
    HoldException,
    Notice,
    PlanRow,
    Request,
    StaffSession,
    StepRow,
    StepState,
    WebhookDelivery,
)
from tests.architecture.deployed import Register
from tests.architecture.desk import Office
from tests.web.console import reporting
from tests.web.console.clerk import CITED, Clerk, id_of, planned
from tests.web.house import ALICE, BOB, SEED
from tests.web.portal.reader import Page


def _did(page: Page, name: str = "") -> Page:
    """Return a page that says an act was done."""
    assert page.status == 200, page.text
    if name:
        assert page.response.request.args.get("done") == name, page.text
    return page


def _do(who: Clerk, request_id: str, name: str, **said: Any) -> Page:
    return _did(who.force(f"/requests/{request_id}/{name}", **said), name)


def test_staff_come_in_and_look_after_their_account_with_the_consoles_role(office: Office) -> None:
    ana = office.clerk("ana")
    assert ana.reader.get("/console/sign-in").status == 200
    wrong = Clerk(office.console, "ana").password("not the right one at all")
    assert wrong.status == 401

    new = "another walk by the lake"
    _did(ana.force("/account/password", old="a long walk by the river", new=new, again=new))
    _did(ana.force("/account/recovery", code=ana.code()))
    _did(ana.get("/set-up"))
    again = Clerk(office.console, "ana", secret=ana.secret)
    again.reader.send(again.password(new), "/code", code=again.code())
    _did(ana.force("/account/sessions", which="others"))
    office.console.clock.forward(minutes=2)
    _did(ana.get("/account"))
    _did(ana.force("/sign-out"))

    assert ana.get("/").response.request.path == "/console/sign-in"


def test_accounts_are_looked_after_with_the_consoles_role(office: Office) -> None:
    ada = office.clerk("ada")

    page = _did(ada.force("/staff", name="rui", roles=["reviewer"]))
    found = re.search(r"/console/invitation\?w=([\w\-]+)", page.html)
    assert found is not None
    Clerk(office.console, "rui").accept(found[1])
    rui = id_of(office.console, "rui")
    _did(ada.force(f"/staff/{rui}/roles", roles=["approver"]))
    _did(ada.force(f"/staff/{rui}/invitation"))
    _did(ada.force(f"/staff/{rui}/close"))

    assert "closed on" in ada.get("/staff").text


def test_every_page_opens_with_the_consoles_role(office: Office) -> None:
    ana, made = office.clerk("ana"), office.asserted("deletion")
    store = office.console.context.datamap.stores[0].name
    package = office.house.package(made, b"x")
    assert package

    for path in (
        "/",
        "/requests",
        "/waiting",
        "/find",
        "/stores",
        f"/stores/{store}",
        "/rechecks",
        "/staff",
        "/products",
    ):
        _did(ana.get(path))
    _did(ana.get(f"/requests/{made}"))
    _did(ana.get("/requests?q=shop&clock=late&assigned=me&state=open"))
    found = _did(ana.force("/find", type="user_id", value=ALICE["user_id"]))
    file = _did(ana.get("/requests.csv"))

    assert made[:8] in found.text
    assert made in file.html


def test_lists_are_kept_and_given_with_the_consoles_role(office: Office) -> None:
    ana, made = office.clerk("ana"), office.asserted()

    for query in ("state=open", "state=closed"):
        _did(ana.force("/views", name="mine", list=query))
    page = ana.get("/requests")
    view = next(form for form in page.forms if form.action.endswith("/forget"))
    _did(ana.reader.post(view.action, view.holding()))
    for to in (id_of(office.console, "ana"), ""):
        _did(ana.force("/requests/assign", requests=[made], to=to, list=""))
    _do(ana, made, "assign", to="me")

    assert "ana" in ana.get(f"/requests/{made}").text


def test_a_plan_is_looked_at_and_approved_with_the_consoles_role(office: Office) -> None:
    ana, made = office.clerk("ana"), planned(office.house)

    _did(ana.force(f"/requests/{made}/open/plan"))
    _do(ana, made, "approve", plan="p" * 64)

    assert office.request(made).state is State.IN_PROGRESS
    assert len(office.rows(WebhookDelivery)) >= 1
    assert ana.force(f"/requests/{made}/approve", plan="p" * 64).status == 409


def test_steps_are_done_tried_again_and_left_out_with_the_consoles_role(office: Office) -> None:
    ana, now = office.clerk("ana"), office.house.clock.now()
    by_hand = planned(office.house, state=StepState.MANUAL)
    others = planned(office.house, "copy", beside="press", state=StepState.MANUAL)
    failed = planned(office.house, "restriction", state=StepState.FAILED)
    unable = planned(office.house, "account_cancellation", state=StepState.MANUAL)
    later = now + timedelta(days=90)
    case: dict[str, Any] = {
        "statement": "x",
        "alternative": "x",
        "stated_by": "staff:a",
        "approved_by": "staff:b",
    }
    office.add(HoldException(path="shop.users", approved_at=now, review_at=later, **case))

    _do(ana, by_hand, "complete", step=f"{by_hand}-01-erase-shop", proof="T-1")
    _do(ana, others, "leave_out", step=f"{others}-01-erase-shop", reason="other_person")
    _do(ana, failed, "retry", step=f"{failed}-01-erase-shop")
    _do(ana, unable, "leave_out", step=f"{unable}-01-erase-shop", reason="infeasible")

    states = {one.request_id: one.state for one in office.rows(StepRow) if one.store == "shop"}
    assert [states[one] for one in (by_hand, others, failed, unable)] == [
        StepState.DONE,
        StepState.LEFT_OUT,
        StepState.TODO,
        StepState.LEFT_OUT,
    ]


def _proposed(office: Office, ana: Clerk, request_id: str, **said: Any) -> str:
    given = {"reason": "state_duty_obstruction", "facts": "Because of the file.", **CITED, **said}
    _do(ana, request_id, "deny", **given)
    found = office.only(
        DenialProposal, DenialProposal.request_id == request_id, DenialProposal.outcome == ""
    )
    return str(found.id)


def test_a_denial_is_proposed_decided_and_taken_back_with_the_consoles_role(
    office: Office,
) -> None:
    ana, wei = office.clerk("ana"), office.clerk("wei")
    made = office.asserted()
    own = _proposed(office, ana, made)
    _do(ana, made, "withdraw", proposal=own)
    second = _proposed(office, ana, made)
    _do(wei, made, "dismiss", proposal=second, because="Not so.")

    third = _proposed(office, ana, made)
    _did(wei.force(f"/requests/{made}/open/proposal", proposal=third))
    _do(wei, made, "confirm", proposal=third)

    assert office.request(made).state is State.DENIED


def test_who_could_not_prove_enough_is_told_the_kinds_with_the_consoles_role(
    office: Office,
) -> None:
    ana, wei, house = office.clerk("ana"), office.clerk("wei"), office.house
    made = str(house.submit("copy", {"email": "zoe@example.com"}, regimes=["us_ca"])["id"])
    _do(ana, made, "ask_proof", way="document", why="two accounts")
    house.post(f"/v1/requests/{made}/verification/answer", {"code": house.code(made)})
    _being_read(office, made)

    proposal = _proposed(office, ana, made, reason="identity_unverified", facts="")
    _did(wei.force(f"/requests/{made}/open/proposal", proposal=proposal))
    _do(wei, made, "confirm", proposal=proposal)

    assert office.only(Request, Request.follows == made).state is State.IN_PROGRESS
    assert office.only(StepRow).state is StepState.TODO, "whoever reads for it is fenced off"


def _being_read(office: Office, request_id: str) -> None:
    """Let a worker read for a request just now."""
    said: dict[str, Any] = {"phase": 1, "action": "prepare", "store": "", "lease_owner": "w"}
    row = StepRow(id=f"{request_id}-01-prepare", request_id=request_id, **said)
    row.state = StepState.RUNNING
    office.add(row)


def test_people_are_written_to_and_asked_with_the_consoles_role(office: Office) -> None:
    ana, house = office.clerk("ana"), office.house
    made, other = planned(house), planned(house, "copy")
    house.post(f"/v1/requests/{made}/messages", {"text": "where is it?"})

    assert "where is it?" in _did(ana.force(f"/requests/{made}/open/messages")).text
    _do(ana, made, "write", text="Here.")
    _do(ana, made, "ask", **{"question.1": "Which shop?", "why.1": "There are two."})
    house.clock.forward(days=4)
    with house.writing() as session:
        for letter in session.exec(select(Notice)):
            letter.state, letter.next_at = "sent", None
    ana.come_in()
    _do(ana, made, "go_on")
    name = next(
        n for n, _ in re.findall(r'<option value="(\w+)">([^<]+)', _points(ana, other)) if n
    )
    _do(ana, other, "ask", **{"point.1": name, "why.1": "It was left open."})

    assert office.request(made).state is State.IN_PROGRESS
    assert office.request(other).wait is Wait.NEEDS_INFO
    assert [row.request_id for row in office.rows(PlanRow)] == [made], "thrown away, unread"


def _points(ana: Clerk, request_id: str) -> str:
    return ana.get(f"/requests/{request_id}").html.split('name="point.1"')[1].split("</select>")[0]


def test_whoever_says_it_was_not_them_is_settled_with_the_consoles_role(office: Office) -> None:
    ana, house, made = office.clerk("ana"), office.house, office.asserted("copy")
    with house.writing() as session:
        link = not_me.link(house.context, now=house.clock.now(), request_id=made)
        not_me.say(session, house.context, link.partition("=")[2], now=house.clock.now())

    _do(ana, made, "release", why="They called.")

    assert office.request(made).not_me_at is None


def test_a_minors_content_is_opened_by_two_with_the_consoles_role(office: Office) -> None:
    rui, lin = office.clerk("rui"), office.clerk("lin")
    made = office.asserted(subject_age_band="14_17")
    office.house.post(f"/v1/requests/{made}/messages", {"text": "hello"})
    assert rui.force(f"/requests/{made}/open/messages").status == 403

    _do(rui, made, "ask_minor", purpose="answer")
    page = lin.get("/waiting")
    approval = next(form for form in page.forms if "/waiting/minors/" in form.action)
    _did(lin.reader.post(approval.action, approval.holding(hours="2")))

    assert "hello" in _did(rui.force(f"/requests/{made}/open/messages")).text


def test_a_restriction_is_lifted_with_the_consoles_role(office: Office) -> None:
    ana, made = office.clerk("ana"), office.asserted("restriction")
    office.ended(made, Event.COMPLETED)
    on = f"{office.house.clock.now() + timedelta(days=20):%Y-%m-%d}"

    _do(ana, made, "lift", on=on, because="settled")

    assert office.only(Request, Request.follows == made).wait is Wait.COOLING_OFF


KINDS: dict[str, dict[str, Any]] = {
    "access": {},
    "deletion": {},
    "account_cancellation": {},
    "recommendation_opt_out": {},
    "consent_withdrawal": {"parameters": {"purposes": ["newsletter"]}},
    "restriction": {"option": "object_marketing"},
}
"""What an appeal can begin anew, with what it means at once."""


def test_appeals_are_given_and_decided_with_the_consoles_role(office: Office) -> None:
    wei, ana = office.clerk("wei"), office.clerk("ana")
    for kind, more in KINDS.items():
        made = office.asserted(kind, **more)
        office.ended(made, Event.DENIED, "no_ground")
        office.house.post(f"/v1/requests/{made}/appeal", {"text": "look again"})
        appeal = office.only(Appeal, Appeal.request_id == made).id

        _do(wei, made, "assign_appeal", appeal=appeal, to=id_of(office.console, "ana"))
        assert "look again" in _did(ana.force(f"/requests/{made}/open/appeal")).text
        outcome = "dismiss" if kind == "access" else "uphold"
        _do(ana, made, "decide_appeal", appeal=appeal, outcome=outcome, reasons="So it is.")

    assert [one.led_to != "" for one in office.rows(Appeal)].count(True) == len(KINDS) - 1


def test_clocks_are_moved_and_reports_made_with_the_consoles_role(office: Office) -> None:
    ana = office.clerk("ana")
    made, unproved = office.asserted(), str(office.house.submit("deletion", BOB)["id"])
    asked = office.asserted("copy")
    with office.house.writing() as session:
        for request_id, law in ((made, "eu_gdpr"), (unproved, "uk_gdpr"), (asked, "uk_gdpr")):
            session.get_one(Request, request_id).regimes = [law]
        held, now = session.get_one(Request, asked), office.house.clock.now()
        held.wait = Wait.TASK
        requests.record(session, held, Event.HELD, actor="system", now=now)

    _do(ana, made, "extend", reason="complexity", because="There are many shops.")
    _do(ana, unproved, "pause", cause="identity")
    _do(ana, unproved, "resume")
    _do(ana, asked, "ask", **{"question.1": "Which shop?", "why.1": "There are two."})
    _do(ana, asked, "pause", cause="clarification")
    year = str(office.console.clock.now().year)
    waits = _did(ana.force("/reports", report="figures", year=year))
    assert reporting.relay(office.house) == 1
    report = _did(ana.get(reporting.path_of(waits)))

    assert reporting.file(ana, report, "json").data.startswith(b"{")


def test_the_organisations_page_works_with_the_consoles_role(office: Office) -> None:
    ana, now = office.clerk("ana"), office.console.clock.now()
    said, due = {"on": f"{now:%F}", "reference": "7"}, f"minors_audit/{now.year}-12-31"
    for act in ("done", "reopen"):
        _did(ana.force(f"/organisation/{due}/{act}", **said))
    out = ana.force("/organisation/outbound", year=str(now.year), form="json")
    assert b'"record":"store"' in out.response.data


def test_a_complaint_is_read_and_answered_with_the_consoles_role(office: Office) -> None:
    ana, made = office.clerk("ana"), office.asserted()
    for about in ({}, {"request_id": made}):
        said = {"text": "too slow", "subject": ALICE, **about}
        found = office.house.post("/v1/complaints", said).json["id"]

        _did(ana.get(f"/complaints/{found}"))
        assert "too slow" in _did(ana.force(f"/complaints/{found}/open")).text
        _did(ana.force(f"/complaints/{found}/answer", text="Sorry."))

    assert office.house.get(f"/v1/complaints/{found}").json["answer"] == "Sorry."


def test_what_is_owed_after_the_end_is_done_with_the_consoles_role(office: Office) -> None:
    ana, made, now = office.clerk("ana"), office.asserted("deletion"), office.house.clock.now()
    office.ended(made, Event.COMPLETED)
    incident = Aftercare(request_id=made, kind="incident", created_at=now, due_at=now)
    incident.state, incident.code, incident.note = "open", "differs", "x"
    upkeep = Aftercare(request_id=made, kind="horizon", created_at=now, due_at=now)
    upkeep.state, upkeep.store = "open", "shop"
    office.add(incident, upkeep)

    page = _did(ana.get("/waiting"))
    tasks = [dict(form.fields)["task"] for form in page.forms if form.action.endswith("/other")]
    for task in tasks:
        _did(ana.force("/waiting/other", task=task, proof="T-1"))

    assert len(tasks) == 2
    assert {row.state for row in office.rows(Aftercare)} == {"done"}


def test_the_relay_counts_for_the_console_and_ends_its_sessions(
    office: Office, register: Register
) -> None:
    ana, house = office.clerk("ana"), office.house
    relay = open_engine(register.as_role("relay"))

    laws = house.context.regimes
    assert figures.renew(relay, house.clock.now, timedelta(minutes=5), UTC, laws)
    assert "<svg" in _did(ana.get("/")).html
    assert len(office.rows(Figures)) == 1
    with transaction(relay) as session:
        checkpoints.checkpoint(session, Signer(SEED), house.clock.now())
    house.clock.forward(days=2)
    counts = purge.purge(relay, house.context, house.blobs, now=house.clock.now())

    assert counts["staff_sessions"] >= 1
    assert office.rows(StaffSession) == []
    relay.dispose()
