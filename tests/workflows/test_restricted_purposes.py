"""Restriction for named purposes: only those stop, what a statute asks for is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.connectors.database import Database
from tests.workflows.people_in_stores import HEAD, People
from workflows.inline import Order, run

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
    restriction: {strategy: flag, column: stopped, value: 1}
    fields: [{name: email, category: contact, disclose: true}]
"""
ANN = {"user_id": "1"}
ANALYST = "SELECT id FROM users WHERE analytics = 1 AND stopped = 0 ORDER BY id"
BILLING = "SELECT id FROM users WHERE stopped = 0 ORDER BY id"
AUDITOR = "SELECT id FROM users WHERE tax = 1 ORDER BY id"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
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


def _ids(shop: People, query: str) -> list[int]:
    return [row[0] for row in shop.database.rows(query)]


def _restrict(shop: People, purposes: str, kind: str = "restriction") -> dict[str, Any]:
    order = Order.read({"kind": kind, "options": [f"purposes={purposes}"]}, ANN)
    given = {"state": shop.folder / "state", "out": shop.folder / "out"}
    (outcome,) = run(shop.map_file, [order], given)
    return outcome


def test_only_the_purposes_that_were_named_stop(shop: People) -> None:
    outcome = _restrict(shop, "analytics")

    assert outcome["state"] == "fulfilled"
    assert _ids(shop, ANALYST) == [2]
    assert (_ids(shop, BILLING), _ids(shop, AUDITOR)) == ([1, 2], [1, 2])
    assert shop.run(Kind.RESTRICTION, subject=ANN)["state"] == "fulfilled"
    assert _ids(shop, BILLING) == [2]  # without a purpose it is the whole row


@pytest.mark.requirement("R-P44-1:bad")
def test_what_a_statute_asks_for_is_refused_in_part_and_named(shop: People) -> None:
    outcome = _restrict(shop, "analytics,tax")

    assert outcome["state"] == "partially_fulfilled"
    (refused,) = (x for x in outcome["collections"] if x["missing"])
    assert (refused["missing"], refused["because"]) == (
        "statutory_duty",
        "a law asks for the use for: tax",
    )
    assert (_ids(shop, ANALYST), _ids(shop, AUDITOR)) == ([2], [1, 2])


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_purpose_that_nothing_can_stop_is_a_task_and_not_passed_over(shop: People) -> None:
    outcome = _restrict(shop, "analytics,research")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no switch of the map stops: research" in str(outcome["problems"])
    assert _ids(shop, ANALYST) == [2]  # what can be stopped does not wait for it


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize("purposes", ["analytics,research", "research"])
def test_a_consent_that_no_switch_takes_back_is_a_task_too(shop: People, purposes: str) -> None:
    outcome = _restrict(shop, purposes, "consent_withdrawal")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no switch of the map stops: research" in str(outcome["problems"])
    assert _ids(shop, ANALYST) == ([2] if "analytics" in purposes else [1, 2])
