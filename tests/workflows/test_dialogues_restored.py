"""After a restore, a message that was deleted goes again, and what the person said since stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from rights.store.models import Aftercare
from tests.workflows.companion import DIALOGUE, MAP, SCHEMA, TABLES, rows
from tests.workflows.restored import Shop, now

KEPT = "  role: controller\n  backups: [{name: nightly dump, keeps: 14d, remedy: rights replay}]\n"


@pytest.fixture(params=["sqlite", "postgres"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_APP_URL", url)
    said = MAP.replace("CONNECTOR", "sql").replace("SETTINGS", '{url: "${secret:APP_URL}"}')
    (tmp_path / "map.yaml").write_text(said.replace("  role: controller\n", KEPT), encoding="utf-8")
    made = Shop(url, tmp_path, sa.create_engine(url), TABLES)
    numbered = " PRIMARY KEY AUTOINCREMENT" if request.param == "sqlite" else " PRIMARY KEY"
    for statement in SCHEMA:
        made.write(statement.replace(" PRIMARY KEY", numbered))
    for name, found in rows().items():
        for row in found:
            made.write(f"INSERT INTO {name} VALUES ({', '.join(f':{c}' for c in row)})", **row)
    yield made
    made.engine.dispose()


def _erase(shop: Shop, **named: object) -> None:
    said = json.dumps([{"collection": DIALOGUE, **named}])
    shop.execute("deletion", f"conversations={said}", user_id="1")


def _messages(shop: Shop) -> list[int]:
    return [row[0] for row in shop.content()["messages"] if row[1] == 1]


def test_what_came_back_is_seen_and_what_is_new_is_not(shop: Shop) -> None:
    since = now()
    _erase(shop, messages=["100"])
    shop.write("INSERT INTO messages VALUES (500, 1, 10, 'new', '2026-05-05', 1)")
    assert shop.recheck(since)["exit"] == 0

    shop.write("INSERT INTO messages VALUES (100, 1, 10, 'back', '2026-01-01', 1)")
    found = shop.recheck(since)

    assert (found["exit"], found["requests"][0]["back"]) == (3, {DIALOGUE: 1})
    assert [a.code for a in shop.rows(Aftercare) if a.kind == "incident"] == ["came_back"]


def test_a_replay_takes_the_message_and_nothing_else(shop: Shop) -> None:
    backup, since = shop.content(), now()
    _erase(shop, session="10")
    after = shop.content()
    assert _messages(shop) == [110, 111]

    shop.restore(backup)
    shop.write("INSERT INTO chats VALUES (50, 1, 'new')")
    shop.write("INSERT INTO messages VALUES (500, 1, 50, 'new', '2026-05-05', 1)")
    shop.replay(since, "--store=app")

    assert _messages(shop) == [110, 111, 500]
    kept = shop.content()
    for name in ("users", "notes", "replies"):
        assert kept[name] == after[name]
    assert [row for row in kept["messages"] if row[1] == 2] == [
        row for row in backup["messages"] if row[1] == 2
    ]
