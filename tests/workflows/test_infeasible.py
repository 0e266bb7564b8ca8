"""What cannot be deleted: an exception with a date, named in the answer, and back as a task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from connectors.memory import Memory
from connectors.sdk import Verb
from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import exceptions, incidents, tasks
from rights.store.db import reading, transaction
from rights.store.models import HeldRows, ReceiptRow, Staff
from tests.workflows.held_shop import Shop, shop_at
from tests.workflows.house import Clock, ask, floor_over, request_of
from workflows import expiry
from workflows.floor import Floor
from workflows.jobs import work_on

MAP = """
version: 1
identifiers: {user_id: {kind: account}}
stores:
- name: archive
  connector: stone
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: tablets
    key: [id]
    identifies: {user_id: id}
    fields: [{name: id, category: account, disclose: true}]
"""
PATH = "archive.tablets"
SOON = timedelta(days=90)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, clock: Clock) -> Iterator[Floor]:
    tables: Any = {"archive": {"tablets": [{"id": 1}, {"id": 2}]}}
    made = floor_over(tmp_path, MAP, tables, clock)
    stone = replace(Memory.manifest, name="stone", verbs=frozenset(Verb) - {Verb.ERASE})
    yield replace(made, manifests={"stone": stone})
    made.register.dispose()


def staff(session: Session, name: str, *roles: str) -> Staff:
    found = session.exec(select(Staff).where(Staff.name == name)).first()
    made = found or Staff(name=name, roles=list(roles), created_at=Clock()())
    session.add(made)
    session.flush()
    return made


def case(session: Session, clock: Clock, **more: Any) -> exceptions.Case:
    said = {"statement": "cut in stone", "alternative": "the archive is locked", **more}
    by = staff(session, "ren", "reviewer")
    made = {"review_at": clock() + SOON, "deletable": False, "stated_by": by, **said}
    return exceptions.Case(**made)


def excepted(floor: Floor, clock: Clock) -> None:
    with transaction(floor.register) as session:
        lawyer = staff(session, "wei", "approver", "legal")
        exceptions.make(session, PATH, case(session, clock), lawyer, now=clock())


def leave_out(floor: Floor, clock: Clock) -> None:
    with transaction(floor.register) as session:
        (task,) = [t for t in tasks.open_tasks(session) if t["action"] == "erase"]
        who = staff(session, "ren", "reviewer")
        tasks.leave_out(session, task["step"], who, now=clock(), reason="infeasible")


def asked(floor: Floor) -> str:
    request_id = ask(floor, Kind.DELETION, {"user_id": "1"})
    work_on(floor, request_id)
    return request_id


@pytest.mark.requirement("R-24-4")
def test_an_exception_is_named_with_its_date_and_comes_back_as_a_task(
    floor: Floor, clock: Clock
) -> None:
    request_id = asked(floor)
    excepted(floor, clock)
    leave_out(floor, clock)
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    with reading(floor.register) as session:
        receipt = json.loads(session.get_one(ReceiptRow, request_id).body)
        (row,) = session.exec(select(HeldRows)).all()
    line = next(x for x in receipt["outcome"] if x["action"] == "erase")
    review = (clock() + SOON).date().isoformat()
    assert (line["missing"], line["hold"], line["until"]) == (
        "infeasible",
        "tech_infeasible",
        review,
    )
    assert row.basis == "the archive is locked"

    assert expiry.ring(floor.register, clock) == 0
    clock.on(days=91)
    assert expiry.ring(floor.register, clock) == 1
    expiry.run(floor, request_id)
    with reading(floor.register) as session:
        (task,) = incidents.tasks(session)
    assert (task["code"], task["request"]) == ("hold_review", request_id)
    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED


@pytest.mark.requirement("R-24-4:bad")
def test_nothing_is_infeasible_where_the_store_can_delete(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    shop: Shop = shop_at(sqlite_url, tmp_path)
    shop.staff("wei", "lin")
    review = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    words = ("--statement", "it is hard", "--alternative", "we look away", "--review", review)

    refused = shop.holds("except", "shop.orders", *words, "--stated-by", "lin", "--as", "wei")

    assert isinstance(refused.exception, Conflict)
    assert refused.exception.code == "can_be_deleted"
    assert "its connector can delete" in str(refused.exception)


def test_without_an_exception_a_step_is_not_left_out_as_infeasible(
    floor: Floor, clock: Clock
) -> None:
    asked(floor)

    with pytest.raises(Conflict, match="no exception is in force"):
        leave_out(floor, clock)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"alternative": " "}, Invalid),
        ({"statement": ""}, Invalid),
        ({"deletable": True}, Conflict),
    ],
)
def test_an_exception_says_why_and_what_instead(
    floor: Floor, clock: Clock, more: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error), transaction(floor.register) as session:
        lawyer = staff(session, "wei", "legal")
        exceptions.make(session, PATH, case(session, clock, **more), lawyer, now=clock())


@pytest.mark.parametrize("days", [0, 181])
def test_an_exception_ends_within_180_days(floor: Floor, clock: Clock, days: int) -> None:
    with pytest.raises(Invalid, match="180"), transaction(floor.register) as session:
        at = clock() + timedelta(days=days)
        lawyer = staff(session, "wei", "legal")
        exceptions.make(session, PATH, case(session, clock, review_at=at), lawyer, now=clock())


def test_whoever_states_it_does_not_approve_it(floor: Floor, clock: Clock) -> None:
    with pytest.raises(Forbidden), transaction(floor.register) as session:
        lawyer = staff(session, "wei", "legal")
        exceptions.make(session, PATH, case(session, clock, stated_by=lawyer), lawyer, now=clock())
