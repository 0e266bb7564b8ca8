"""Restriction of some categories of data: those stop, and what would stop more is a task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.database import Database
from tests.workflows.people_in_stores import HEAD, People
from tests.workflows.restricted_shop import ask

PURPOSES = """\
purposes:
- {name: service, title: {zh: 服务, en: Service}, basis: contract}
- {name: ads, title: {zh: 广告, en: Advertising}, basis: legitimate_interest}
- {name: maps, title: {zh: 地图, en: Maps}, basis: legitimate_interest}
switches:
- {name: "purpose:ads", collection: shop.users, column: ads, on: 1, off: 0}
- {name: "purpose:maps", collection: shop.users, column: maps, on: 1, off: 0}
"""
MAP = """\
  - name: users
    identifies: {user_id: id}
    restriction: {strategy: flag, column: stopped, value: 1, lifted: 0}
    fields: [{name: email, category: contact, disclose: true, purposes: [service, ads]}]
  - name: trips
    links: [{columns: [user_id], to: users, role: owner}]
    restriction: {strategy: flag, column: stopped, value: 1, lifted: 0}
    fields: [{name: place, category: location, disclose: true, purposes: [service, ads, maps]}]
  - name: notes
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    database = Database(sqlite_url)
    flag = "stopped INTEGER NOT NULL DEFAULT 0"
    switches = "ads INTEGER NOT NULL DEFAULT 1, maps INTEGER NOT NULL DEFAULT 1"
    database.run(f"CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, {switches}, {flag})")
    database.run(f"CREATE TABLE trips (id INTEGER PRIMARY KEY, user_id INT, place TEXT, {flag})")
    database.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INT, body TEXT)")
    database.put("users", {"id": 1, "email": "ann@mail.example"})
    database.put("trips", {"id": 1, "user_id": 1, "place": "Suzhou"})
    database.put("notes", {"id": 1, "user_id": 1, "body": "x"})
    head, _, stores = HEAD.partition("purposes:")
    text = head + PURPOSES + "stores:\n" + stores.partition("stores:\n")[2] + MAP
    (tmp_path / "datamap.yaml").write_text(text, encoding="utf-8")
    yield People(database, tmp_path / "datamap.yaml", tmp_path)
    database.close()


def _stopped(shop: People) -> dict[str, Any]:
    users, trips = (shop.database.rows(f"SELECT stopped FROM {t}") for t in ("users", "trips"))
    return {"users": users[0][0], "trips": trips[0][0]}


def test_only_what_holds_the_categories_is_put_out_of_use(shop: People) -> None:
    outcome = ask(shop, "categories=location")

    assert (outcome["state"], _stopped(shop)) == ("fulfilled", {"users": 0, "trips": 1})


def test_a_flag_that_would_stop_more_than_was_asked_is_a_task(shop: People) -> None:
    outcome = ask(shop, "categories=contact,location")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "shop.users would stop more than was asked: content" in str(outcome["problems"])
    assert _stopped(shop) == {"users": 0, "trips": 1}


def test_a_category_that_hangs_on_anothers_flag_is_a_task(shop: People) -> None:
    outcome = ask(shop, "categories=content")

    assert "shop.notes has no flag of its own" in str(outcome["problems"])
    assert _stopped(shop) == {"users": 0, "trips": 0}


@pytest.mark.parametrize(
    ("purpose", "category", "switched", "told"),
    [
        ("maps", "location", [(1, 0)], ""),
        ("ads", "location", [(1, 1)], "stop the use of location for these purposes"),
        ("maps", "contact", [(1, 1)], "none of the categories named is used for: maps"),
    ],
)
def test_a_purpose_is_switched_off_if_it_uses_nothing_else(
    shop: People, purpose: str, category: str, switched: list[tuple[int, int]], told: str
) -> None:
    outcome = ask(shop, f"purposes={purpose}", f"categories={category}")

    assert shop.database.rows("SELECT ads, maps FROM users") == switched
    assert told in f"{outcome['problems']}{[x['because'] for x in outcome['collections']]}"
    assert _stopped(shop) == {"users": 0, "trips": 0}
