"""What the GDPR asks of whoever answers: time, reasons with facts, a word beforehand, a chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services import lifting, requests
from rights.services.beforehand import FAIR
from rights.store.models import DenialProposal, Entry, Notice, Request
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

FACTS = "It is the ninth request for the same copy in three weeks."
UNFOUNDED = {"reason": "manifestly_unfounded_or_excessive", "facts": FACTS}
UNKNOWN = {"reason": "not_identifiable", "facts": "Nothing we hold leads from a cookie to you."}


def _asked(house: House, **more: Any) -> str:
    made = house.asserted("copy", regimes=["eu_gdpr"], locale="en", **more)
    return str(made["id"])


def _state(house: House, request_id: str) -> str:
    return str(house.get(f"/v1/requests/{request_id}").json["state"])


def _confirmed(dpo: Clerk, request_id: str) -> None:
    """Let a second person read and confirm what was proposed."""
    ana = clerk(dpo.house, "ana", "approver")
    page = ana.reader.send(ana.get(f"/requests/{request_id}"), "/open/proposal")
    assert ana.reader.send(page, "/confirm").status == 200


@pytest.mark.requirement("R-EU12-1")
def test_a_refusal_as_excessive_is_said_beforehand_so_that_it_can_be_taken_back(
    house: House,
) -> None:
    dpo, made = clerk(house, "dora", "dpo"), _asked(house)
    early = dpo.force(f"/requests/{made}/deny", **UNFOUNDED)
    told = dpo.act(made, "indicate", because=FACTS)
    again = dpo.force(f"/requests/{made}/indicate", because=FACTS)

    assert (early.status, told.status, again.status) == (409, 200, 409)
    (message,) = house.get(f"/v1/requests/{made}/messages").json["messages"]
    assert FACTS in message["text"]
    assert "take the request back" in message["text"]
    day = (datetime.fromisoformat(message["at"]) + FAIR).astimezone(ZoneInfo("Europe/Dublin"))
    assert f"before {day.date().isoformat()}" in message["text"]
    reader = Reader(house, "en")
    reader.enter(ALICE, "mfa", origin="")
    assert FACTS in reader.get(f"/portal/requests/{made}").text
    with house.reading() as session:
        assert "message" in [one.event for one in session.exec(select(Notice))]
        entries = session.exec(select(Entry)).all()
    assert "refusal_indicated" in [one.event for one in entries]
    assert FACTS not in str([one.data for one in entries])

    _sent(house, made)
    house.clock.forward(days=6)
    dpo.come_in()
    assert dpo.force(f"/requests/{made}/deny", **UNFOUNDED).status == 409
    assert _state(house, made) == "in_progress"
    assert house.post(f"/v1/requests/{made}/cancel").json["state"] == "revoked"


@pytest.mark.requirement("R-EU12-1")
def test_after_that_time_it_is_refused_with_facts_remedies_and_within_the_month(
    house: House,
) -> None:
    dpo = clerk(house, "dora", "dpo")
    made = house.asserted("copy", regimes=["eu_gdpr"], locale="en")
    assert dpo.act(made["id"], "indicate", because=FACTS).status == 200
    _sent(house, made["id"])
    house.clock.forward(days=7)
    dpo.come_in()

    assert dpo.act(made["id"], "deny", **UNFOUNDED).status == 200
    _confirmed(dpo, made["id"])

    shown = house.get(f"/v1/requests/{made['id']}").json
    assert (shown["state"], shown["reason"]) == ("denied", UNFOUNDED["reason"])
    assert {way["code"] for way in shown["denial"]["remedies"]} == {
        "supervisory_authority",
        "judicial",
    }
    assert shown["denial"]["basis"][0]["en"] == "GDPR, Art. 12(5)"
    assert house.get(f"/v1/requests/{made['id']}/remarks").json["answers"] == [FACTS]
    received, due = (datetime.fromisoformat(made[n]) for n in ("received_at", "due_at"))
    assert 28 <= (due - received).days <= 31
    assert datetime.fromisoformat(shown["closed_at"]) <= due


def _sent(house: House, request_id: str, state: str = "sent") -> None:
    """Let every letter of a request that waits have gone out, or end otherwise."""
    waiting = select(Notice).where(Notice.request_id == request_id, Notice.state == "waiting")
    with house.writing() as session:
        for letter in session.exec(waiting).all():
            letter.state, letter.next_at = state, None
            letter.sent_at = house.clock.now() if state == "sent" else None


@pytest.mark.requirement("R-EU12-1")
def test_the_seven_days_run_from_when_the_letter_went_out(house: House) -> None:
    dpo, made = clerk(house, "dora", "dpo"), _asked(house)
    assert dpo.act(made, "indicate", because=FACTS).status == 200
    house.clock.forward(days=8)
    dpo.come_in()
    unsent = dpo.force(f"/requests/{made}/deny", **UNFOUNDED)
    waits = dpo.get(f"/requests/{made}").text
    _sent(house, made)
    house.clock.forward(days=6)
    dpo.come_in()
    early = dpo.force(f"/requests/{made}/deny", **UNFOUNDED)
    until = dpo.get(f"/requests/{made}").text
    house.clock.forward(days=1)
    dpo.come_in()

    assert (unsent.status, early.status) == (409, 409)
    assert "has not gone out" in unsent.text
    assert "has not gone out yet" in waits
    assert "they have until" in until
    assert dpo.act(made, "deny", **UNFOUNDED).status == 200


@pytest.mark.requirement("R-EU12-1")
@pytest.mark.parametrize("end", ["failed", "refused"])
def test_a_letter_that_nobody_got_is_no_word_beforehand_and_is_written_again(
    house: House, end: str
) -> None:
    dpo, made = clerk(house, "dora", "dpo"), _asked(house)
    assert dpo.act(made, "indicate", because=FACTS).status == 200
    _sent(house, made, end)
    house.clock.forward(days=30)
    dpo.come_in()

    assert "was given up. Tell them again" in dpo.get(f"/requests/{made}").text
    assert dpo.force(f"/requests/{made}/deny", **UNFOUNDED).status == 409
    assert dpo.act(made, "indicate", because=FACTS).status == 200
    assert dpo.force(f"/requests/{made}/indicate", because=FACTS).status == 409
    _sent(house, made)
    house.clock.forward(days=7)
    dpo.come_in()
    assert dpo.act(made, "deny", **UNFOUNDED).status == 200


@pytest.mark.requirement("R-EU12-1")
def test_who_has_no_address_is_told_where_they_read_every_answer(house: House) -> None:
    dpo, made = clerk(house, "dora", "dpo"), _asked(house)
    assert dpo.act(made, "indicate", because=FACTS).status == 200
    _sent(house, made, "no_contact")
    house.clock.forward(days=7)
    dpo.come_in()

    assert dpo.act(made, "deny", **UNFOUNDED).status == 200


@pytest.mark.requirement("R-EU12-1:bad")
def test_a_question_about_something_else_is_no_chance_to_be_told_apart(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), _asked(house)
    asked = {"question__1": "Do you want the pictures too?", "why__1": "They are large."}
    assert ana.act(made, "ask", **asked).status == 200
    _sent(house, made)
    house.clock.forward(days=4)
    ana.come_in()

    refused = ana.force(f"/requests/{made}/deny", **UNKNOWN)

    assert refused.status == 409
    assert "asked first" in refused.text
    assert house.get(f"/v1/requests/{made}").json["needs"] == ["question_1"]
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []


@pytest.mark.requirement("R-EU12-1:bad")
def test_a_question_whose_letter_was_given_up_is_no_chance_to_be_told_apart(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), _asked(house)
    question = {"question__1": "Which cookie is yours?", "why__1": "Many.", "identifies__1": "1"}
    assert ana.act(made, "ask", **question).status == 200
    _sent(house, made, "failed")
    house.clock.forward(days=4)
    ana.come_in()

    assert ana.force(f"/requests/{made}/deny", **UNKNOWN).status == 409
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []


@pytest.mark.requirement("R-EU12-1")
@pytest.mark.parametrize("then", ["answered", "silent"])
def test_who_cannot_be_told_apart_can_add_what_would(house: House, then: str) -> None:
    ana, made = clerk(house, "ana", "approver"), _asked(house)
    unasked = ana.force(f"/requests/{made}/deny", **UNKNOWN)
    question = {
        "question__1": "Which cookie is yours?",
        "why__1": "Many share your address.",
        "identifies__1": "1",
    }
    assert ana.act(made, "ask", **question).status == 200
    _sent(house, made)
    waiting = ana.force(f"/requests/{made}/deny", **UNKNOWN)

    (name,) = house.get(f"/v1/requests/{made}").json["needs"]
    if then == "answered":
        given = {"answers": {name: "The one that begins with 7f."}}
        assert house.post(f"/v1/requests/{made}/information", given).status_code == 200
    else:
        house.clock.forward(days=3)
        ana.come_in()

    assert (unasked.status, waiting.status) == (409, 409)
    assert "asked first" in unasked.text
    assert ana.act(made, "deny", **UNKNOWN).status == 200


@pytest.mark.requirement("R-EU12-1:bad")
@pytest.mark.parametrize("reason", ["manifestly_unfounded_or_excessive", "not_identifiable"])
@pytest.mark.parametrize("facts", ["", " \n"])
def test_neither_reason_goes_without_facts(house: House, reason: str, facts: str) -> None:
    staff, made = clerk(house, "lex", "approver", "legal"), _asked(house)

    page = staff.force(f"/requests/{made}/deny", reason=reason, facts=facts)

    assert page.status == 422
    assert "The facts of this case" in page.text
    assert _state(house, made) == "in_progress"
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []


def test_where_no_law_asks_for_it_nobody_is_told_or_asked_before(house: House) -> None:
    staff = clerk(house, "lex", "approver", "legal")
    here, there = (
        house.asserted("copy", person, regimes=[law])["id"]
        for person, law in (({"user_id": "u-8"}, "us_ca"), ({"user_id": "u-9"}, "cn_general"))
    )

    assert staff.act(here, "deny", **UNFOUNDED).status == 200
    assert staff.act(there, "deny", **UNKNOWN).status == 200
    assert staff.force(f"/requests/{there}/indicate", because=FACTS).status == 422


@pytest.mark.requirement("R-EU17-1:bad")
@pytest.mark.parametrize("law", ["eu_gdpr", "uk_gdpr"])
def test_no_restriction_is_lifted_without_telling_the_person_before(house: House, law: str) -> None:
    made = house.asserted("restriction", regimes=[law])["id"]
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.state, request.closed_at = State.FULFILLED, house.clock.now()

    early, told = (_lifted(house, made, days) for days in (6, 9))

    assert (early.status_code, early.json["code"]) == (409, "no_prior_notice")
    assert (told.status_code, told.json["state"]) == (201, "on_hold")
    with house.reading() as session:
        events = [one.event for one in session.exec(select(Notice))]
    assert events.count("lift_announced") == 1


@pytest.mark.requirement("R-EU17-1:bad")
def test_nothing_makes_a_lift_go_on_while_its_letter_has_not_gone_out(house: House) -> None:
    made = _restricted(house)
    lift = _lifted(house, made, 9).json["id"]
    house.clock.forward(days=40)

    hurried = house.post(f"/v1/requests/{lift}/proceed", {"code": "123456"})
    _look(house, lift)
    waits = _state(house, lift)
    _sent(house, lift)
    _look(house, lift)
    early = _state(house, lift)
    house.clock.forward(days=7)
    _look(house, lift)

    assert (hurried.status_code, hurried.json["code"]) == (409, "not_cooling_off")
    assert (waits, early, _state(house, lift)) == ("on_hold", "on_hold", "in_progress")


@pytest.mark.requirement("R-EU17-1:bad")
def test_a_letter_that_was_given_up_ends_the_announcement_and_can_be_made_again(
    house: House,
) -> None:
    dpo, made = clerk(house, "dora", "dpo"), _restricted(house)
    on = f"{house.clock.now() + timedelta(days=9):%Y-%m-%d}"
    assert dpo.act(made, "lift", because="It was verified.", on=on).status == 200
    lift = _newest(house, made)
    _sent(house, lift, "failed")
    house.clock.forward(days=9)
    dpo.come_in()
    soon = f"{house.clock.now() + timedelta(days=6):%Y-%m-%d}"
    _look(house, lift)

    assert _state(house, lift) == "revoked"
    assert dpo.act(made, "lift", because="It was verified.", on=soon).status == 409
    later = f"{house.clock.now() + timedelta(days=9):%Y-%m-%d}"
    assert dpo.act(made, "lift", because="It was verified.", on=later).status == 200


@pytest.mark.parametrize(("locale", "said"), [("en", "contests that it is"), ("zh-CN", "提出异议")])
def test_the_persons_page_says_on_which_ground_it_rests(
    house: House, locale: str, said: str
) -> None:
    made = _restricted(house, locale=locale, parameters={"ground": "accuracy_contested"})
    lift = _lifted(house, made, 9).json["id"]
    reader = Reader(house, locale)
    reader.enter(ALICE, "mfa", origin="")

    for one in (made, lift):
        shown = reader.get(f"/portal/requests/{one}").text
        assert said in shown
        assert "GDPR 18(1)(a)" in shown


def _restricted(house: House, **more: Any) -> str:
    made = house.asserted("restriction", regimes=["eu_gdpr"], **more)["id"]
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.state, request.closed_at = State.FULFILLED, house.clock.now()
    return str(made)


def _look(house: House, lift: str) -> None:
    """Let the relay's look at an announced end take place."""
    with house.writing() as session:
        now = house.clock.now()
        lifting.look(session, requests.locked(session, lift), now, now)


def _newest(house: House, restriction: str) -> str:
    with house.reading() as session:
        found = session.exec(select(Request).where(Request.follows == restriction)).one()
    return str(found.id)


def _lifted(house: House, request_id: str, days: int) -> Any:
    on = f"{house.clock.now() + timedelta(days=days):%Y-%m-%d}"
    return house.post(f"/v1/restrictions/{request_id}/lift", {"because": "settled", "on": on})
