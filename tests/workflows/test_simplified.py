"""LGPD: whoever asks for their records is told at once of which kinds there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import audit, requests, simplified
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Package, Request
from tests.workflows.desk import text_of
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows.embedded.smtp import Sink
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.notices.send import send_due
from workflows.packing import files_of

ANN = {"user_id": "1", "email": "ann@example.com"}


@pytest.fixture
def tables() -> Mapping[str, dict[str, list[dict[str, Any]]]]:
    user = {"id": "1", "email": "ann@example.com", "nickname": "ann", "personalised": True}
    return {
        "shop": {"users": [user], "orders": [{"id": 7, "user_id": "1", "item": "tea"}]},
        "letters": {},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any, smtp_sink: Sink) -> Iterator[Floor]:
    smtp = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port}
    made = floor_over(tmp_path, MAP, tables, Clock(), mail_from="rights@mall.example", **smtp)
    yield made
    made.register.dispose()


def _following(floor: Floor, request_id: str) -> list[Request]:
    with reading(floor.register) as session:
        return list(session.exec(select(Request).where(Request.follows == request_id)))


def _asked(
    floor: Floor, *regimes: str, option: Option = Option.RECORDS, locale: str = "zh-CN"
) -> str:
    made = ask(floor, Kind.ACCESS, ANN, option=option, regimes=regimes, locale=locale)
    work_on(floor, made)
    return made


@pytest.mark.requirement("R-BR19-1")
def test_the_kinds_there_are_go_out_at_once_before_the_whole(floor: Floor, smtp_sink: Sink) -> None:
    made = _asked(floor, "br_lgpd", locale="en")

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

    while send_due(floor.register, floor.context, floor.now):
        pass

    (told,) = (
        text_of(mail)
        for mail in smtp_sink.messages
        if mail["Subject"] == f"The outcome of your request ({summary.id})"
    )
    for held in ("Orders: We hold 1 record", "Contact details, Profile and tags: We hold 1 record"):
        assert held in told
    assert "found nothing" in told


@pytest.mark.requirement("R-BR19-1")
def test_a_copy_is_given_whole_and_electronically_within_fifteen_days(floor: Floor) -> None:
    made = ask(floor, Kind.COPY, ANN, regimes=("br_lgpd",))
    work_on(floor, made)

    done = request_of(floor, made)
    assert (done.state, (done.promised_at - done.received_at).days in (14, 15)) == (
        State.FULFILLED,
        True,
    )
    with reading(floor.register) as session:
        packed = session.exec(select(Package).where(Package.request_id == made)).one()
    with ZipFile(BytesIO(b"".join(files_of(floor, packed)))) as package:
        rows = [package.read(f"data/shop/{one}.jsonl").decode() for one in ("users", "orders")]
    assert ["ann@example.com" in rows[0], "tea" in rows[1]] == [True, True]


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
