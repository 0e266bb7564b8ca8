"""Leases: kept alive by a thread that a register's bad moment must not end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from rights.domain.errors import Fenced
from rights.store.db import open_engine, reading, transaction
from rights.store.models import StepRow, StepState
from workflows.leases import Leases

STEP = "r-01-erase-shop"


@pytest.fixture
def register(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'register.sqlite'}")
    SQLModel.metadata.create_all(engine)
    row = StepRow(id=STEP, request_id="r", phase=1, action="erase", queue="work")
    row.state, row.fence, row.lease_owner = StepState.RUNNING, 1, "me"
    row.next_at = datetime.now(UTC)
    with transaction(engine) as session:
        session.add(row)
    return engine


@pytest.fixture
def leases(register: Engine) -> Iterator[Leases]:
    every = timedelta(milliseconds=20)
    made = Leases(
        register, lambda: datetime.now(UTC), worker="me", lease=timedelta(seconds=1), every=every
    )
    yield made
    made.stop()


def _renamed(register: Engine, old: str, new: str) -> None:
    with register.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def _ends_at(register: Engine) -> datetime:
    with reading(register) as session:
        ends = session.get_one(StepRow, STEP).next_at
    assert ends is not None
    return ends


def test_a_register_that_is_away_for_a_moment_does_not_end_the_heartbeat(
    register: Engine, leases: Leases
) -> None:
    leases.hold(STEP, 1)
    table = str(StepRow.__tablename__)
    _renamed(register, table, "away")
    time.sleep(0.2)
    leases.check(STEP)  # nobody can have taken it yet
    _renamed(register, "away", table)
    back = datetime.now(UTC)
    time.sleep(0.3)

    assert _ends_at(register) > back + timedelta(seconds=1)
    leases.check(STEP)


def test_a_lease_that_could_not_be_stretched_in_time_is_lost(
    register: Engine, leases: Leases
) -> None:
    leases.hold(STEP, 1)
    _renamed(register, str(StepRow.__tablename__), "away")
    time.sleep(1.3)

    with pytest.raises(Fenced):
        leases.check(STEP)
