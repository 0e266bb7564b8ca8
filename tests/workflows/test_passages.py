"""A worker opens what was taken out of a copy, for whoever of the staff asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.services import redaction_views, requests
from rights.services.redaction_views import View
from rights.store.db import transaction
from rights.store.models import Lookup, Package, Staff
from tests.workflows.people_in_stores import People
from tests.workflows.test_other_people import ANN, BOB, shop
from workflows import lookups
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import settings_in

__all__ = ["shop"]

ONLY = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)


def _floor(shop: People) -> Floor:
    settings = settings_in(shop.map_file, shop.folder / "state")
    return floor_for(parts_for(settings), worker="w1")


def _asked(floor: Floor, request_id: str, start: int = 0) -> tuple[Staff, str]:
    with transaction(floor.register) as session:
        staff = session.exec(select(Staff)).first()
        if staff is None:
            staff = Staff(name="rui", roles=["reviewer"], created_at=datetime.now(UTC))
            session.add(staff)
            session.flush()
        request, given = requests.locked(session, request_id), {"start": start}
        row = redaction_views.ask(session, floor.context, request, staff, **given, now=floor.now())
        found = row.id
        session.flush()
        session.expunge(staff)
    return staff, found


def _view(floor: Floor, request_id: str, staff: Staff, lookup: str) -> View:
    with transaction(floor.register) as session:
        request, given = requests.find(session, request_id), {"now": floor.now()}
        return redaction_views.read(session, floor.context, request, staff, lookup, **given)


@ONLY
def test_a_worker_opens_a_page_of_it_and_says_whether_there_is_more(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = shop.run(Kind.COPY, subject=ANN)["request"]
    floor = _floor(shop)
    monkeypatch.setattr(redaction_views, "PAGE", 3)
    found: list[Any] = []
    while True:
        staff, lookup = _asked(floor, request_id, len(found))
        assert _view(floor, request_id, staff, lookup).waits
        lookups.answer(floor, lookup)
        view = _view(floor, request_id, staff, lookup)
        assert view.rows is not None
        found += view.rows
        if not view.more:
            break
        assert len(view.rows) == 3

    assert [row["number"] for row in found] == list(range(1, len(found) + 1))
    assert {BOB["mobile"], BOB["id"], BOB["email"]} <= {row["value"] for row in found}
    for file in (shop.folder / "state").rglob("*"):
        if file.is_file():
            assert BOB["id"].encode() not in file.read_bytes()
    floor.close()


@ONLY
def test_a_copy_that_is_gone_is_refused_and_is_never_nothing(shop: People) -> None:
    request_id = shop.run(Kind.COPY, subject=ANN)["request"]
    floor = _floor(shop)
    staff, lookup = _asked(floor, request_id)
    with transaction(floor.register) as session:
        session.exec(select(Package)).one().purged_at = floor.now()

    lookups.answer(floor, lookup)

    view = _view(floor, request_id, staff, lookup)
    assert (view.rows, view.code, view.waits) == (None, "store_refused", False)
    with transaction(floor.register) as session:
        assert session.get_one(Lookup, lookup).sealed_answer is None
    floor.close()
