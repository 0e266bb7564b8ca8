"""What one person asked for at once: erasing comes last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import select

from connectors.sdk import Transient
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import outbox, requests
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Request
from tests.workflows.bells import rung
from tests.workflows.house import Clock, ask, floor_over, lying, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows import aftercare
from workflows.advance import begin, settle
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.perform import perform


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    return {
        "shop": {"users": [user(1, "ann"), user(2, "bo")], "orders": []},
        "letters": {"subscribers": [letter]},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


def _stuck(floor: Floor) -> Any:
    """Take a store away; return what brings it back."""
    letters = floor.connector("letters")
    honest = letters.collect  # type: ignore[attr-defined]

    def down(*_: object) -> None:
        raise Transient("the store letters does not answer")

    lying(letters, collect=down)  # type: ignore[arg-type]
    return lambda: lying(letters, collect=honest)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.ACCOUNT_CANCELLATION])
@pytest.mark.parametrize("who", [ANN, {"user_id": "1", "email": "ann@example.com"}])
def test_nothing_is_erased_before_an_earlier_copy_is_made(
    floor: Floor, clock: Clock, tables: Any, kind: Kind, who: dict[str, str]
) -> None:
    back = _stuck(floor)
    copy = ask(floor, Kind.COPY, who)
    work_on(floor, copy)
    clock.on(seconds=1)
    erasing = ask(floor, kind, ANN)

    work_on(floor, erasing)

    waiting = request_of(floor, erasing)
    assert waiting.state is State.IN_PROGRESS
    assert waiting.next_at is not None
    assert waiting.next_at > clock()
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]

    back()
    clock.on(seconds=6)
    work_on(floor, copy)
    work_on(floor, erasing)

    assert request_of(floor, copy).state is State.FULFILLED
    assert request_of(floor, erasing).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


def test_in_a_bundle_erasing_comes_last_in_whatever_order_it_was_written(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    erasing = ask(floor, Kind.DELETION, ANN, bundle_id="b" * 32)
    clock.on(seconds=1)
    copy = ask(floor, Kind.COPY, ANN, bundle_id="b" * 32)
    with transaction(floor.register) as session:
        session.get_one(Request, copy).state = State.VERIFYING

    work_on(floor, erasing)

    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    with transaction(floor.register) as session:
        session.get_one(Request, copy).state = State.IN_PROGRESS
    work_on(floor, erasing)
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    work_on(floor, copy)
    work_on(floor, erasing)
    assert request_of(floor, copy).state is State.FULFILLED
    assert request_of(floor, erasing).state is State.FULFILLED


def test_another_persons_copy_and_a_later_one_hold_nothing_up(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    _stuck(floor)
    work_on(floor, ask(floor, Kind.COPY, {"user_id": "2"}))
    erasing = ask(floor, Kind.DELETION, ANN)
    clock.on(seconds=1)
    ask(floor, Kind.COPY, ANN)

    work_on(floor, erasing)

    assert request_of(floor, erasing).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


SAME = {"email": "ann@example.com"}
"""Ann again, by an address alone: that it is her is known once her account was found."""


def _between(floor: Floor, erasing: str) -> Any:
    """Let an erasure begin with one store and find the other one away."""
    orders = floor.connector("letters")
    honest = orders.erase  # type: ignore[attr-defined]

    def down(*_: object) -> None:
        raise Transient("the store letters does not answer")

    lying(orders, erase=down)  # type: ignore[arg-type]
    work_on(floor, erasing)
    return lambda: lying(orders, erase=honest)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Kind.COPY, Kind.CORRECTION])
def test_what_is_asked_in_the_middle_of_an_erasure_waits_for_its_end(
    floor: Floor, clock: Clock, tables: Any, kind: Kind
) -> None:
    erasing = ask(floor, Kind.DELETION, ANN)
    back = _between(floor, erasing)
    assert request_of(floor, erasing).irreversible_at is not None
    clock.on(seconds=1)
    values = {"changes": [{"field": "shop.users.nickname", "value": "Anna"}]}
    other = ask(floor, kind, SAME, values=values if kind is Kind.CORRECTION else {})

    work_on(floor, other)

    assert request_of(floor, other).wait == "store"
    assert (request_of(floor, other).next_at or clock()) > clock()
    back()
    clock.on(seconds=10)
    work_on(floor, erasing)
    assert request_of(floor, erasing).state is State.FULFILLED
    work_on(floor, other)
    assert request_of(floor, other).state in (State.FULFILLED, State.PARTIALLY_FULFILLED)
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


def test_an_erasure_lets_a_copy_that_was_begun_come_to_its_end(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    erasing = ask(floor, Kind.DELETION, ANN)
    clock.on(seconds=1)
    copy = ask(floor, Kind.COPY, SAME)
    back = _stuck(floor)
    work_on(floor, copy)  # read in one store, waits for the other

    work_on(floor, erasing)

    assert request_of(floor, erasing).irreversible_at is None
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    back()
    clock.on(seconds=10)
    work_on(floor, copy)
    work_on(floor, erasing)
    assert request_of(floor, copy).state is State.FULFILLED
    assert request_of(floor, erasing).state is State.FULFILLED


def test_two_erasures_of_one_person_go_one_after_the_other(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    first = ask(floor, Kind.DELETION, ANN)
    back = _between(floor, first)
    second = ask(floor, Kind.ACCOUNT_CANCELLATION, SAME)

    work_on(floor, second)

    assert request_of(floor, second).irreversible_at is None
    back()
    clock.on(seconds=10)
    work_on(floor, first)
    work_on(floor, second)
    assert request_of(floor, first).state is State.FULFILLED
    assert request_of(floor, second).state is State.FULFILLED
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


@pytest.mark.parametrize("who", [ANN, SAME])
@pytest.mark.parametrize("ends", ["fulfilled", "revoked"])
def test_an_erasure_is_rung_when_the_copy_it_waited_for_ends(
    floor: Floor, clock: Clock, who: dict[str, str], ends: str
) -> None:
    back = _stuck(floor)
    copy = ask(floor, Kind.COPY, who)
    work_on(floor, copy)
    clock.on(seconds=1)
    erasing = ask(floor, Kind.DELETION, ANN)
    ask(floor, Kind.DELETION, {"user_id": "2"})  # somebody else's
    rung(floor)
    work_on(floor, erasing)
    clock.on(minutes=8)
    work_on(floor, erasing)
    waiting = request_of(floor, erasing)
    assert waiting.wait == "store"
    assert (waiting.next_at or clock()) > clock() + timedelta(minutes=7)

    back()
    if ends == "revoked":
        with transaction(floor.register) as session:
            requests.revoke(
                session, requests.locked(session, copy), actor="subject", now=floor.now()
            )
    else:
        work_on(floor, copy)
    rung(floor)
    aftercare.close_out(floor, copy)

    assert request_of(floor, copy).state == ends
    assert rung(floor) == [erasing]
    work_on(floor, erasing)
    assert request_of(floor, erasing).state is State.FULFILLED


def test_who_waited_is_rung_for_where_it_belongs(floor: Floor, clock: Clock) -> None:
    back = _stuck(floor)
    copy = ask(floor, Kind.COPY, ANN)
    work_on(floor, copy)
    clock.on(seconds=1)
    erasing = ask(floor, Kind.ACCOUNT_CANCELLATION, ANN, regimes=("cn_ecommerce",))
    work_on(floor, erasing)
    clock.on(minutes=8)
    work_on(floor, erasing)
    back()
    work_on(floor, copy)
    rung(floor)
    with reading(floor.register) as session:
        before = set(session.exec(select(OutboxMessage.id)))

    aftercare.close_out(floor, copy)

    with reading(floor.register) as session:
        found = [m for m in session.exec(select(OutboxMessage)) if m.id not in before]
    assert [(m.job, m.queue, m.args) for m in found] == [
        ("advance", outbox.FIRST, {"request_id": erasing})
    ]


def test_another_person_waits_for_nobody(floor: Floor, clock: Clock, tables: Any) -> None:
    _between(floor, ask(floor, Kind.DELETION, ANN))
    other = ask(floor, Kind.DELETION, {"user_id": "2"})

    work_on(floor, other)

    assert request_of(floor, other).irreversible_at is not None


def test_of_two_that_start_in_the_same_moment_one_waits(
    tmp_path: Path, postgres_url: str, tables: Any, clock: Clock
) -> None:
    """Neither sees the other's transaction: only the lock on the person keeps them apart."""
    rounds = 15
    tables["shop"]["users"] = [user(n, f"p{n}") for n in range(rounds)]
    floor = floor_over(tmp_path, MAP, tables, clock, register_url=postgres_url)
    for n in range(rounds):
        copy = ask(floor, Kind.COPY, {"email": f"p{n}@example.com"})
        erasing = ask(floor, Kind.DELETION, {"user_id": str(n)})
        claims = [begin(floor, copy), begin(floor, erasing)]
        outcomes = [perform(floor, claim) for claim in claims if claim]
        together = Barrier(2)

        def go(pair: tuple[Any, Any]) -> Any:
            together.wait(timeout=10)  # noqa: B023 - used up within the round
            return settle(floor, *pair)

        with ThreadPoolExecutor(2) as pool:
            went_on = list(pool.map(go, zip(claims, outcomes, strict=True)))

        assert [c is None for c in went_on].count(True) == 1


# -- bundles ---------------------------------------------------------------------------------
