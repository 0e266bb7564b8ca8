"""A contact that nobody proved never leads to another person's account."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.db import reading, transaction
from rights.store.models import IdentifierRow, Package, ReceiptRow
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import ANN, MAP
from tests.workflows.test_engine import _user as user
from workflows.floor import Floor
from workflows.jobs import work_on


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    ann = {**user(1, "ann"), "email": "Bo@example.com"}  # typed into a profile, never proved
    orders = [{"id": 1, "user_id": 1, "item": "cup"}, {"id": 2, "user_id": 2, "item": "bowl"}]
    letter = {"email": "bo@example.com", "topic": "tea", "restricted": False}
    return {
        "shop": {"users": [ann, user(2, "bo")], "orders": orders},
        "letters": {"subscribers": [letter]},
    }


@pytest.fixture
def floor(tmp_path: Path, tables: Any) -> Floor:
    return floor_over(tmp_path, MAP, tables, Clock())


def _outcome(floor: Floor, request_id: str) -> dict[str, tuple[int, str]]:
    with reading(floor.register) as session:
        body = json.loads(session.get_one(ReceiptRow, request_id).body)
    return {x["collection"]: (x["affected"], x["missing"]) for x in body["outcome"]}


@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.COPY])
def test_an_address_typed_into_a_profile_reaches_nobody_elses_account(
    floor: Floor, tables: Any, kind: Kind
) -> None:
    before = copy.deepcopy(tables)
    request_id = ask(floor, kind, ANN)

    work_on(floor, request_id)

    if kind is Kind.DELETION:
        assert [u["id"] for u in tables["shop"]["users"]] == [2]
        assert [o["id"] for o in tables["shop"]["orders"]] == [2]
        assert tables["letters"] == before["letters"]
    assert _outcome(floor, request_id) == {
        "users": (1, ""),
        "orders": (1, ""),
        "subscribers": (0, "not_identifiable"),
    }
    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED


def test_a_copy_names_what_could_not_be_told_apart(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)

    with reading(floor.register) as session:
        package = session.exec(select(Package).where(Package.request_id == request_id)).one()
    assert [m["code"] for m in package.missing] == ["not_identifiable"]


def test_an_address_that_was_proved_leads_to_every_account_that_has_it(
    floor: Floor, tables: Any
) -> None:
    request_id = ask(floor, Kind.DELETION, {**ANN, "email": "bo@example.com"})

    work_on(floor, request_id)

    assert tables["shop"]["users"] == []
    assert request_of(floor, request_id).state is State.FULFILLED


def test_a_mailbox_proved_by_a_code_borrows_no_strength_from_another_account(
    floor: Floor, tables: Any
) -> None:
    tables["shop"]["users"][0]["email"] = "ann@example.com"
    request_id = ask(floor, Kind.DELETION, {**ANN, "email": "bo@example.com"})
    with transaction(floor.register) as session:
        mine = col(IdentifierRow.request_id) == request_id, IdentifierRow.type == "email"
        session.exec(select(IdentifierRow).where(*mine)).one().proof = "code"

    work_on(floor, request_id)

    assert [u["id"] for u in tables["shop"]["users"]] == [2]
    assert len(tables["letters"]["subscribers"]) == 1
