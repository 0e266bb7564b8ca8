"""LGPD: whoever asks for their records is told at once of which kinds there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import audit, requests, simplified
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Package, Request
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows.floor import Floor
from workflows.jobs import work_on

ANN = {"user_id": "1"}


@pytest.fixture
def tables() -> Mapping[str, dict[str, list[dict[str, Any]]]]:
    user = {"id": "1", "email": "ann@example.com", "nickname": "ann", "personalised": True}
    return {
        "shop": {"users": [user], "orders": [{"id": 7, "user_id": "1", "item": "tea"}]},
        "letters": {},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any) -> Iterator[Floor]:
    made = floor_over(tmp_path, MAP, tables, Clock())
    yield made
    made.register.dispose()


def _following(floor: Floor, request_id: str) -> list[Request]:
    with reading(floor.register) as session:
        return list(session.exec(select(Request).where(Request.follows == request_id)))


def _asked(floor: Floor, *regimes: str, option: Option = Option.RECORDS) -> str:
    made = ask(floor, Kind.ACCESS, ANN, option=option, regimes=regimes)
    work_on(floor, made)
    return made


@pytest.mark.requirement("R-BR19-1")
def test_the_kinds_there_are_go_out_at_once_before_the_whole(floor: Floor) -> None:
    made = _asked(floor, "br_lgpd")

    (summary,) = _following(floor, made)
    assert (summary.kind, summary.option, summary.state) == ("access", "summary", "in_progress")
    with reading(floor.register) as session:
        jobs = session.exec(select(OutboxMessage)).all()
        events = [one.event for one in audit.entries(session, made)]
    queues = {one.queue for one in jobs if summary.id in str(one.model_dump())}
    assert "urgent" in queues
    assert "simplified" in events

    work_on(floor, summary.id)

    done = request_of(floor, summary.id)
    assert (done.state, done.closed_at) == (State.FULFILLED, floor.now())
    assert request_of(floor, made).promised_at == done.promised_at
    assert (done.promised_at - done.received_at).days in (14, 15, 16)
    with reading(floor.register) as session:
        packed = session.exec(select(Package).where(Package.request_id == summary.id)).one()
    assert packed.state == "ready"


def test_it_is_opened_once_however_often_the_work_is_looked_at(floor: Floor) -> None:
    made = _asked(floor, "br_lgpd")
    work_on(floor, made)

    assert len(_following(floor, made)) == 1


def test_work_that_begins_anew_sends_no_second_one(floor: Floor) -> None:
    made = _asked(floor, "br_lgpd")
    (first,) = _following(floor, made)
    work_on(floor, first.id)
    assert request_of(floor, first.id).closed_at is not None

    with transaction(floor.register) as session:
        again = simplified.begin(
            session, floor.context, requests.locked(session, made), now=floor.now()
        )

    assert again is None
    assert [one.id for one in _following(floor, made)] == [first.id]


@pytest.mark.parametrize(
    ("regimes", "option"),
    [(("cn_general",), Option.RECORDS), (("eu_gdpr",), Option.RECORDS),
     (("br_lgpd",), Option.SUMMARY)],
)  # fmt: skip
def test_no_other_law_owes_it_and_who_asks_for_it_gets_it_without_another(
    floor: Floor, regimes: tuple[str, ...], option: Option
) -> None:
    made = _asked(floor, *regimes, option=option)

    assert request_of(floor, made).state is State.FULFILLED
    assert _following(floor, made) == []
