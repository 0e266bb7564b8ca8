"""What one person asked for at once: erasing comes last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import col, select

from connectors.sdk import Transient
from rights.domain.errors import Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit, conflicts, information, requests, submission
from rights.store.db import reading, transaction
from rights.store.models import Entry, Notice, Request
from tests.workflows.bells import rung
from tests.workflows.house import Clock, ask, asking, floor_over, lying, request_of
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

CHANGES = {"changes": [{"field": "shop.users.nickname", "value": "Anna"}]}
WISHES: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (Kind.ACCOUNT_CANCELLATION, {}),
    (Kind.COPY, {}),
    (Kind.CORRECTION, {"values": CHANGES}),
    (Kind.CONSENT_WITHDRAWAL, {"parameters": {"purposes": ["ads"]}}),
)


def _bundle(floor: Floor, *wishes: tuple[Kind, dict[str, Any]]) -> dict[Kind, str]:
    """Submit a bundle of a fully proved person; return the ids by kind."""
    news = [asking(floor, kind, ANN, **more) for kind, more in wishes]
    with transaction(floor.register) as session:
        _, made = submission.take_bundle(session, floor.context, news, now=floor.now())
        return {request.kind: request.id for request in made}


def _answer(floor: Floor, request_id: str, prevails: str) -> None:
    with transaction(floor.register) as session:
        information.supply(
            session,
            floor.context,
            session.get_one(Request, request_id),
            parameters={"prevails": prevails},
            values={},
            identifiers={},
            actor="subject",
            now=floor.now(),
        )


def _until_done(floor: Floor, clock: Clock, ids: dict[Kind, str]) -> None:
    """Ring for all of them in the order in which they were written, as often as it takes."""
    for _ in range(8):
        for request_id in ids.values():
            clock.on(seconds=1)
            work_on(floor, request_id)


@pytest.mark.requirement("R-23-7")
def test_a_bundle_stops_then_corrects_then_reads_then_erases_while_all_clocks_run(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    ids = _bundle(floor, *WISHES)
    due = {kind: request_of(floor, i).due_at for kind, i in ids.items()}
    work_on(floor, ids[Kind.ACCOUNT_CANCELLATION])
    _answer(floor, ids[Kind.ACCOUNT_CANCELLATION], "both")

    _until_done(floor, clock, ids)

    assert {request_of(floor, i).state for i in ids.values()} == {State.FULFILLED}
    assert {kind: request_of(floor, i).due_at for kind, i in ids.items()} == due
    with reading(floor.register) as session:
        log = session.exec(
            select(Entry.chain, Entry.event).order_by(col(Entry.at), col(Entry.seq))
        ).all()
    ends = [log.index((ids[kind], "completed")) for kind, _ in reversed(WISHES)]
    assert ends == sorted(ends)
    begun = log.index((ids[Kind.ACCOUNT_CANCELLATION], "step_started"))
    assert ends[-2] < begun  # the export was finished before anything was destroyed
    assert [u["id"] for u in tables["shop"]["users"]] == [2]


@pytest.mark.requirement("R-23-7:bad")
@pytest.mark.parametrize("prevails", ["correction", "deletion", "both"])
def test_to_correct_and_to_delete_the_same_is_taken_flagged_and_asked_once(
    floor: Floor, clock: Clock, tables: Any, prevails: str
) -> None:
    ids = _bundle(floor, WISHES[0], WISHES[2])
    erasing, correcting = ids[Kind.ACCOUNT_CANCELLATION], ids[Kind.CORRECTION]
    with reading(floor.register) as session:
        members = [session.get_one(Request, i) for i in ids.values()]
        pairs = [(one.id, other.id) for one, other in conflicts.found(members)]
        flags = [e.data for e in audit.entries(session, erasing) if e.event == "conflict"]
    assert (pairs, flags) == ([(correcting, erasing)], [{"with": [correcting]}])
    for _ in range(2):
        work_on(floor, erasing)
    waiting = request_of(floor, erasing)
    assert (waiting.state, waiting.wait, waiting.needs) == (
        State.ON_HOLD,
        "needs_info",
        ["prevails"],
    )
    assert _notices(floor, erasing).count("needs_info") == 1
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
    with pytest.raises(Invalid):
        _answer(floor, erasing, "whatever")

    _answer(floor, erasing, prevails)
    _until_done(floor, clock, ids)

    ended = {
        "correction": (State.REVOKED, State.FULFILLED),
        "deletion": (State.FULFILLED, State.REVOKED),
        "both": (State.FULFILLED, State.FULFILLED),
    }
    states = tuple(request_of(floor, i).state for i in (erasing, correcting))
    assert states == ended[prevails]
    left = {u["id"]: u["nickname"] for u in tables["shop"]["users"]}
    assert left.get(1) == ("Anna" if prevails == "correction" else None)
    assert _notices(floor, erasing).count("needs_info") == 1


def test_who_says_so_at_once_is_not_asked(floor: Floor, clock: Clock) -> None:
    ids = _bundle(
        floor, (Kind.DELETION, {"parameters": {"prevails": "both"}}), WISHES[2], WISHES[1]
    )

    _until_done(floor, clock, ids)

    assert {request_of(floor, i).state for i in ids.values()} == {State.FULFILLED}


def test_an_erasure_that_waits_until_its_date_comes_near_is_an_alarm_once(
    floor: Floor, clock: Clock
) -> None:
    back = _stuck(floor)
    ids = _bundle(floor, (Kind.DELETION, {}), (Kind.COPY, {}))
    for _ in range(3):
        work_on(floor, ids[Kind.COPY])
        work_on(floor, ids[Kind.DELETION])
    with reading(floor.register) as session:
        early = [e.event for e in audit.entries(session, ids[Kind.DELETION])]
    due = request_of(floor, ids[Kind.DELETION]).due_at
    clock.on(seconds=(due - clock()).total_seconds() - 3600)
    for _ in range(3):
        work_on(floor, ids[Kind.DELETION])

    with reading(floor.register) as session:
        late = [e.event for e in audit.entries(session, ids[Kind.DELETION])]
    assert "order_endangers_due" not in early
    assert late.count("order_endangers_due") == 1
    back()


def _notices(floor: Floor, request_id: str) -> list[str]:
    with reading(floor.register) as session:
        query = select(Notice.event).where(Notice.request_id == request_id)
        return list(session.exec(query).all())
