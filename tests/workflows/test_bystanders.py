"""An erasure that changes rows of other people is an incident, and is done all the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rights.services import incidents
from rights.store.db import open_engine, reading
from rights.store.models import Aftercare, Entry
from tests.workflows.held_shop import MIA, NOA, Shop, shop_at
from workflows import bystanders, inline
from workflows.inline import settings_in

TOUCH = (
    "CREATE TRIGGER touch AFTER DELETE ON chat BEGIN"
    " UPDATE chat SET body = 'none of yours' WHERE user_id <> OLD.user_id"
)


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop on SQLite, each of whose erasures is looked at."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    monkeypatch.setattr(inline, "settings_in", _watching)
    made = shop_at(sqlite_url, tmp_path)
    yield made
    made.close()


def _watching(file: Path, state: Path, share: float = 1.0) -> Any:
    return settings_in(file, state).model_copy(update={"bystander_share": share})


def _touched(shop: Shop) -> None:
    with sqlite3.connect(shop.url.removeprefix("sqlite:///")) as connection:
        connection.execute(f"{TOUCH}; END")


def test_a_trigger_that_changes_somebody_else_is_an_incident(shop: Shop) -> None:
    _touched(shop)

    outcome = shop.erase()

    assert outcome["state"] == "fulfilled"
    assert shop.rows(f"SELECT body FROM chat WHERE user_id = {NOA}") == [("none of yours",)]
    (incident,) = [a for a in shop.noted(Aftercare) if a.kind == "incident"]
    assert (incident.code, incident.note) == (incidents.BYSTANDER_CHANGED, "shop.chat (1)")
    (entry,) = [e for e in shop.noted(Entry) if e.event == "incident_opened"]
    assert entry.data["collections"] == ["shop.chat"]
    engine = open_engine(shop.settings.database_url)
    with reading(engine) as session:
        (task,) = incidents.tasks(session)
    engine.dispose()
    assert task["code"] == "bystander_changed"


def test_an_erasure_that_touches_nobody_else_opens_nothing(shop: Shop) -> None:
    outcome = shop.erase()

    assert outcome["state"] == "fulfilled"
    assert [a for a in shop.noted(Aftercare) if a.kind == "incident"] == []
    (step,) = [s for s in shop.steps() if s.action == "erase"]
    receipts = step.result["collections"]
    assert sum(r["bystanders"] for r in receipts.values()) > 0
    assert "noa@example.com" not in json.dumps(step.result)


def test_nobody_is_looked_at_where_that_is_set_to_none(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inline, "settings_in", lambda f, s: _watching(f, s, 0.0))
    _touched(shop)

    shop.erase(MIA)

    (step,) = [s for s in shop.steps() if s.action == "erase"]
    assert {r["bystanders"] for r in step.result["collections"].values()} == {0}


def test_a_share_of_the_steps_is_looked_at_the_same_at_each_attempt() -> None:
    steps = [f"{n:032x}-02-erase-shop" for n in range(4_000)]

    chosen = [s for s in steps if bystanders.sampled(s, 0.05)]

    assert chosen == [s for s in steps if bystanders.sampled(s, 0.05)]
    assert 140 < len(chosen) < 260
    assert not any(bystanders.sampled(s, 0.0) for s in steps)
    assert all(bystanders.sampled(s, 1.0) for s in steps)
