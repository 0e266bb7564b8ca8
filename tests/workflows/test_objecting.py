"""An objection to marketing: read as off at once, effective where it was read back, and urgent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from connectors.manual import Manual
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import outbox, preferences, submission, tasks
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Preference, Staff, StepRow
from tests.workflows.house import Clock, asking, floor_over, request_of
from workflows.floor import Floor
from workflows.jobs import work_on

MAP = """\
version: 1
controller: {name: {zh: 商城, en: Shop}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
switches:
- {name: personalised, collection: shop.users, column: personalised}
- {name: commercial_messages, collection: paper.leaflets, column: wanted}
stores:
- name: shop
  connector: memory
  serving: true
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id}
    fields: [{name: personalised, category: preference, disclose: true}]
- name: paper
  connector: manual
  serving: true
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: leaflets
    links: [{columns: [user_id], to: shop.users, role: owner}]
    fields: [{name: wanted, category: preference, disclose: true}]
"""
ANN = {"user_id": "1"}


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    made = floor_over(
        tmp_path, MAP, {"shop": {"users": [{"id": 1, "personalised": True}]}}, Clock()
    )
    return replace(made, manifests={**made.manifests, "manual": Manual.manifest})


def _take(floor: Floor, *, rehearsed: bool = False) -> str:
    new = asking(floor, Kind.RESTRICTION, ANN, option=Option.OBJECT_MARKETING)
    with transaction(floor.register) as session:
        made, _ = submission.take(session, floor.context, new, rehearsed=rehearsed, now=floor.now())
        return made.id


def _read(floor: Floor, name: str) -> preferences.Reading:
    with reading(floor.register) as session:
        return preferences.read(session, floor.context, ANN, name)


def test_what_was_only_rehearsed_counts_once_it_is_meant(floor: Floor) -> None:
    rehearsed = _take(floor, rehearsed=True)
    assert _read(floor, "personalised").value == "on"

    assert _take(floor) == rehearsed

    assert _read(floor, "personalised").value == "off"
    assert _read(floor, "commercial_messages").value == "off"


def test_it_is_rung_for_among_what_is_urgent(floor: Floor) -> None:
    _take(floor)

    with reading(floor.register) as session:
        rung = session.exec(select(OutboxMessage).where(OutboxMessage.job == "advance")).all()
    assert {one.queue for one in rung} == {outbox.URGENT}


def test_a_store_that_staff_left_out_has_not_read_it_back(floor: Floor) -> None:
    request_id = _take(floor)
    with transaction(floor.register) as session:
        session.add(Staff(id="s1", name="li", roles=["reviewer"], created_at=floor.now()))
    for _ in range(3):
        work_on(floor, request_id)
        with transaction(floor.register) as session:
            staff = session.get_one(Staff, "s1")
            mine = select(StepRow).where(StepRow.request_id == request_id)
            for step in session.exec(mine).all():
                if step.state in tasks.WAITING:
                    tasks.leave_out(
                        session, step.id, staff, now=floor.now(), reason="store_unavailable"
                    )

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    assert _read(floor, "personalised").effective is True
    assert _read(floor, "commercial_messages").pending == ("paper",)
    with reading(floor.register) as session:
        rows = session.exec(select(Preference).where(Preference.name == "commercial_messages"))
        assert [row.effective_at for row in rows] == [None]
