"""A store that was restored is not ready before what was erased is gone from it again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from rights.domain.errors import Invalid
from rights.services import backends, restores
from rights.services.backends import SCOPES
from rights.store.models import Aftercare, Entry
from tests.web.house import House

PATH = "/v1/stores/shop/readiness"


@pytest.mark.requirement("R-24-7:bad")
def test_a_restored_store_is_red_until_a_replay_that_covers_it_and_the_others_are_not(
    house: House,
) -> None:
    assert house.get(PATH).json == {"store": "shop", "ready": True}
    now = house.clock.now()
    backup = now - timedelta(days=2)
    with house.writing() as session:
        restores.announce(session, "shop", backup, now=now)

    red = house.get(PATH)
    assert (red.status_code, red.json["code"]) == (503, "replay_due")
    for stores, since, begun in (
        (["profile"], backup, now),  # of another store
        (["shop"], backup + timedelta(hours=1), now),  # of less than the backup does not know
        (["shop"], backup, now - timedelta(hours=1)),  # begun before the restore
    ):
        with house.writing() as session:
            assert restores.acknowledge(session, stores, since, begun=begun, now=now) == []
        assert house.get(PATH).status_code == 503

    with house.writing() as session:
        assert restores.acknowledge(session, ["shop"], backup, begun=now, now=now) == ["shop"]

    assert house.get(PATH).status_code == 200
    with house.reading() as session:
        events = session.exec(select(Entry.event)).all()
    assert {"store_restored", "restore_replayed"} <= set(events)


@pytest.mark.requirement("R-24-7:bad")
def test_a_restore_that_nobody_spoke_of_turns_the_store_red_once_a_look_finds_it(
    house: House,
) -> None:
    now = house.clock.now()
    with house.writing() as session:
        row = Aftercare(request_id="a" * 32, kind="incident", created_at=now, due_at=now)
        row.state, row.code, row.result = "open", "came_back", {"found": {"shop.users": 1}}
        session.add(row)

    red = house.get(PATH)

    assert (red.status_code, red.json["code"]) == (503, "came_back")
    others = [s.name for s in house.context.datamap if s.name != "shop"]
    assert all(house.get(f"/v1/stores/{s}/readiness").status_code == 200 for s in others)


def test_a_store_that_the_map_does_not_name_is_not_ready_but_unknown(house: House) -> None:
    assert house.get("/v1/stores/nowhere/readiness").status_code == 404


def test_a_key_without_the_scope_may_not_ask(house: House) -> None:
    scopes = [scope for scope in SCOPES if scope != "suppression:check"]
    with house.writing() as session:
        _, key = backends.issue_key(session, house.partner.id, scopes, now=house.clock.now())

    assert house.get(PATH, token=key).status_code == 403


def test_a_backup_of_the_future_is_refused(house: House) -> None:
    now = house.clock.now()
    with house.writing() as session, pytest.raises(Invalid):
        restores.announce(session, "shop", now + timedelta(days=1), now=now)
