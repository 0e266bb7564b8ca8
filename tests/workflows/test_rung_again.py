"""What is found again by what is true, when the doorbell that told of it was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlmodel import select

from connectors.manual import Manual
from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.services import asking, lookups, outbox, requests, spools, unanswered
from rights.services.askable import Point
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.store.models import Lookup, OutboxMessage, Package, Staff
from tests.workflows.bells import rung
from tests.workflows.held_shop import MIA, Shop, shop_at, who
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_by_hand import MAP
from workflows import aftercare, worker
from workflows.building import parts_for
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.relay import Relay

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, clock: Clock) -> Floor:
    shop = {"users": [{"id": 1, "nickname": "ann"}, {"id": 2, "nickname": "bo"}]}
    made = floor_over(tmp_path, MAP, {"shop": shop}, clock)
    return replace(made, manifests={**made.manifests, "manual": Manual.manifest})


@pytest.fixture
def shop(
    tmp_path: Path, sqlite_url: str, private_redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path, retention="none")
    made.staff()
    yield made
    made.close()


# -- look-ups ----------------------------------------------------------------------------------


def _waiting(floor: Floor, **more: Any) -> str:
    now = floor.now()
    given: dict[str, Any] = {"expires_at": now + timedelta(minutes=15), **more}
    with transaction(floor.register) as session:
        row = Lookup(question="counts", sealed_input=b"x", created_at=now, **given)
        session.add(row)
        session.flush()
        return row.id


def _rung(floor: Floor) -> list[tuple[str, str, dict[str, str]]]:
    with transaction(floor.register) as session:
        found = session.exec(select(OutboxMessage)).all()
        rang = [(m.job, m.queue, m.args) for m in found]
        for message in found:
            session.delete(message)
    return rang


def test_a_look_up_that_nobody_answers_is_rung_for_again_ever_more_seldom(
    floor: Floor, clock: Clock
) -> None:
    known: unanswered.Next = {}
    one = _waiting(floor)
    times = []

    for second in range(300):
        if unanswered.ring(floor.register, clock, known):
            times.append(second)
            assert _rung(floor) == [("lookup", outbox.URGENT, {"lookup_id": one})]
        clock.on(seconds=1)

    assert times == [5, 10, 20, 40, 80, 160]


def test_what_was_answered_or_can_be_read_no_more_is_not_rung_for(
    floor: Floor, clock: Clock
) -> None:
    known: unanswered.Next = {}
    soon_over = {"expires_at": clock() + 8 * SECOND}
    _waiting(floor, state="answered")
    _waiting(floor, state="failed")
    _waiting(floor, **soon_over)

    clock.on(seconds=6)
    first = unanswered.ring(floor.register, clock, known)
    clock.on(seconds=6)
    later = unanswered.ring(floor.register, clock, known)

    assert (first, later) == (1, 0)
    assert known == {}


def test_a_relay_that_has_just_begun_rings_for_what_waits(floor: Floor, clock: Clock) -> None:
    _waiting(floor)
    clock.on(seconds=30)

    assert unanswered.ring(floor.register, clock, {}) == 1


def test_a_look_up_whose_doorbell_was_lost_is_answered(shop: Shop, private_redis_url: str) -> None:
    floor, redis = shop.floor(), Redis.from_url(private_redis_url)
    settings = shop.settings.model_copy(update={"redis_url": private_redis_url})
    person = Person("", who(MIA), frozenset(who(MIA)), acr=Acr.REAL_NAME)
    with transaction(floor.register) as session:
        asked = lookups.ask_for(session, floor.context, person, "counts", cap=3, now=floor.now()).id
    relay = Relay(floor.register, redis, floor.now, [], poll=1)

    relay.drain()
    redis.flushall()
    worker.serve(parts_for(settings), outbox.URGENT, burst=True)
    with reading(floor.register) as session:
        lost = session.get_one(Lookup, asked).state
    unanswered.ring(floor.register, shop.floor(6 * SECOND).now, {})
    relay.drain()
    worker.serve(parts_for(settings), outbox.URGENT, burst=True)

    assert lost == "waiting"
    with reading(floor.register) as session:
        assert session.get_one(Lookup, asked).state == "answered"


# -- spools ------------------------------------------------------------------------------------


def _read(floor: Floor, person: str = "1") -> tuple[str, str]:
    """Return a copy at work, for which something was read, and its package."""
    request_id = ask(floor, Kind.COPY, {"user_id": person})
    work_on(floor, request_id)
    with reading(floor.register) as session:
        package = session.exec(select(Package.id).where(Package.request_id == request_id)).one()
    assert _lying(floor, package)
    return request_id, package


def _lying(floor: Floor, package: str) -> list[str]:
    return [key for key in floor.blobs.list("spool") if package in key]


def test_what_was_read_for_a_plan_that_was_thrown_away_goes_without_a_doorbell(
    floor: Floor,
) -> None:
    copy, package = _read(floor)
    _, other = _read(floor, "2")
    with transaction(floor.register) as session:
        session.add(Staff(id="s1", name="rui", roles=["reviewer"], created_at=floor.now()))
        session.flush()
        asking.ask(
            session,
            floor.context,
            requests.locked(session, copy),
            [Point(name="categories", why="Which of them?")],
            session.get_one(Staff, "s1"),
            now=floor.now(),
        )
    rung(floor)  # lost

    assert spools.drop_orphans(floor.register, floor.blobs) == 1
    assert _lying(floor, package) == []
    assert _lying(floor, other)
    assert spools.drop_orphans(floor.register, floor.blobs) == 0


def test_a_worker_that_was_overtaken_leaves_nothing_of_a_request_that_was_tidied_up(
    floor: Floor,
) -> None:
    request_id, package = _read(floor)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        requests.revoke(session, request, actor="subject", now=floor.now())

    assert spools.drop_orphans(floor.register, floor.blobs) == 0  # that is for whoever tidies up
    aftercare.close_out(floor, request_id)
    floor.blobs.put(f"spool/{package}/late-1", [b"sealed"], lasting=False)

    assert request_of(floor, request_id).next_at is None
    assert spools.drop_orphans(floor.register, floor.blobs) == 1
    assert _lying(floor, package) == []


def test_more_packages_than_are_looked_up_at_once_are_looked_through(floor: Floor) -> None:
    _, package = _read(floor)
    for number in range(450):
        floor.blobs.put(f"spool/{number:032x}/shop-1", [b"sealed"], lasting=False)

    assert spools.drop_orphans(floor.register, floor.blobs) == 450
    assert [*floor.blobs.list("spool")] == _lying(floor, package)
