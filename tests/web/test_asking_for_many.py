"""One address asks for many people: up to a number, and nobody else is held up by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.store.models import Notice, RepresentativeContact, Request
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.web.test_guardians import MOTHER
from tests.web.test_representatives import AGENT, RELATIVE
from workflows import sweep

Made = Callable[..., House]


@pytest.fixture
def here(furnished: Made) -> House:
    return furnished(agent_unverified=3, agent_a_day=5)


def ask(house: House, number: int, kind: str = "copy", **more: Any) -> Any:
    body = {"kind": kind, "subject": {"user_id": f"u-{number}"}, "requester": AGENT, **more}
    return house.post("/v1/requests", body)


def shown(house: House, made: Any) -> None:
    """Let what is said in one of the requests be shown to be true."""
    with house.writing() as session:
        session.get_one(Request, made.json["id"]).state = State.IN_PROGRESS


def test_more_people_than_one_address_may_ask_for_are_refused_and_nothing_is_lost(
    here: House,
) -> None:
    for number in range(3):
        assert ask(here, number).status_code == 201

    refused = ask(here, 3)

    assert (refused.status_code, refused.json["code"]) == (429, "asks_for_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    with here.reading() as session:
        states = [one.state for one in session.exec(select(Request)).all()]
        told = session.exec(select(Notice)).all()
    assert states == [State.VERIFYING] * 3
    assert len({one.request_id for one in told}) == 3


def test_another_request_for_one_of_them_is_no_more_than_before(here: House) -> None:
    for number in range(3):
        ask(here, number)

    assert ask(here, 1, "access").status_code == 201


def test_what_is_shown_counts_no_longer_and_what_lapses_neither(here: House) -> None:
    first, *_ = [ask(here, number) for number in range(3)]
    shown(here, first)
    assert ask(here, 3).status_code == 201
    assert ask(here, 4).status_code == 429

    here.clock.forward(days=here.context.settings.verify_days + 1)
    sweep.sweep(here.engine, here.context, here.clock.now)
    assert ask(here, 4).status_code == 201


def test_within_a_day_there_is_an_end_even_if_all_of_it_is_shown(here: House) -> None:
    for number in range(5):
        shown(here, ask(here, number))

    refused = ask(here, 5)
    assert (refused.status_code, refused.json["code"]) == (429, "asks_for_many")
    here.clock.forward(seconds=int(refused.headers["Retry-After"]) + 1)
    assert ask(here, 5).status_code == 201


def test_nobody_else_is_held_up(here: House) -> None:
    """Neither the people themselves, nor other representatives of them, nor known or unknown."""
    for number in range(3):
        ask(here, number)

    own = {"kind": "copy", "subject": {"user_id": "u-3"}}
    assert here.post("/v1/requests", own).status_code == 201
    assert ask(here, 3, requester=RELATIVE).status_code == 201
    agents_own = {"kind": "copy", "subject": {"email": "lawyer@firm.example"}}
    assert here.post("/v1/requests", agents_own).status_code == 201


def test_an_address_we_know_and_one_that_we_do_not_are_answered_alike(here: House) -> None:
    for number in range(3):
        ask(here, number)

    known, unknown = ask(here, 1001), ask(here, 2002)

    assert (known.status_code, known.json["code"]) == (unknown.status_code, unknown.json["code"])
    assert known.json["title"] == unknown.json["title"]


def test_a_guardian_whom_a_product_vouches_for_is_not_counted(here: House) -> None:
    for number in range(4):
        linked = {"role": "guardian", "relation": "parent", "subject": {"user_id": f"c-{number}"}}
        word = here.partner.assertion(
            MOTHER, here.clock.now(), "mfa", represents=linked, age_band="under_14"
        )
        made = here.post("/v1/requests", {"kind": "copy", "assertion": word})
        assert made.status_code == 201, made.json
    with here.reading() as session:
        assert len(session.exec(select(Request)).all()) == 4


def elsewhere(house: House, number: int, where: str = "127.0.0.9") -> int:
    """Ask from another network address; return how it was answered."""
    body = {"kind": "copy", "subject": {"user_id": f"u-{number}"}, "requester": AGENT}
    said = {"Authorization": f"Bearer {house.partner.key}"}
    at = {"REMOTE_ADDR": where}
    answer = house.client.post("/v1/requests", json=body, headers=said, environ_base=at)
    return answer.status_code


def test_a_stranger_who_types_somebody_elses_address_uses_up_their_own_share(here: House) -> None:
    """Nobody has answered a code at the lawyer's address: it may be anybody who typed it."""
    for number in range(3):
        assert elsewhere(here, number) == 201
    assert elsewhere(here, 3) == 429

    for number in range(4, 7):
        assert ask(here, number).status_code == 201
    assert ask(here, 7).status_code == 429
    here.clock.forward(days=2)
    assert (ask(here, 7).status_code, elsewhere(here, 7, "127.0.0.10")) == (429, 201)


def test_an_address_that_answered_a_code_is_counted_wherever_it_asks_from(here: House) -> None:
    for number in range(3):
        made = ask(here, number).json["id"]
        answer = f"/v1/requests/{made}/verification/answer"
        assert here.post(answer, {"code": here.code(made)}).status_code == 200

    assert (ask(here, 3).status_code, elsewhere(here, 3)) == (429, 429)


def test_where_it_was_typed_is_kept_as_a_keyed_hash_alone(here: House) -> None:
    elsewhere(here, 1)
    elsewhere(here, 2)
    ask(here, 3)

    with here.reading() as session:
        kept = [one.client for one in session.exec(select(RepresentativeContact)).all()]
    assert len(set(kept)) == 2
    assert not [one for one in kept if not one or "0.0.9" in one]


@pytest.mark.parametrize(("language", "said"), [("en", "as many people"), ("zh-CN", "已达到上限")])
def test_the_form_says_why_and_keeps_what_was_typed(here: House, language: str, said: str) -> None:
    typed = {
        "who__email": "lawyer@firm.example",
        "acting__role": "agent",
        "acting__relation": "agent.lawyer",
        "acting__name": "Li Na",
        "acting__matters": ["copy"],
        "acting__scope": "receive",
        "acting__until": "2999-12-31",
    }
    for number in range(3):
        ask(here, number)
    reader = Reader(here, language)
    reader.begin()

    page = reader.send(reader.get("/portal/ask/copy"), "/ask/copy", about__user_id="u-77", **typed)

    assert (page.status, said in page.text) == (429, True)
    assert int(page.response.headers["Retry-After"]) > 0
    assert "u-77" in page.html
    assert "Li Na" in page.html
