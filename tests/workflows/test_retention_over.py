"""Rows whose period is over: found row by row, and deleted although nobody asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from rights.app import create_app
from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL
from rights.services import backends, intake
from rights.store.db import transaction
from rights.store.migrate import upgrade
from rights.store.models import HeldRows, PlanRow, ReceiptRow, Request, Suppression
from tests.connectors.database import Database
from tests.workflows.house import Clock, asking
from tests.workflows.people_in_stores import HEAD
from workflows import inline
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.jobs import work_on

PURPOSES = """\
purposes:
- name: service
  title: {zh: 服务, en: Service}
  basis: contract
  contract: {collection: shop.users, column: state, values: [active]}
"""
MAP = """\
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: state, category: account}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 3y, from: made, basis: a law, rank: law, keep_fields: [item]}
    restriction: {strategy: flag, column: shut, value: 1}
    fields:
    - {name: item, category: purchases, disclose: true}
    - {name: note, category: purchases, disclose: true, erasure: delete}
  - name: order_lines
    key: [id]
    links: [{columns: [order_id], to: orders, role: owner}]
    retention: {with: orders}
    fields: [{name: sku, category: purchases, disclose: true}]
  - name: logins
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 6m, from: made, basis: our own rule, rank: policy}
    fields: [{name: ip, category: usage, disclose: true}]
  - name: visits
    key: [id]
    links: [{columns: [login_id], to: logins, role: owner}]
    retention: {with: logins}
    fields: [{name: page, category: usage, disclose: true}]
  - name: parcels
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 1y, from: made, basis: a law, rank: law}
    fields: [{name: street, category: address, disclose: true}]
  - name: labels
    key: [id]
    links: [{columns: [parcel_id], to: parcels, role: owner}]
    fields: [{name: text, category: address, disclose: true}]
"""
TABLES = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40), state VARCHAR(10));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
  item VARCHAR(10), note VARCHAR(10), made DATE, shut INTEGER);
CREATE TABLE order_lines (id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id), sku VARCHAR(10));
CREATE TABLE logins (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
  ip VARCHAR(20), made DATE);
CREATE TABLE visits (id INTEGER PRIMARY KEY, login_id INTEGER REFERENCES logins (id),
  page VARCHAR(10));
CREATE TABLE parcels (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
  street VARCHAR(10), made DATE);
CREATE TABLE labels (id INTEGER PRIMARY KEY,
  parcel_id INTEGER NOT NULL REFERENCES parcels (id), text VARCHAR(10));
INSERT INTO users VALUES (1, 'ann@mail.example', 'active'),
 (2, 'bo@mail.example', 'active');
INSERT INTO orders VALUES (10, 1, 'cup', 'old', '2020-05-01', 0),
 (11, 1, 'pot', 'new', '{in_three_years}', 0),
 (12, 1, 'jug', 'undated', NULL, 0),
 (20, 2, 'tea', 'his', '2020-05-01', 0);
INSERT INTO order_lines VALUES (100, 10, 'a'),
 (110, 11, 'b'),
 (120, 12, 'c'),
 (200, 20, 'd');
INSERT INTO logins VALUES (10, 1, 'x', '{over_six_months}'),
 (11, 1, 'y', '{in_six_months}'),
 (20, 2, 'z', '{over_six_months}');
INSERT INTO visits VALUES (100, 10, 'p'),
 (110, 11, 'q'),
 (200, 20, 'r');
INSERT INTO parcels VALUES (10, 1, 'lane', '2020-01-01'),
 (20, 2, 'road', '2020-01-01');
INSERT INTO labels VALUES (100, 10, 'l'),
 (200, 20, 'm')
"""
ANN = {"user_id": "1"}
AGES = {
    "in_three_years": timedelta(days=200),
    "over_six_months": timedelta(days=330),
    "in_six_months": timedelta(days=30),
}


class Shop:
    """The database, and a worker whose clock is moved by hand."""

    def __init__(self, url: str, folder: Path, text: str = MAP) -> None:
        # A store's own patience is measured by the machine's clock: as late as the test itself.
        self.clock = Clock()
        dates = {name: (self.clock.at - age).date() for name, age in AGES.items()}
        self.database = Database(url)
        self.database.run(*TABLES.format(**dates).split(";"))
        head, _, stores = HEAD.partition("purposes:")
        body = head + PURPOSES + "stores:\n" + stores.partition("stores:\n")[2] + text
        (folder / "datamap.yaml").write_text(body, encoding="utf-8")
        self.settings = inline.settings_in(folder / "datamap.yaml", folder / "state")
        upgrade(self.settings.database_url)
        self.floor: Floor = replace(
            floor_for(parts_for(self.settings), worker="test"), now=self.clock
        )

    def close(self) -> None:
        self.floor.leases.stop()
        self.floor.close()
        self.database.close()

    def trigger(self, **more: Any) -> Request:
        """Say by the API that a period is over, as a product does; work until it is done."""
        app = create_app(self.settings, now=self.clock)
        with transaction(self.floor.register) as session:
            name = f"shop{len(session.exec(select(Request)).all())}"
            backend = backends.add(session, name, now=self.clock())
            _, key = backends.issue_key(
                session, backend.id, ("deletions:trigger",), now=self.clock()
            )
        body = {"trigger": "retention_expired", "subject": ANN, **more}
        answer = app.test_client().post(
            "/v1/deletions", json=body, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.json is not None
        assert answer.status_code == 201, answer.json
        return self.work(answer.json["id"])

    def work(self, request_id: str) -> Request:
        work_on(self.floor, request_id)
        with transaction(self.floor.register) as session:
            request = session.get_one(Request, request_id)
            assert request.state in TERMINAL, (request.state, request.wait)
            return request

    def ask(self, kind: Kind) -> Request:
        with transaction(self.floor.register) as session:
            new = asking(self.floor, kind, ANN)
            request, _ = intake.submit(session, self.floor.context, new, now=self.clock())
            request_id = request.id
        return self.work(request_id)

    def rows(self, table: str) -> list[int]:
        return [row[0] for row in self.database.rows(f"SELECT id FROM {table} ORDER BY id")]

    def left(self) -> dict[str, list[int]]:
        names = ("users", "orders", "order_lines", "logins", "visits", "parcels", "labels")
        return {name: self.rows(name) for name in names}

    def kept(self, model: Any) -> list[Any]:
        with Session(self.floor.register) as session:
            return list(session.exec(select(model)).all())


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    made = Shop(url, tmp_path)
    yield made
    made.close()


IN_PERIOD = [(11, "pot", "new", 0), (12, "jug", "undated", 0), (20, "tea", "his", 0)]


@pytest.mark.requirement("R-P47-2")
def test_rows_whose_period_is_over_go_unasked_and_the_others_are_left_as_they_are(
    shop: Shop,
) -> None:
    before = shop.left()

    deletion = shop.trigger()

    assert (deletion.state, deletion.channel) == ("fulfilled", "internal")
    left = shop.left()
    assert left["orders"] == [11, 12, 20]
    assert left["order_lines"] == [110, 120, 200]
    assert (left["logins"], left["visits"]) == ([11, 20], [110, 200])  # whatever its rank
    assert {n: left[n] for n in ("users", "parcels", "labels")} == {
        n: before[n] for n in ("users", "parcels", "labels")
    }
    orders = shop.database.rows("SELECT id, item, note, shut FROM orders ORDER BY id")
    assert [tuple(row) for row in orders] == IN_PERIOD  # not emptied, not put out of use
    (receipt,) = shop.kept(ReceiptRow)
    assert "orders" in str(receipt.body)
    assert shop.kept(HeldRows) == []
    assert shop.kept(Suppression)  # of what went: it may not come in again by an import
    (plan,) = shop.kept(PlanRow)
    grounds = plan.body["grounds"]
    assert grounds["shop.orders"]["service_ended"] is True
    assert not any(grounds["shop.users"].values())


@pytest.mark.requirement("R-P47-2")
def test_what_is_over_later_goes_when_it_is_said_again(shop: Shop) -> None:
    shop.trigger()
    shop.clock.at += timedelta(days=900)

    assert shop.trigger().state == "fulfilled"

    left = shop.left()
    assert (left["orders"], left["order_lines"]) == ([12, 20], [120, 200])
    assert (left["logins"], left["visits"]) == ([20], [200])
    assert left["users"] == [1, 2]


@pytest.mark.requirement("R-P47-1")
def test_whose_period_is_over_goes_though_a_contract_runs_and_nobody_named_that_ground(
    shop: Shop,
) -> None:
    request = shop.ask(Kind.DELETION)

    assert request.state == "partially_fulfilled"
    left = shop.left()
    assert left["users"] == [1, 2]
    assert (left["orders"], left["order_lines"]) == ([11, 12, 20], [110, 120, 200])
    assert left["parcels"] == [10, 20]  # its labels are needed, and hang on it
    assert left["visits"] == [100, 110, 200]  # whose rule holds nothing by itself
    orders = shop.database.rows("SELECT id, item, note, shut FROM orders ORDER BY id")
    assert [tuple(row) for row in orders] == IN_PERIOD
    (receipt,) = shop.kept(ReceiptRow)
    assert "still_necessary_contract" in str(receipt.body)
    (plan,) = shop.kept(PlanRow)
    grounds = plan.body["grounds"]
    assert grounds["shop.orders"]["service_ended"] is True
    assert grounds["shop.labels"]["service_ended"] is False
    assert grounds["shop.users"]["service_ended"] is False
