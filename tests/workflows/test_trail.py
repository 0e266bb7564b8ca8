"""The audit trail of real work: nothing about the person in it, and no work without it."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, func, select

from connectors.memory import Memory
from rights import logs
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit, packages, requests, verification
from rights.services.checkpoints import checkpoint, verify
from rights.store.db import reading, transaction
from rights.store.models import (
    Checkpoint,
    CheckpointLeaf,
    DayChain,
    Entry,
    Grant,
    Package,
    ReceiptRow,
    Request,
)
from rights.store.rows import table_of
from tests.workflows.desk import Desk
from tests.workflows.house import Clock, ask, floor_over, lying, request_of
from workflows.embedded.smtp import Sink
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.notices.send import send_due

CANARY = "kanarienvogel"
ADDRESS = f"{CANARY}@mail.example"
TRAIL: tuple[type[SQLModel], ...] = (Entry, DayChain, Checkpoint, CheckpointLeaf)
MAP = """
version: 1
controller: {name: {zh: 商城, en: Shop}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
stores:
- name: shop
  connector: memory
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    fields:
    - {name: id, category: account, disclose: true}
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, correct: {mode: allowed}}
"""


@pytest.fixture
def shop() -> dict[str, list[dict[str, Any]]]:
    return {"users": [{"id": 1, "email": ADDRESS, "nickname": f"{CANARY}-nick"}]}


@pytest.fixture
def floor(desk: Desk, tmp_path: Path, smtp_sink: Sink, shop: dict[str, Any]) -> Floor:
    return floor_over(
        tmp_path / "second",
        MAP,
        {"shop": shop},
        Clock(),  # connectors hold deadlines against the real one
        register_url=f"sqlite:///{tmp_path / 'second.sqlite'}",
        smtp_host=smtp_sink.host,
        smtp_port=smtp_sink.port,
    )


def _trail(floor: Floor) -> str:
    """Everything in the tables of the trail, as text."""
    with reading(floor.register) as session:
        found = [session.connection().execute(table_of(model).select()).all() for model in TRAIL]
    assert all(found), "an empty table proves nothing"
    return repr(found)


def _returns_too_much(floor: Floor) -> None:
    """Let the store give a value that nobody declared, under a name that is somebody's own."""
    store = cast("Memory", floor.connector("shop"))
    honest, more = store.collect, {f"{CANARY}-column": CANARY}
    lying(
        store,
        collect=lambda *said: ({**cast("dict[str, Any]", one), **more} for one in honest(*said)),
    )


def _work(floor: Floor, kind: Kind, **more: Any) -> str:
    request_id = ask(floor, kind, {"user_id": "1", "email": ADDRESS}, **more)
    work_on(floor, request_id)
    with reading(floor.register) as session:
        assert session.get_one(Request, request_id).state is State.FULFILLED
    return request_id


@pytest.mark.requirement("R-LOG-1")
def test_a_value_about_the_person_is_found_nowhere_in_the_trail(
    floor: Floor, smtp_sink: Sink
) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    change = {"field": "shop.users.nickname", "value": f"{CANARY}-new"}
    _returns_too_much(floor)
    copied = _work(floor, Kind.COPY)
    with reading(floor.register) as session:
        dropped = [e.data for e in audit.entries(session, copied) if e.event == "value_dropped"]
    assert dropped == [{"collection": "shop.users", "why": "undeclared", "rows": 1}]
    _work(floor, Kind.CORRECTION, values={"changes": [change]})
    with transaction(floor.register) as session:
        request = requests.find(session, copied)
        now = floor.now()
        verification.again(session, floor.context, request, now=now, purpose="grant")
        verification.answer(session, floor.context, request, "wrong", now=now, purpose="grant")
        package = session.exec(select(Package)).one()
        packages.grant(session, floor.context, request, package, level=3, actor="subject", now=now)
    _work(floor, Kind.DELETION)
    while send_due(floor.register, floor.context, floor.now):
        pass
    with transaction(floor.register) as session:
        audit.append_day(session, audit.Line("key_used", "system", {}), now=floor.now())
        assert checkpoint(session, floor.signer, floor.now())

    assert CANARY not in _trail(floor)
    assert CANARY not in stream.getvalue()
    assert len(smtp_sink.messages) >= 3
    assert verify(floor.register, floor.signer).problems == []


def _deafen(register: Engine) -> None:
    """Let the trail take no entries any more."""
    with register.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER deaf BEFORE INSERT ON entry "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        )


def _cure(register: Engine) -> None:
    with register.begin() as connection:
        connection.execute(text("DROP TRIGGER deaf"))


def _count(floor: Floor, model: type[SQLModel]) -> int:
    with reading(floor.register) as session:
        return session.exec(select(func.count()).select_from(model)).one()


def test_a_request_that_cannot_be_noted_is_not_taken(desk: Desk) -> None:
    _deafen(desk.register)

    with pytest.raises(IntegrityError):
        desk.typed()

    assert _count(desk.floor, Request) == 0


@pytest.mark.requirement("R-LOG-1:bad")
def test_nothing_is_erased_while_the_trail_takes_no_entries(
    floor: Floor, shop: dict[str, Any]
) -> None:
    request_id = ask(floor, Kind.DELETION, {"user_id": "1", "email": ADDRESS})
    before = copy.deepcopy(shop)
    _deafen(floor.register)

    with pytest.raises(IntegrityError):
        work_on(floor, request_id)

    assert shop == before
    assert request_of(floor, request_id).state is State.IN_PROGRESS
    assert _count(floor, ReceiptRow) == 0


@pytest.mark.requirement("R-LOG-1:bad")
def test_nothing_is_read_out_while_the_trail_takes_no_entries(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, {"user_id": "1", "email": ADDRESS})
    _deafen(floor.register)

    with pytest.raises(IntegrityError):
        work_on(floor, request_id)

    assert _count(floor, Package) == 0


def test_an_erasure_whose_entry_fails_is_not_done_until_it_is_noted(floor: Floor) -> None:
    store = floor.connector("shop")
    erase = store.erase  # type: ignore[attr-defined]  # the reference connector has every verb

    def erase_then_fail(*args: Any) -> Any:
        _deafen(floor.register)
        return erase(*args)

    lying(cast("Memory", store), erase=erase_then_fail)
    request_id = ask(floor, Kind.DELETION, {"user_id": "1", "email": ADDRESS})
    with pytest.raises(IntegrityError):
        work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.IN_PROGRESS
    assert _count(floor, ReceiptRow) == 0

    _cure(floor.register)
    lying(cast("Memory", store), erase=erase)
    cast("Clock", floor.now).on(minutes=1)
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    with reading(floor.register) as session:
        events = [entry.data.get("step") for entry in audit.entries(session, request_id)]
    assert "02-erase-shop" in events


@pytest.mark.requirement("R-LOG-1:bad")
def test_a_download_that_cannot_be_noted_is_not_granted(floor: Floor) -> None:
    request_id = _work(floor, Kind.COPY)
    _deafen(floor.register)

    with pytest.raises(IntegrityError), transaction(floor.register) as session:
        package = session.exec(select(Package)).one()
        request = requests.find(session, request_id)
        packages.grant(
            session, floor.context, request, package, level=3, actor="subject", now=floor.now()
        )

    assert _count(floor, Grant) == 0
    with reading(floor.register) as session:
        assert session.exec(select(Package)).one().grants_used == 0
