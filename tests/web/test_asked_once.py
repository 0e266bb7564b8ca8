"""Staff ask for all that is missing at once; a second time takes a supervisor and an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden
from rights.domain.lifecycle import State, Wait
from rights.services import audit
from rights.store.db import RegisterClock
from rights.store.models import AskedPoint, IdentifierRow, Notice, Request, Writing
from rights.web.problems import status_of
from tests.web.correspondence import Office, code, request_of
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader
from tests.web.verifying import reached, upload
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

WHICH = "Which of your two accounts do you mean?"
BOTH = [
    {"point": "changes", "why": "You wrote what is wrong, not what is right."},
    {"question": WHICH, "why": "Your address stands on two."},
]
QUESTION = [{"question": WHICH, "why": "Your address stands on two."}]


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    house = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, tmp_path)


def _correction(office: Office) -> str:
    """Submit a correction in words alone, proved; return its reference."""
    house = office.house
    change = {"field": "shop.users.nickname", "value": "Ali"}
    values = {"changes": [change], "text": "My name is wrong."}
    made = house.asserted("correction", values=values, locale="en")
    assert request_of(house, made["id"]).state is State.IN_PROGRESS
    return str(made["id"])


def _ask(office: Office, request_id: str, points: Any, *more: str, who: str = "rui") -> Any:
    words = ("requests", "ask", request_id, "--file", "FILE", "--as", who, *more)
    return office.run(*words, text=points if isinstance(points, str) else json.dumps(points))


def _rows(office: Office, model: Any, request_id: str) -> list[Any]:
    with office.house.reading() as session:
        return list(session.exec(select(model).where(model.request_id == request_id)))


def _letters(office: Office, request_id: str) -> list[Any]:
    return [n for n in _rows(office, Notice, request_id) if n.event == "needs_info"]


def test_a_question_for_what_would_tell_the_person_apart_is_named_so(office: Office) -> None:
    request_id = _correction(office)

    _ask(office, request_id, [{**QUESTION[0], "identifies": True}])

    assert office.house.get(f"/v1/requests/{request_id}").json["needs"] == ["identify_1"]
    given = {"answers": {"identify_1": "The one in Chengdu."}}
    answered = office.house.post(f"/v1/requests/{request_id}/information", given)
    assert (answered.status_code, request_of(office.house, request_id).needs) == (200, [])


@pytest.mark.parametrize("said", [{**BOTH[0], "identifies": True}, {**BOTH[1], "identifies": 1}])
def test_what_is_no_question_is_not_marked_as_one_that_tells_apart(
    office: Office, said: Any
) -> None:
    request_id = _correction(office)

    assert status_of(_ask(office, request_id, [said]).exception.code) == 422
    assert _rows(office, AskedPoint, request_id) == []


@pytest.mark.requirement("R-23-6")
def test_two_missing_points_are_one_letter_with_both_and_the_date_stays(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _correction(office)
    before = request_of(office.house, request_id)
    smtp_sink.messages.clear()

    done = _ask(office, request_id, BOTH)

    assert done.exit_code == 0, done.output
    assert done.output.strip() == "changes, question_1"
    held = request_of(office.house, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.NEEDS_INFO)
    assert (held.due_at, held.promised_at) == (before.due_at, before.promised_at)
    assert len(_letters(office, request_id)) == 1
    send_due(office.house.engine, office.house.context, office.house.clock.now)
    (letter,) = [text_of(one) for one in smtp_sink.messages if "more information" in one["Subject"]]
    assert all(one["why"] in letter for one in BOTH)
    assert WHICH in letter
    told = office.house.get(f"/v1/requests/{request_id}/remarks").json
    assert told["needs"] == ["changes", "question_1"]
    assert [p["name"] for p in told["points"]] == ["changes", "question_1"]
    assert told["points"][1]["question"] == WHICH


@pytest.mark.requirement("R-23-6", "R-23-6:bad")
def test_asked_again_without_a_supervisor_is_refused_and_nothing_is_sent(office: Office) -> None:
    request_id = _correction(office)
    assert _ask(office, request_id, QUESTION).exit_code == 0
    first = request_of(office.house, request_id)

    unanswered = _ask(office, request_id, BOTH)
    with_one = _ask(office, request_id, BOTH, "--agreed-by", "ana")

    assert [code(unanswered), code(with_one)] == ["asked_already", "asked_already"]
    assert isinstance(unanswered.exception, Conflict)
    assert status_of("asked_already") == 409
    _answer(office, request_id, {"question_1": "The one in Chengdu."})
    assert code(_ask(office, request_id, BOTH)) == "asked_already"
    refused = _ask(office, request_id, BOTH, "--agreed-by", "rui")
    assert isinstance(refused.exception, Forbidden)
    assert len(_letters(office, request_id)) == 1
    now = request_of(office.house, request_id)
    assert (now.state, now.needs, now.promised_at) == (State.IN_PROGRESS, [], first.promised_at)

    again = _ask(office, request_id, BOTH, "--agreed-by", "ana")

    assert again.output.strip() == "changes, question_2"
    rows = _rows(office, AskedPoint, request_id)
    ana = f"staff:{office.id_of('ana')}"
    assert {r.name: r.agreed_by for r in rows} == {
        "question_1": "",
        "question_2": ana,
        "changes": ana,
    }
    with office.house.reading() as session:
        asked = [e for e in audit.entries(session, request_id) if e.event == "asked"]
    assert [e.data for e in asked] == [
        {"needs": ["question_1"]},
        {"needs": ["changes", "question_2"], "agreed_by": ana},
    ]


def _answer(office: Office, request_id: str, answers: dict[str, str], status: int = 200) -> Any:
    path = f"/v1/requests/{request_id}/information"
    said = office.house.post(path, {"answers": answers})
    assert said.status_code == status, said.json
    return said.json


def test_an_answer_lets_it_go_on_and_is_read_as_a_conversation(office: Office) -> None:
    request_id = _correction(office)
    _ask(office, request_id, QUESTION)
    office.house.clock.forward(seconds=1)

    _answer(office, request_id, {"question_1": "The one in Chengdu."})

    assert request_of(office.house, request_id).state is State.IN_PROGRESS
    shown = office.run("messages", "show", request_id, "--as", "rui").output
    assert "The one in Chengdu." in shown
    assert WHICH in shown
    texts = office.house.get(f"/v1/requests/{request_id}/messages").json["messages"]
    assert [one["by"] for one in texts] == ["staff", "person"]
    with office.house.reading() as session:
        sealed = [w.sealed for w in session.exec(select(Writing))]
        trail = [json.dumps(e.data) for e in audit.entries(session, request_id)]
    assert sealed
    assert not any(b"Chengdu" in one for one in sealed)
    assert not any("Chengdu" in one or "accounts" in one for one in trail)


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"question_2": "x"}, "answers.question_2"),
        ({"question_1": " \n\t "}, "answers.question_1"),
        ({"question_1": "x", "question_9": "y"}, "answers.question_9"),
    ],
)
def test_an_answer_that_was_not_asked_for_or_says_nothing_keeps_nothing(
    office: Office, answers: dict[str, str], wrong: str
) -> None:
    request_id = _correction(office)
    _ask(office, request_id, QUESTION)

    said = _answer(office, request_id, answers, 422)

    assert [one["field"] for one in said["errors"]] == [wrong]
    assert request_of(office.house, request_id).needs == ["question_1"]
    assert len(_rows(office, Writing, request_id)) == 1


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "nothing that can be asked"),
        ([{"why": "x"}], "either a point or a question"),
        ([{"point": "changes", "question": "x", "why": "y"}], "either a point or a question"),
        ([{"point": "blood_group", "why": "x"}], "nothing this request takes"),
        ([{"point": "changes", "why": "x"}, {"point": "changes", "why": "y"}], "asked twice"),
        ([{"question": "Which?"}], "why is empty"),
        ([{"question": "One\nTwo", "why": "x"}], "more than one line"),
        ([{"question": "x" * 301, "why": "x"}], "longer than 300"),
        ([{"question": "x", "why": "y"}] * 13, "nothing that can be asked"),
        ('{"question": "x"}', "is not JSON like"),
        ("[[[", "is not JSON like"),
        ([{"question": 1, "why": "x"}], "is not JSON like"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_waits(
    office: Office, points: Any, said: str
) -> None:
    request_id = _correction(office)

    refused = _ask(office, request_id, points)

    assert code(refused) == "invalid"
    errors = [f"{one.field} {one.message}" for one in refused.exception.errors]
    assert said in " ".join([str(refused.exception), *errors])
    assert request_of(office.house, request_id).state is State.IN_PROGRESS
    assert _rows(office, AskedPoint, request_id) == []


@pytest.mark.parametrize("who", ["otto", "vera", "bot"])
def test_who_may_not_correspond_asks_nothing(office: Office, who: str) -> None:
    request_id = _correction(office)

    refused = _ask(office, request_id, QUESTION, who=who)

    assert isinstance(refused.exception, Forbidden)
    assert request_of(office.house, request_id).needs == []


def test_who_has_not_proved_who_they_are_is_not_asked_by_staff(office: Office) -> None:
    made = office.house.submit("deletion")

    assert code(_ask(office, made["id"], QUESTION)) == "not_at_work"


def test_without_an_answer_work_goes_on_after_three_days_at_the_earliest(office: Office) -> None:
    request_id = _correction(office)
    _ask(office, request_id, QUESTION)
    words = ("requests", "go-on", request_id, "--as", "rui")

    assert code(office.run(*words)) == "answer_awaited"
    office.house.clock.forward(days=3)
    send_due(office.house.engine, office.house.context, office.house.clock.now)
    done = office.run(*words)

    assert done.output.strip() == "question_1"
    assert request_of(office.house, request_id).state is State.IN_PROGRESS
    with office.house.reading() as session:
        went = audit.entries(session, request_id)[-2:]
    assert [e.event for e in went] == ["went_on_without", "resumed"]
    assert code(office.run(*words)) == "answer_needed"


def test_what_work_cannot_start_without_is_not_gone_on_without(office: Office) -> None:
    request_id = _correction(office)
    _ask(office, request_id, BOTH)
    office.house.clock.forward(days=9)

    assert code(office.run("requests", "go-on", request_id, "--as", "rui")) == "answer_needed"
    assert request_of(office.house, request_id).needs == ["changes", "question_1"]


def test_a_letter_to_an_address_that_nobody_proved_holds_no_words_of_staff(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _correction(office)
    with office.house.writing() as session:
        for row in session.exec(select(IdentifierRow)):
            row.proof = ""
    smtp_sink.messages.clear()
    assert _ask(office, request_id, BOTH).exit_code == 0
    send_due(office.house.engine, office.house.context, office.house.clock.now)

    (letter,) = [text_of(one) for one in smtp_sink.messages if "more information" in one["Subject"]]
    assert "a question that you find where you made the request" in letter
    assert not any(words in letter for words in (WHICH, BOTH[0]["why"], BOTH[1]["why"]))


def test_the_page_of_the_request_asks_it_and_takes_the_answer(
    office: Office,
) -> None:
    reader = Reader(office.house)
    reader.begin()
    page = reader.send(
        reader.get("/portal/ask/restriction"), "/ask/restriction", who__email=ALICE["email"]
    )
    with office.house.reading() as session:
        request_id = session.exec(select(Request.id)).one()
    page = reader.send(page, "/proof", code=office.house.code(request_id))
    kinds = {"point": "categories", "why": "You can choose, and it is quicker."}
    _ask(office, request_id, [*QUESTION, kinds])

    page = reader.get(f"/portal/requests/{request_id}")
    assert WHICH in page.text
    assert "Your address stands on two." in page.text
    form = page.html.split('aria-labelledby="missing-title"')[1].split("</form>")[0]
    assert "<details" not in form
    assert "none means all" not in form
    assert kinds["why"] in form
    empty = reader.send(page, "/information")
    assert empty.status == 422
    assert f"Please fill in: {WHICH}" in empty.text
    answers = {"question_1": "The one in Chengdu.", "categories": ["contact"]}
    page = reader.send(empty, "/information", **answers)

    assert request_of(office.house, request_id).state is State.IN_PROGRESS
    assert "The one in Chengdu." in page.text


def _looked_at(office: Office, uploaded: Any) -> None:
    """Let the verifier open a document: nobody decides on what they have not seen."""
    place = str(office.folder / uploaded.json["id"])
    words = ("evidence", "open", uploaded.json["id"], "--as", "vera", "--out", place)
    assert office.run(*words).exit_code == 0


@pytest.mark.requirement("R-23-6:bad")
def test_documents_are_sent_back_once_with_all_that_they_lack(office: Office) -> None:
    request_id = reached(office.house)
    back = ("evidence", "refuse", request_id, "--as", "vera", "--reason")
    _looked_at(office, upload(office.house, request_id))

    done = office.run(*back, "evidence_unreadable", "--reason", "evidence_death")

    assert done.exit_code == 0, done.output
    assert request_of(office.house, request_id).needs == ["evidence_unreadable", "evidence_death"]
    assert len(_letters(office, request_id)) == 1
    assert code(office.run(*back, "evidence_death", "--agreed-by", "ana")) == "asked_already"
    _looked_at(office, upload(office.house, request_id))
    assert code(office.run(*back, "evidence_relation")) == "asked_already"
    assert len(_letters(office, request_id)) == 1
    mixed = office.run(*back, "evidence_relation", "--reason", "identity_unverified")
    assert code(mixed) == "invalid"
    again = office.run(*back, "evidence_relation", "--agreed-by", "ana")
    assert again.exit_code == 0, again.output
    assert len(_letters(office, request_id)) == 2


def test_whoever_proved_nothing_is_told_that_there_is_a_question_and_not_which(
    office: Office,
) -> None:
    reader = Reader(office.house)
    reader.begin()
    page = reader.send(
        reader.get("/portal/ask/explanation"), "/ask/explanation", who__email="x@y.cn"
    )
    with office.house.reading() as session:
        request_id = session.exec(select(Request.id)).one()
    assert request_of(office.house, request_id).state is State.IN_PROGRESS
    assert _ask(office, request_id, QUESTION).exit_code == 0

    page = reader.get(f"/portal/requests/{request_id}")

    assert WHICH not in page.text
    assert "prove first that it is you" in page.text
