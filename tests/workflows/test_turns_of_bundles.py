"""A bundle is done in the order in which nothing defeats anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from connectors.sdk import Transient
from rights.domain.errors import Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit, conflicts, information, submission
from rights.store.db import reading, transaction
from rights.store.models import Entry, Notice, Request
from tests.workflows.house import Clock, asking, floor_over, lying, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows.floor import Floor
from workflows.jobs import work_on

CHANGES = {"changes": [{"field": "shop.users.nickname", "value": "Anna"}]}
WISHES: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (Kind.ACCOUNT_CANCELLATION, {}),
    (Kind.COPY, {}),
    (Kind.CORRECTION, {"values": CHANGES}),
    (Kind.CONSENT_WITHDRAWAL, {"parameters": {"purposes": ["ads"]}}),
)


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
            information.Supplied(parameters={"prevails": prevails}),
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
