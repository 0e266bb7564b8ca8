"""What is not a step counts in a store like one: look-ups, re-checks, the end of a hold."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.services import unanswered
from rights.store.db import reading, transaction
from rights.store.models import Lookup, OutboxMessage
from tests.workflows.house import Clock, floor_over, replace
from tests.workflows.test_store_limits import at_work, limited, prepared, tables
from workflows import lookups
from workflows.advance import begin
from workflows.floor import Floor
from workflows.handing import hand_back
from workflows.leases import Leases
from workflows.visits import visit


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, clock: Clock) -> Floor:
    return floor_over(tmp_path, limited("{concurrent: 1}", alone=True), tables(), clock)


def test_a_look_up_counts_and_is_asked_again_while_there_is_no_room(
    floor: Floor, clock: Clock
) -> None:
    claim = at_work(floor, prepared(floor, Kind.ACCESS, 1))
    lookup_id = _lookup(floor)

    lookups.answer(floor, lookup_id)

    with reading(floor.register) as session:
        assert session.get_one(Lookup, lookup_id).state == "waiting"
        again = session.exec(select(OutboxMessage).where(OutboxMessage.job == "lookup")).one()
    assert again.not_before == clock() + timedelta(seconds=1)
    assert again.args == {"lookup_id": lookup_id}
    hand_back(floor, claim)
    lookups.answer(floor, lookup_id)
    with reading(floor.register) as session:
        assert session.get_one(Lookup, lookup_id).state == "answered"


def test_a_look_up_that_comes_again_by_itself_is_not_rung_for_beside_that(
    floor: Floor, clock: Clock
) -> None:
    at_work(floor, prepared(floor, Kind.ACCESS, 1))
    lookup_id = _lookup(floor)
    lookups.answer(floor, lookup_id)
    known: unanswered.Next = {}

    for _ in range(25):
        clock.on(seconds=1)
        unanswered.ring(floor.register, clock, known)
        for _ in range(_delivered(floor)):
            lookups.answer(floor, lookup_id)

    assert _delivered(floor, clock() + timedelta(seconds=1)) == 1


def test_a_look_up_that_came_again_and_got_lost_is_rung_for(floor: Floor, clock: Clock) -> None:
    at_work(floor, prepared(floor, Kind.ACCESS, 1))
    lookups.answer(floor, _lookup(floor))
    clock.on(seconds=30)
    assert unanswered.ring(floor.register, clock, {}) == 0  # its message lies in the outbox

    assert _delivered(floor) == 1  # to a queue that is lost
    soon = unanswered.ring(floor.register, clock, {})
    clock.on(seconds=6)

    assert (soon, unanswered.ring(floor.register, clock, {})) == (0, 1)


def _delivered(floor: Floor, now: datetime | None = None) -> int:
    """Take the look-ups out of the outbox that are due, as the relay does; return how many."""
    at = now or floor.now()
    with transaction(floor.register) as session:
        query = select(OutboxMessage).where(OutboxMessage.job == "lookup")
        due = [
            one
            for one in session.exec(query)
            if one.sent_at is None and (one.not_before is None or one.not_before <= at)
        ]
        for one in due:
            one.sent_at = at
        return len(due)


def _lookup(floor: Floor) -> str:
    vault, row = (
        floor.context.vault,
        Lookup(
            question="counts",
            level=3,
            sealed_input=b"",
            created_at=floor.now(),
            expires_at=floor.now() + timedelta(minutes=15),
        ),
    )
    sealed = vault.seal(b'{"identifiers": {"user_id": "1"}}', aad=f"lookup|{row.id}|input")
    row.sealed_input = sealed
    with reading(floor.register) as session:
        session.add(row)
        session.commit()
    return row.id


def test_whoever_visits_takes_a_place_and_keeps_it_alive(floor: Floor) -> None:
    lease = timedelta(seconds=3)
    leases = Leases(
        floor.register, lambda: datetime.now(UTC), worker="a", lease=lease, every=lease / 5
    )
    floor = replace(floor, leases=leases, now=lambda: datetime.now(UTC))
    waiting = prepared(floor, Kind.ACCESS, 1)
    with visit(floor):
        ends = floor.now() + 1.5 * lease
        while floor.now() < ends:
            assert begin(floor, waiting) is None
            time.sleep(0.05)
    assert begin(floor, waiting) is not None
    leases.stop()
