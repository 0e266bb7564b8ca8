"""What a closed request leaves behind goes, whoever ends or gets lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.db import reading, transaction
from rights.store.models import KeyringRow, OutboxMessage, Package
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows.aftercare import close_out
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packages.spool import spool_prefix
from workflows.sweep import sweep


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, clock: Clock) -> Floor:
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    tables = {
        "shop": {"users": [user(1, "ann")], "orders": []},
        "letters": {"subscribers": [letter]},
    }
    return floor_over(tmp_path, MAP, tables, clock)


def _lose_every_job(floor: Floor) -> None:
    with transaction(floor.register) as session:
        session.execute(delete(OutboxMessage))


def _waiting(floor: Floor) -> list[str]:
    with reading(floor.register) as session:
        return [m.job for m in session.exec(select(OutboxMessage)).all()]


def _closed_copy(floor: Floor) -> str:
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED
    return request_id


def test_a_lost_job_is_rung_for_again_until_the_spools_are_gone(floor: Floor, clock: Clock) -> None:
    request_id = _closed_copy(floor)
    for _ in range(2):
        _lose_every_job(floor)
        clock.on(minutes=5)
        sweep(floor.register, floor.context, clock)
        assert _waiting(floor) == ["close_out"]

    close_out(floor, request_id)

    _lose_every_job(floor)
    clock.on(hours=5)
    sweep(floor.register, floor.context, clock)
    assert _waiting(floor) == []
    with reading(floor.register) as session:
        package = session.exec(select(Package)).one()
        assert session.get(KeyringRow, request_id) is None
    assert list(floor.blobs.list(spool_prefix(package.id))) == []
    assert request_of(floor, request_id).state is State.FULFILLED


def test_a_try_whose_worker_ended_before_it_could_say_so_goes_too(floor: Floor) -> None:
    request_id = _closed_copy(floor)
    with reading(floor.register) as session:
        package = session.exec(select(Package)).one()
    floor.blobs.put(f"packages/{package.id}/0.zip", [b"sealed"])

    close_out(floor, request_id)

    assert list(floor.blobs.list("packages")) == [package.blob]
