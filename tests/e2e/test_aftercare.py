"""A closed deletion, looked at again by a real relay and workers while a feed brings data back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from rights.services.receipts import verify_export
from rights.store.migrate import upgrade
from tests.e2e import shop
from tests.e2e.processes import ROOT, environment, running
from tests.web.house import House, furnish, settings_for


@dataclass
class Company:
    """A shop, the register beside it, and the settings that relay and workers run with."""

    store: Engine
    house: House
    env: dict[str, str]
    log: Path


@pytest.fixture
def company(
    postgres_database: Callable[..., str], private_redis_url: str, tmp_path: Path
) -> Iterator[Company]:
    register, shop_url = postgres_database(), postgres_database()
    upgrade(register)
    env = environment(
        tmp_path, register=register, redis=private_redis_url, shop=shop_url, map_text=shop.MAP
    )
    env["RIGHTS_RECHECK_S"] = "1,4,7,10,13,16,19,22"
    settings = settings_for(register, private_redis_url, tmp_path, datamap=tmp_path / "map.yaml")
    made = Company(shop.fill(shop_url, 4), furnish(settings), env, tmp_path / "log")
    yield made
    made.store.dispose()
    made.house.engine.dispose()


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.requirement("R-24-8")
def test_what_a_feed_brings_back_is_a_task_for_staff_and_the_closed_request_stays_as_it_was(
    company: Company,
) -> None:
    house, env, log = company.house, company.env, company.log
    with running("relay", env=env, log=log), running("worker", "--count", "2", env=env, log=log):
        made = house.asserted("deletion", {"user_id": "1"})
        place = f"/v1/requests/{made['id']}"
        until(lambda: house.get(place).json["state"] == "fulfilled")
        before = house.get(place).json
        receipt = house.get(f"{place}/receipt").json
        found = verify_export(json.dumps(receipt).encode())
        assert (found.ok, found.effects) == (True, True)

        with company.store.begin() as connection:  # a feed that is behind delivers the old account
            connection.execute(
                insert(shop.USERS).values(id=1, email="user1@example.com", nickname="again")
            )
        tasks = until(lambda: [t for t in rights(env, "tasks", "list", "--json") if t["code"]])

    assert [(t["kind"], t["code"], t["note"]) for t in tasks] == [
        ("incident", "came_back", "shop.users (1)")
    ]
    assert '"event": "incident.opened"' in log.read_text()
    assert house.get(place).json == before
    assert house.get(f"{place}/receipt").json == receipt
    _imports_are_told(house)

    rights(env, "staff", "add", "li", "--role", "reviewer")
    rights(env, "tasks", "complete", tasks[0]["step"], "--as", "li", "--proof", "case-7")
    assert rights(env, "tasks", "list", "--json") == []
    assert rights(env, "audit", "verify", "--json")["ok"] is True


def _imports_are_told(house: House) -> None:
    item = {"type": "user_id", "value": "1"}
    old = (house.clock.now() - timedelta(days=1)).isoformat()
    new = (house.clock.now() + timedelta(days=1)).isoformat()
    asked = {"items": [{**item, "recorded_at": old}, {**item, "recorded_at": new}]}
    answer = house.post("/v1/suppression/check", asked)
    assert [a["allowed"] for a in answer.json["items"]] == [False, True]


def rights(env: dict[str, str], *words: str) -> Any:
    """Run a command as an operator would; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "workflows.cli", *words],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    last = done.stdout.strip().rpartition("\n")[2]
    return json.loads(last) if last.startswith(("{", "[")) else last


def until(look: Callable[[], Any], within_s: float = 60) -> Any:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")
