"""Facts beside what the stores hold: enough or not enough, for the person of the code alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlmodel import select

from connectors.sdk import Transient
from rights.domain.errors import Conflict, LevelTooLow, TooMany
from rights.domain.kinds import Kind
from rights.domain.levels import Matched
from rights.domain.lifecycle import State
from rights.services import audit, lookups, subjects
from rights.services.purge import purge
from rights.store.db import reading, transaction
from rights.store.models import Lookup, ProofRow, ProofTry, Request
from tests.workflows.facts_shop import (
    ANN,
    ANN_BY_NAME,
    BIRTHDAY,
    BO,
    BORN,
    CARD,
    CITY,
    NUMBER,
    PHONE,
    Shop,
    everything,
    tomorrow,
)
from workflows.jobs import work_on
from workflows.lookups import answer

ENOUGH, NOT_ENOUGH = {"enough": 1}, {"enough": 0}
ANNS, NOBODYS = "ann@example.com", "nobody@example.com"


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    else:
        url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = Shop(tmp_path, url)
    yield made
    made.close()


def test_a_code_and_two_facts_reach_a_copy(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)
    assert (shop.request(request_id).level, shop.request(request_id).state) == (1, State.VERIFYING)

    assert shop.compared(request_id, ANN) == ENOUGH

    assert (shop.request(request_id).level, shop.request(request_id).state) == (
        2,
        State.IN_PROGRESS,
    )
    work_on(shop.floor, request_id)
    assert shop.request(request_id).state is State.FULFILLED


@pytest.mark.parametrize(
    "values",
    [
        {BORN: "1990年2月1日", CITY: " 上\u3000海 "},
        {BORN: "１９９０／２／１", CITY: "\u200f上海\u200b"},
        {BORN: "1 February 1990", NUMBER: "a-1002"},
        {CARD: "１２３４", CITY: "上海"},
        {CARD: "4567", PHONE: "138 0013 8000"},
        {CARD: "6222 0202 0000 7654 321", NUMBER: "A-1001", CITY: "上海"},
    ],
)
def test_facts_are_the_same_however_they_are_written(shop: Shop, values: Mapping[str, str]) -> None:
    expected = NOT_ENOUGH if values.get(CARD) == "１２３４" else ENOUGH

    assert shop.compared(shop.coded(Kind.COPY, ANNS), values) == expected


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(BO, id="right-facts-of-another-person"),
        pytest.param({BORN: "1990-02-01", CITY: "北京"}, id="one-wrong"),
        pytest.param({**ANN, NUMBER: "B-2001"}, id="a-third-that-is-wrong"),
        pytest.param({BORN: "1990-02-01", BIRTHDAY: "1990-02-01"}, id="one-fact-by-two-names"),
        pytest.param({CARD: "4321", NUMBER: "4321"}, id="one-value-twice"),
        pytest.param({BORN: "1990-02-01", CITY: ""}, id="one-empty"),
        pytest.param({BORN: "1990-02-01", CITY: "\u200b\u200f"}, id="one-of-invisible-marks"),
        pytest.param({BORN: "1990-02-01", CITY: "🙂🙂"}, id="one-of-pictures"),
        pytest.param({BORN: "1990-02-01", CITY: "海" * 10_000}, id="one-very-long"),
        pytest.param({BORN: "1990-02-01", "shop.users.email": ANNS}, id="one-not-marked"),
        pytest.param({BORN: "1990-02-01"}, id="one-alone"),
        pytest.param({}, id="none"),
    ],
)
def test_what_is_not_two_right_facts_is_not_enough(shop: Shop, values: Mapping[str, str]) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)

    assert shop.compared(request_id, values) == NOT_ENOUGH

    found = shop.request(request_id)
    assert (found.level, found.state) == (1, State.VERIFYING)


def test_empty_columns_prove_nobody(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, "cy@example.com")

    assert shop.compared(request_id, {BORN: "None", CITY: ""}) == NOT_ENOUGH


def test_unknown_and_wrong_look_the_same_and_are_as_long(shop: Shop) -> None:
    answers = []
    for email, values in ((NOBODYS, ANN), (ANNS, BO), (ANNS, {**ANN, CITY: "北京"})):
        asked = shop.ask(shop.coded(Kind.COPY, email), values)
        answer(shop.floor, asked)
        row = shop.lookup(asked)
        assert row.sealed_answer is not None
        answers.append((shop.told(asked), len(row.sealed_answer), row.state, row.code))
    right = shop.ask(shop.coded(Kind.COPY, ANNS), ANN)
    answer(shop.floor, right)
    row = shop.lookup(right)

    assert len(set(map(str, answers))) == 1
    assert row.sealed_answer is not None
    assert answers[0][1:] == (len(row.sealed_answer), row.state, row.code)


def test_facts_come_after_a_code_never_before_it(shop: Shop) -> None:
    request_id = shop.asked(Kind.COPY, ANNS)

    with pytest.raises(LevelTooLow):
        shop.ask(request_id, ANN)


@pytest.mark.parametrize("question", ["match", "provable"])
def test_the_worker_asks_for_the_code_itself(shop: Shop, question: str) -> None:
    """Whoever could write questions into the register would learn nothing about anybody."""
    request_id, context = shop.asked(Kind.COPY, ANNS), shop.floor.context
    with transaction(shop.floor.register) as session:
        request = session.get_one(Request, request_id)
        asker = lookups.Asker(request.backend_id, {"email": ANNS}, 3, request.id)
        about = {"way": "known_facts", "values": ANN}
        row = lookups._asked(  # noqa: SLF001 - what a web process gone bad would write
            session, context, asker, question, shop.floor.now(), about
        )
        asked = row.id

    answer(shop.floor, asked)

    assert shop.told(asked) == "failed"
    assert shop.request(request_id).level == 0


def test_identifiers_that_a_question_names_are_not_believed(shop: Shop) -> None:
    request_id, context = shop.coded(Kind.COPY, NOBODYS), shop.floor.context
    with transaction(shop.floor.register) as session:
        asker = lookups.Asker("", {"email": ANNS}, 1, request_id)
        about = {"way": "known_facts", "values": ANN}
        row = lookups._asked(  # noqa: SLF001 - what a web process gone bad would write
            session, context, asker, "match", shop.floor.now(), about
        )
        asked = row.id

    answer(shop.floor, asked)

    assert shop.told(asked) == NOT_ENOUGH


def test_beside_a_products_word_a_code_elsewhere_names_nobody(shop: Shop) -> None:
    request_id, vault = shop.coded(Kind.COPY, NOBODYS), shop.floor.context.vault
    with transaction(shop.floor.register) as session:
        request = session.get_one(Request, request_id)
        (vouched,) = subjects.identifier_rows(session, request_id)
        request.acr, vouched.proof = "session", "assertion"
        more, proofs = {"email": ANNS}, {"email": "code"}
        new = subjects.rows_for(vault, request, more, proofs=proofs, now=shop.floor.now())
        session.add(vouched)
        session.add_all(new)

    assert shop.compared(request_id, ANN) == NOT_ENOUGH


def test_after_three_tries_a_day_it_is_over_until_tomorrow(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)
    for _ in range(3):
        assert shop.compared(request_id, BO) == NOT_ENOUGH

    with pytest.raises(TooMany) as refused:
        shop.ask(request_id, ANN)

    assert refused.value.code == "proof_too_often"
    assert 86_000 < refused.value.retry_after.total_seconds() <= 86_400
    tomorrow(shop)
    assert shop.compared(request_id, ANN) == ENOUGH


def test_a_person_has_five_tries_a_day_over_all_requests(shop: Shop) -> None:
    first, second, third = (shop.coded(Kind.COPY, ANNS) for _ in range(3))
    for request_id in (first, first, first, second, second):
        shop.compared(request_id, BO)

    with pytest.raises(TooMany):
        shop.ask(third, ANN)
    assert shop.compared(shop.coded(Kind.COPY, "bo@example.com"), BO) == ENOUGH


def test_tries_that_wait_count_so_that_nobody_tries_many_at_once(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)
    for _ in range(3):
        shop.ask(request_id, BO)

    with pytest.raises(TooMany):
        shop.ask(request_id, ANN)

    shop.clock.on(minutes=16)  # no worker looked at them in time
    assert shop.compared(request_id, ANN) == ENOUGH


def test_a_store_that_cannot_be_asked_costs_no_try_and_is_not_nothing(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)

    class Down:
        manifest = shop.sql.manifest

        def freeze(self, *_: object) -> None:
            raise Transient("cannot be reached")

    shop.stores["shop"] = Down()
    for _ in range(4):
        assert shop.compared(request_id, ANN) == "failed"
    shop.stores["shop"] = shop.sql

    assert shop.compared(request_id, ANN) == ENOUGH
    with reading(shop.floor.register) as session:
        events = [e.event for e in audit.entries(session, request_id)]
    assert "proof_refused" not in events


def test_what_was_typed_is_nowhere_but_under_seal_and_then_gone(shop: Shop) -> None:
    typed = {BORN: "1901-01-01", CITY: "无此城市名"}
    request_id = shop.coded(Kind.COPY, ANNS)
    asked = shop.ask(request_id, typed)
    shop.ask(request_id, typed)  # one that no worker looks at
    answer(shop.floor, asked)

    assert shop.lookup(asked).sealed_input == b""
    for value in typed.values():
        assert not any(value in found for found in everything(shop.floor))
    shop.clock.on(minutes=16)
    purge(shop.floor.register, shop.floor.context, shop.floor.blobs, now=shop.floor.now())
    with reading(shop.floor.register) as session:
        assert session.exec(select(Lookup)).all() == []
        assert session.exec(select(ProofTry)).all()
    tomorrow(shop)
    purge(shop.floor.register, shop.floor.context, shop.floor.blobs, now=shop.floor.now())
    with reading(shop.floor.register) as session:
        assert session.exec(select(ProofTry)).all() == []


def test_the_trail_says_that_it_was_tried_and_no_more(shop: Shop) -> None:
    request_id = shop.coded(Kind.COPY, ANNS)
    shop.compared(request_id, BO)
    shop.compared(request_id, ANN)

    with reading(shop.floor.register) as session:
        told = [
            (e.event, e.data)
            for e in audit.entries(session, request_id)
            if e.event.startswith("proof_")
        ]
        (proof,) = session.exec(select(ProofRow)).all()
    assert told == [
        ("proof_refused", {"way": "known_facts", "reason": "not_enough"}),
        ("proof_matched", {"way": "known_facts", "level": 2}),
    ]
    assert (proof.way, proof.level, proof.verifier) == ("known_facts", 2, "system")
    assert proof.rests_on == {"identifiers": ["email"], "fields": [BORN, CITY]}


def test_a_real_name_comes_last_and_hands_data_over(shop: Shop) -> None:
    request_id = shop.coded(Kind.PORTABILITY, ANNS)
    with pytest.raises(LevelTooLow):
        shop.ask(request_id, ANN_BY_NAME, Matched.REAL_NAME)
    shop.compared(request_id, ANN)
    assert (shop.request(request_id).level, shop.request(request_id).state) == (2, State.VERIFYING)

    assert shop.compared(request_id, ANN_BY_NAME, Matched.REAL_NAME) == ENOUGH

    assert (shop.request(request_id).level, shop.request(request_id).state) == (
        3,
        State.IN_PROGRESS,
    )


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Bo Li", "number": "110101198512314321"},
        {"name": "王小明", "number": "110101198512314321"},
        {"name": "Bo Li", "number": "110101199002011234"},
        {"name": "王小", "number": "110101199002011234"},
        {"name": "王小明", "number": "1234"},
        {"name": "", "number": ""},
        {"name": "王小明"},
    ],
)
def test_name_and_number_are_matched_whole_and_together(
    shop: Shop, values: Mapping[str, str]
) -> None:
    request_id = shop.coded(Kind.PORTABILITY, ANNS)
    shop.compared(request_id, ANN)

    assert shop.compared(request_id, values, Matched.REAL_NAME) == NOT_ENOUGH

    assert shop.request(request_id).level == 2


def test_a_closed_request_takes_no_facts(shop: Shop) -> None:
    request_id = shop.coded(Kind.DELETION, ANNS)
    shop.compared(request_id, ANN)

    with pytest.raises(Conflict):
        shop.ask(request_id, ANN)
