"""What workers write down of the stores' live schemas: what the map lacks, and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from connectors.registry import load
from connectors.sdk import Verb
from rights.domain.errors import ConnectorError
from rights.services import schema_changes
from rights.services.console import coverage
from rights.services.schema_changes import Change
from rights.store.db import reading
from rights.store.models import StoreChange, StoreStatus
from tests.day_entries import day_entries
from tests.workflows.house import Clock, floor_over
from tests.workflows.shop_on_sql import MAP, SCHEMA, execute
from workflows import status
from workflows.floor import Floor
from workflows.secrets import Secrets
from workflows.stores import open_connector


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def floor(tmp_path: Path, url: str, clock: Clock) -> Iterator[Floor]:
    execute(url, SCHEMA)
    bare = floor_over(tmp_path, MAP, {}, clock)
    registry = load(("sql",))
    store = bare.context.datamap.store("shop")
    shop = open_connector(store, registry, Secrets.of({"RIGHTS_SECRET_SHOP_URL": url}))
    manifests = {"sql": shop.manifest}
    yield replace(bare, connector=lambda _: shop, manifests=manifests, worker="north:7")
    shop.close_connections()
    bare.register.dispose()


def _seen(floor: Floor) -> StoreStatus:
    status.publish(floor)
    with reading(floor.register) as session:
        return session.get_one(StoreStatus, "shop")


def _changes(floor: Floor) -> list[tuple[str, str, str]]:
    with reading(floor.register) as session:
        rows = session.exec(select(StoreChange).order_by(StoreChange.place)).all()
        return [(one.sign, one.what, one.place) for one in rows]


def test_what_the_map_does_not_name_and_what_is_not_there_is_written_down_by_name(
    floor: Floor, url: str
) -> None:
    well = _seen(floor)
    found = {one["place"] for one in well.findings}
    assert (well.healthy, well.worker, well.looked_at) == (True, "north:7", floor.now())
    execute(url, "CREATE TABLE leads (id INTEGER PRIMARY KEY, email VARCHAR(80))")
    execute(url, "ALTER TABLE order_items DROP COLUMN label")

    seen = _seen(floor)

    now = {(one["sign"], one["what"], one["place"]) for one in seen.findings}
    fresh = {one for one in now if one[2] not in found}
    assert fresh == {
        ("+", "table", "shop.leads"),
        ("-", "column", "shop.order_items.label"),
    }


def test_a_change_between_two_looks_is_written_down_once(
    floor: Floor, url: str, clock: Clock
) -> None:
    _seen(floor)
    assert _changes(floor) == [], "the first look has nothing to compare with"
    clock.on(minutes=1)
    execute(url, "ALTER TABLE orders ADD COLUMN phone VARCHAR(20)")
    execute(url, "CREATE TABLE leads (id INTEGER PRIMARY KEY)")

    _seen(floor)
    _seen(floor)

    assert _changes(floor) == [
        ("+", "table", "shop.leads"),
        ("+", "column", "shop.orders.phone"),
    ]
    execute(url, "DROP TABLE leads")
    _seen(floor)
    assert ("-", "table", "shop.leads") in _changes(floor)


def test_a_store_that_cannot_be_asked_claims_nothing_new(floor: Floor, clock: Clock) -> None:
    before = _seen(floor)
    looked = before.looked_at
    clock.on(minutes=5)

    def gone(_: str) -> Any:
        raise ConnectorError("the store cannot be reached")

    seen = _seen(replace(floor, connector=gone))

    assert not seen.healthy
    status.publish(replace(floor, connector=gone))
    status.publish(floor)
    assert day_entries(floor.register, "store_unreachable", "store_reachable") == [
        ("store_unreachable", {"store": "shop"}),
        ("store_reachable", {"store": "shop"}),
    ]
    assert (seen.looked_at, seen.findings) == (looked, before.findings)
    assert _changes(floor) == []


def test_a_type_that_changed_is_told_apart_from_what_was_added_or_removed() -> None:
    before = {"t": {"a": "INTEGER", "b": "TEXT"}, "gone": {}, "bare": {}}
    now = {"t": {"a": "BIGINT", "c": "TEXT"}, "new": {}, "bare": {"x": "TEXT"}}

    assert [*schema_changes.changes("s", before, now)] == [
        Change("-", "table", "s.gone"),
        Change("+", "table", "s.new"),
        Change("~", "column", "s.t.a", "INTEGER", "BIGINT"),
        Change("-", "column", "s.t.b", "TEXT"),
        Change("+", "column", "s.t.c", is_now="TEXT"),
    ]


def test_the_console_knows_every_verb_that_a_connector_may_lack() -> None:
    assert coverage.VERBS == tuple(Verb)


def test_a_register_that_is_away_for_a_moment_does_not_end_the_looks(floor: Floor) -> None:
    with floor.register.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE store_status RENAME TO away")
    status.attempt(floor)
    with floor.register.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO store_status")

    status.attempt(floor)

    with reading(floor.register) as session:
        assert session.get_one(StoreStatus, "shop").healthy


def test_the_fault_of_a_connector_is_told_and_ends_no_look(floor: Floor) -> None:
    def broken(_: str) -> object:
        raise KeyError("a name that is not there")

    seen = _seen(replace(floor, connector=broken))  # type: ignore[arg-type]  # it never returns

    assert (seen.healthy, seen.note) == (False, "KeyError")
