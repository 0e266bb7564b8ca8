"""What staff left out of an erasure is no part of what is looked for, kept out or done again."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.memory import Memory
from connectors.sdk import Receipt, Refused
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import suppression, tasks
from rights.services.suppression import Asked
from rights.store.db import reading, transaction
from rights.store.models import Staff
from tests.workflows.afterwards import ANN, PHONE, Tables, look, rows, user
from tests.workflows.house import Clock, ask, lying, request_of
from workflows.aftercare import close_out
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.replay import replay


def _refused(*_: Any) -> Receipt:
    raise Refused("it does not let us")


def _without(floor: Floor, store: str) -> str:
    """Erase Ann everywhere but in *store*, which refuses and which staff leave out."""
    memory = floor.connector(store)
    assert isinstance(memory, Memory)
    honest = memory.erase
    lying(memory, erase=_refused)
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)
    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=floor.now())
        session.add(staff)
        session.flush()
        for task in tasks.open_tasks(session):
            reason = "store_unavailable"
            tasks.leave_out(session, task["step"], staff, now=floor.now(), reason=reason)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    close_out(floor, request_id)
    lying(memory, erase=honest)
    return request_id


def _allowed(floor: Floor, *collections: str) -> list[bool]:
    items = [Asked("user_id", "1", None, path) for path in collections]
    with reading(floor.register) as session:
        vault, datamap = floor.context.vault, floor.context.datamap
        found = suppression.check(session, vault, datamap, items, now=floor.now())
    return [one.allowed for one in found]


def _incidents(floor: Floor) -> list[tuple[str, str]]:
    return [(i.code, i.note) for i in rows(floor, "incident")]


@pytest.mark.requirement("R-24-8")
def test_what_went_is_looked_for_and_what_was_left_out_did_not_come_back(
    floor: Floor, clock: Clock, tables: Tables
) -> None:
    _without(floor, "letters")

    clock.on(hours=1)
    look(floor)
    assert _incidents(floor) == []
    assert len(tables["letters"]["subscribers"]) == 2

    tables["shop"]["orders"].append({"id": 10, "user_id": 1, "item": "cup"})
    clock.on(days=1)
    look(floor)
    assert _incidents(floor) == [("came_back", "shop.orders (1)")]


@pytest.mark.requirement("R-24-7")
def test_a_replay_does_not_erase_what_was_left_out(
    floor: Floor, clock: Clock, tables: Tables
) -> None:
    since = clock.at
    _without(floor, "letters")
    tables["shop"]["users"].append(user(1, "ann", PHONE))
    tables["shop"]["orders"].append({"id": 10, "user_id": 1, "item": "cup"})

    (report,) = replay(floor, since, ["shop", "letters"])

    assert report.whole
    assert [u["id"] for u in tables["shop"]["users"]] == [2]
    assert [o["id"] for o in tables["shop"]["orders"]] == [12]
    assert len(tables["letters"]["subscribers"]) == 2


def test_an_import_into_what_was_left_out_is_not_refused(floor: Floor) -> None:
    _without(floor, "letters")

    assert _allowed(floor, "shop.orders", "letters.subscribers", "") == [False, True, False]


def test_what_an_account_leads_to_that_was_left_in_place_may_be_new(
    floor: Floor, clock: Clock, tables: Tables
) -> None:
    since = clock.at
    _without(floor, "shop")
    assert [d["user_id"] for d in tables["search"]["documents"]] == [2]

    tables["search"]["documents"].append({"id": 99, "user_id": 1, "text": "bowl"})
    clock.on(hours=1)
    look(floor)
    assert _incidents(floor) == [("perhaps_new", "search.documents (1)")]

    clock.on(minutes=1)
    (report,) = replay(floor, since)
    assert (report.affected, report.unsure) == ({}, {"search.documents": 1})
    assert len(tables["search"]["documents"]) == 2
    assert [u["id"] for u in tables["shop"]["users"]] == [1, 2]
