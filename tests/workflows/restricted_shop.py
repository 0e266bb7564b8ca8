"""A shop with a flag on each person, a switch for each purpose, and who reads it for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.database import Database
from tests.workflows.people_in_stores import HEAD, People
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import Order, run, settings_in

PURPOSES = """\
purposes:
- {name: service, title: {zh: 服务, en: Service}, basis: contract}
- {name: analytics, title: {zh: 分析, en: Analytics}, basis: legitimate_interest}
- {name: research, title: {zh: 研究, en: Research}, basis: legitimate_interest}
- {name: tax, title: {zh: 税务, en: Tax}, basis: legal_obligation}
switches:
- {name: "purpose:analytics", collection: shop.users, column: analytics, on: 1, off: 0}
- {name: "purpose:tax", collection: shop.users, column: tax, on: 1, off: 0}
"""
MAP = """\
  - name: users
    identifies: {user_id: id, email: email}
    restriction: {strategy: flag, column: stopped, value: 1, lifted: 0}
    fields: [{name: email, category: contact, disclose: true}]
"""
ANN = {"user_id": "1"}
ANALYST = "SELECT id FROM users WHERE analytics = 1 AND stopped = 0 ORDER BY id"
BILLING = "SELECT id FROM users WHERE stopped = 0 ORDER BY id"
AUDITOR = "SELECT id FROM users WHERE tax = 1 ORDER BY id"


def shop_on(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """Make the shop: Ann (1) and Bo (2), in use for everything."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80),"
        " analytics INTEGER NOT NULL DEFAULT 1, tax INTEGER NOT NULL DEFAULT 1,"
        " stopped INTEGER NOT NULL DEFAULT 0)"
    )
    for n, name in ((1, "ann"), (2, "bo")):
        database.put("users", {"id": n, "email": f"{name}@mail.example"})
    folder = tmp_path / "people"
    folder.mkdir()
    head, _, stores = HEAD.partition("purposes:")
    text = head + PURPOSES + "stores:\n" + stores.partition("stores:\n")[2] + MAP
    (folder / "datamap.yaml").write_text(text, encoding="utf-8")
    yield People(database, folder / "datamap.yaml", folder)
    database.close()


def ids(shop: People, query: str) -> list[int]:
    """Return who is found by one of the readers' queries."""
    return [row[0] for row in shop.database.rows(query)]


def ask(shop: People, *options: str, kind: str = "restriction", **subject: str) -> dict[str, Any]:
    """Run one request of Ann's to its end or to a halt."""
    return _run(shop, options, kind, subject or ANN, dry_run=False)


def rehearse(shop: People, *options: str, kind: str = "restriction") -> dict[str, Any]:
    """Plan one request of Ann's and change nothing."""
    return _run(shop, options, kind, ANN, dry_run=True)


def _run(
    shop: People, options: Sequence[str], kind: str, subject: Mapping[str, str], *, dry_run: bool
) -> dict[str, Any]:
    order = Order.read({"kind": kind, "options": options}, subject)
    given = {"state": shop.folder / "state", "out": shop.folder / "out", "dry_run": dry_run}
    (outcome,) = run(shop.map_file, [order], given)
    return outcome


def floor_of(shop: People, after: timedelta = timedelta()) -> Floor:
    """Return a worker's floor whose clock is *after* ahead."""
    made = floor_for(parts_for(settings_in(shop.map_file, shop.folder / "state")), worker="test")
    return replace(made, now=lambda: datetime.now(UTC) + after)
