"""What the first page says waits for somebody is what waits for them."""

from __future__ import annotations

from rights.domain.duties import MAY
from rights.domain.lifecycle import Event, Wait
from rights.services import incidents, messages, requests, tasks
from rights.services.console import board
from rights.services.console.queues import QUEUES
from rights.store.models import StepRow, StepState
from rights.web.console import waiting_lines
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House
from tests.web.verifying import reached, upload


def test_every_queue_is_counted_shown_and_somebodys() -> None:
    assert set(QUEUES) == set(board.COUNTED) == set(waiting_lines.READ) - {board.OTHER}
    assert [name for name, act in QUEUES.items() if not MAY[act]] == []


def test_a_message_waits_for_a_reviewer_until_it_is_answered(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    assert "Nothing waits for you" in rui.get("/").text
    with house.writing() as session:
        request, now = requests.locked(session, made), house.clock.now()
        messages.from_person(session, house.context, request, "where?", actor="subject", now=now)

    page = rui.get("/")
    assert "messages to answer 1" in " ".join(page.text.split())
    assert "Nothing waits for you" not in page.text
    rui.act(made, "write", text="Here it is.")
    assert "Nothing waits for you" in rui.get("/").text


def test_documents_wait_for_a_verifier(house: House) -> None:
    vera, made = clerk(house, "vera", "verifier"), reached(house)
    assert "Nothing waits for you" in vera.get("/").text
    assert upload(house, made).status_code == 201

    page = vera.get("/")

    assert "documents to look at 1" in " ".join(page.text.split())
    assert "Nothing waits for you" not in page.text


def test_a_second_list_waits_for_a_colleague_who_may_agree(house: House) -> None:
    ana, wei = clerk(house, "ana", "approver"), clerk(house, "wei", "approver")
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    ana.act(made, "ask", **{"question.1": "Which one?", "why.1": "There are two."})
    answers = {"answers": {"question_1": "The first."}}
    assert house.post(f"/v1/requests/{made}/information", answers).status_code == 200
    assert "Nothing waits for you" in wei.get("/").text

    ana.act(made, "ask_again", **{"question.1": "In the west?", "why.1": "It names two more."})

    assert "lists of questions to agree to 1" in " ".join(wei.get("/").text.split())
    assert [_listed(one, made) for one in (wei, ana, rui)] == [True, True, False]
    for nobody in (ana, rui):  # who proposed it, and who may not
        assert "Nothing waits for you" in nobody.get("/").text
    with house.writing() as session:
        request = requests.locked(session, made)
        requests.record(session, request, Event.REVOKED, actor="subject", now=house.clock.now())
    assert not _listed(wei, made)
    assert "Nothing waits for you" in wei.get("/").text


def _listed(clerk_: Clerk, request_id: str) -> bool:
    """Return whether the queue of second lists has a request, for whoever looks."""
    _, _, queue = clerk_.get("/waiting").html.partition('aria-labelledby="asking"')
    return f"/requests/{request_id}" in queue.partition("</section>")[0]


def test_steps_by_hand_are_counted_as_they_are_listed(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("deletion")["id"])
    with house.writing() as session:
        request = requests.locked(session, made)
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())
        for phase in (1, 2):
            id_, hand = f"{made}-0{phase}-erase", StepState.MANUAL
            step = StepRow(id=id_, request_id=made, phase=phase, action="erase", state=hand)
            session.add(step)
    with house.reading() as session:
        assert [one["step"] for one in tasks.open_tasks(session)] == [f"{made}-01-erase"]

    assert "steps by hand or failed 1" in " ".join(rui.get("/").text.split())


def test_what_is_owed_on_closed_requests_is_counted_too(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("deletion")["id"])
    assert "Nothing waits for you" in rui.get("/").text
    with house.writing() as session:
        request, now = requests.locked(session, made), house.clock.now()
        incidents.open_for(session, request, "came_back", {"shop.users": 1}, now=now)

    text = " ".join(rui.get("/").text.split())

    assert "restores and closed requests 1" in text
    assert "Nothing waits for you" not in text
