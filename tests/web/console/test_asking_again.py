"""What takes a colleague: asking a person once more, and vouching for a contact changed lately."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State, Wait
from rights.services import audit
from rights.store.models import AskedPoint, AskProposal, Notice, Request, Writing
from tests.web.console.clerk import Clerk, clerk, events, id_of, planned, told
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page

WHICH = "Which of your two accounts do you mean?"
SECOND = {"question.1": "Is it the one in Chengdu?", "why.1": "Your answer names two more."}


def _asked(house: House, rui: Clerk) -> str:
    """Ask for something, and let the person answer it."""
    made = str(house.asserted("access")["id"])
    rui.act(made, "ask", **{"question.1": WHICH, "why.1": "Your address stands on two."})
    answers = {"answers": {"question_1": "The one in the west."}}
    assert house.post(f"/v1/requests/{made}/information", answers).status_code == 200
    return made


def _request(house: House, request_id: str) -> Request:
    with house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def _letters(house: House, request_id: str) -> int:
    with house.reading() as session:
        rows = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
    return sum(one.event == "needs_info" for one in rows)


def _proposal(house: House) -> AskProposal:
    with house.reading() as session:
        found: AskProposal = session.exec(select(AskProposal)).one()
    return found


@pytest.mark.requirement("R-23-6")
def test_a_person_is_asked_once_more_when_a_colleague_read_the_list_and_agrees(
    house: House,
) -> None:
    rui, ana = clerk(house, "rui", "reviewer"), clerk(house, "ana", "approver")
    made = _asked(house, rui)
    before = _request(house, made)

    proposed = rui.act(made, "ask_again", **SECOND)
    assert "Proposed; a colleague decides" in proposed.text
    assert _request(house, made).state is State.IN_PROGRESS
    assert _letters(house, made) == 1
    unread = ana.force(f"/requests/{made}/agree_asking", asking=_proposal(house).id)
    opened = ana.reader.send(ana.get(f"/requests/{made}"), "/open/asking")
    agreed = ana.act(made, "agree_asking")

    assert unread.status == 409
    assert "Is it the one in Chengdu?" in opened.text
    assert "The person is told" in agreed.text
    now = _request(house, made)
    assert (now.state, now.wait, now.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["question_2"])
    assert now.promised_at == before.promised_at
    assert _letters(house, made) == 2
    with house.reading() as session:
        rows = session.exec(select(AskedPoint).where(AskedPoint.request_id == made)).all()
        sealed = [one.sealed for one in session.exec(select(Writing)).all()]
        trail = str([e.data for e in audit.entries(session, made)])
    first, second = (f"staff:{id_of(house, name)}" for name in ("rui", "ana"))
    asked = {one.name: (one.asked_by, one.agreed_by) for one in rows}
    assert asked == {"question_1": (first, ""), "question_2": (first, second)}
    assert not any(b"Chengdu" in one for one in sealed)
    assert "Chengdu" not in trail
    assert {"asking_proposed", "asking_read"} <= {*told(house, made)}


def test_a_list_whose_words_are_gone_is_not_an_empty_one(house: House) -> None:
    rui, ana = clerk(house, "rui", "reviewer"), clerk(house, "ana", "approver")
    made = _asked(house, rui)
    rui.act(made, "ask_again", **SECOND)
    with house.writing() as session:
        session.delete(session.get_one(Writing, _proposal(house).said_id))

    opened = ana.reader.send(ana.get(f"/requests/{made}"), "/open/asking")

    assert opened.status == 410
    assert "asking_read" not in told(house, made)
    assert _letters(house, made) == 1


@pytest.mark.requirement("R-23-6:bad")
def test_nobody_asks_again_alone_or_before_the_answer(house: House) -> None:
    ana, otto = clerk(house, "ana", "approver"), clerk(house, "otto", "auditor")
    fresh = str(house.asserted("access")["id"])
    first = ana.force(f"/requests/{fresh}/ask_again", **SECOND)
    ana.act(fresh, "ask", **{"question.1": WHICH, "why.1": "Your address stands on two."})
    early = ana.force(f"/requests/{fresh}/ask_again", **SECOND)
    house.post(f"/v1/requests/{fresh}/information", {"answers": {"question_1": "This one."}})
    alone = ana.force(f"/requests/{fresh}/ask", **SECOND)
    ana.act(fresh, "ask_again", **SECOND)
    twice = ana.force(f"/requests/{fresh}/ask_again", **SECOND)
    asking = _proposal(house).id
    own = ana.force(f"/requests/{fresh}/agree_asking", asking=asking)
    auditor = otto.force(f"/requests/{fresh}/agree_asking", asking=asking)
    peeked = otto.force(f"/requests/{fresh}/open/asking", asking=asking)

    told = [page.status for page in (first, early, alone, twice, own, auditor, peeked)]
    assert told == [409, 409, 409, 409, 403, 403, 403]
    assert _letters(house, fresh) == 1
    assert _request(house, fresh).needs == []
    assert sum(event == "staff_refused" for event, _ in events(house)) == len(told)


def _agrees(page: Page) -> bool:
    return any(form.action.endswith("/agree_asking") for form in page.forms)


def test_agreeing_is_offered_to_whoever_opened_this_very_list(house: House) -> None:
    rui, ana, wei = (
        clerk(house, name, role)
        for name, role in (("rui", "reviewer"), ("ana", "approver"), ("wei", "approver"))
    )
    made = _asked(house, rui)
    rui.act(made, "ask_again", **SECOND)
    own = rui.reader.send(rui.get(f"/requests/{made}"), "/open/asking")

    before = ana.get(f"/requests/{made}")
    opened = ana.reader.send(before, "/open/asking")
    others = wei.get(f"/requests/{made}")

    hint, pages = "Open the list first", (own, before, opened, others)
    assert [_agrees(page) for page in pages] == [False, False, True, False]
    assert [hint in page.text for page in pages] == [False, True, False, True]
    ana.act(made, "dismiss_asking")
    rui.act(made, "ask_again", **SECOND)
    anew = ana.get(f"/requests/{made}")
    assert not _agrees(anew)
    assert hint in anew.text


def test_a_proposed_list_is_taken_back_or_dismissed_and_is_of_its_request_alone(
    house: House,
) -> None:
    rui, ana = clerk(house, "rui", "reviewer"), clerk(house, "ana", "approver")
    made, other = _asked(house, rui), str(house.asserted("deletion")["id"])
    rui.act(made, "ask_again", **SECOND)
    elsewhere = ana.force(f"/requests/{other}/agree_asking", asking=_proposal(house).id)

    ana.act(made, "dismiss_asking")

    decided = ana.force(f"/requests/{made}/agree_asking", asking=_proposal(house).id)
    assert (elsewhere.status, decided.status) == (404, 409)
    assert _proposal(house).outcome == "dismissed"
    assert "asking_dismissed" in told(house, made)
    assert "Propose to ask once more" in rui.get(f"/requests/{made}").text


# -- contacts changed lately ---------------------------------------------------------------------


def _doubted(house: House) -> str:
    waits: dict[str, Any] = {"state": "failed", "code": "contact_changed"}
    return planned(house, "copy", action="prepare", **waits)


@pytest.mark.requirement("R-ID-6")
def test_a_verifier_says_whose_a_changed_contact_is_and_it_goes_on(house: House) -> None:
    vera, made = clerk(house, "vera", "verifier"), _doubted(house)
    page = vera.get(f"/requests/{made}")
    assert "was changed only lately" in page.text

    empty = vera.act(made, "trust", why=" ")
    done = vera.act(made, "trust", why=f"called {ALICE['email']} back at the old number")

    assert empty.status == 422
    assert "Noted; work goes on" in done.text
    assert _request(house, made).state is State.IN_PROGRESS
    assert "contact_trusted" in told(house, made)
    assert not [form for form in done.forms if form.action.endswith("/trust")]
    with house.reading() as session:
        assert ALICE["email"] not in str([e.data for e in audit.entries(session, made)])


@pytest.mark.requirement("R-ID-6:bad")
def test_who_asked_for_the_proof_or_is_no_verifier_vouches_for_nothing(house: House) -> None:
    vera, ana = clerk(house, "vera", "verifier"), clerk(house, "ana", "approver")
    made = _doubted(house)
    with house.writing() as session:
        request = session.get_one(Request, made)
        line = audit.Line("proof_asked", f"staff:{id_of(house, 'vera')}", {"way": "code"})
        audit.append(session, request, [line], now=house.clock.now())

    own = vera.force(f"/requests/{made}/trust", why="I am sure")
    approver = ana.force(f"/requests/{made}/trust", why="I am sure")

    assert (own.status, approver.status) == (403, 403)
    assert "Another verifier has to" in own.text
    assert _request(house, made).state is State.ON_HOLD
    for one in (ana, vera):
        assert not [form for form in one.get(f"/requests/{made}").forms if "/trust" in form.action]


def test_what_somebody_said_was_not_theirs_is_not_released_by_it(house: House) -> None:
    vera, made = clerk(house, "vera", "verifier"), _doubted(house)
    with house.writing() as session:
        session.get_one(Request, made).not_me_at = house.clock.now()

    refused = vera.force(f"/requests/{made}/trust", why="I am sure")

    assert refused.status == 409
    assert _request(house, made).state is State.ON_HOLD
    assert not [form for form in vera.get(f"/requests/{made}").forms if "/trust" in form.action]
