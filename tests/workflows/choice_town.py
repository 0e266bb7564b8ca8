"""A feed in a live database that offers topics, the rights service beside it, and a nightly job."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.memory import Memory
from connectors.sdk import Connector
from connectors.sql import Sql, SqlSettings
from rights.services.context import fitting
from rights.store import migrate
from tests.web.house import House, Reply, furnish, settings_for
from tests.workflows.house import floor_over
from tests.workflows.tag_town import BothClocks
from workflows.floor import Floor
from workflows.jobs import work_on

ANN = {"user_id": "1", "email": "ann@example.com"}
BO = {"user_id": "2", "email": "bo@example.com"}
TEA, OWL, OPERA = "tea", "night-owl-4711", "opera-4712"

MAP = """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract}
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
- name: feed
  connector: sql
  settings: {url: "sqlite://"}
  role: controller
  classification: general
  serving: true
  defaults: {purposes: [service], retention: none}
  collections:
  - name: tags
    key: [user_id, topic]
    links: [{columns: [user_id], to: shop.users, role: owner}]
    tags:
      choices:
      - {tag: tea, title: {zh: 茶, en: Tea}, set: {name: 茶}}
      - {tag: opera-4712, title: {zh: 戏曲, en: Opera}, set: {name: 戏曲}}
      chosen: {source: chosen}
      since: since
    fields:
    - {name: topic, category: tag, disclose: true}
    - {name: name, category: tag, disclose: true}
    - {name: source, category: tag, disclose: true}
    - {name: since, category: tag, disclose: true}
switches:
- {name: tags, collection: feed.tags, column: topic}
"""

SCHEMA = """
CREATE TABLE tags (user_id INTEGER NOT NULL, topic TEXT NOT NULL, name TEXT, source TEXT NOT NULL,
  since TEXT, score REAL NOT NULL DEFAULT 0, PRIMARY KEY (user_id, topic))
"""

Row = tuple[int, str, str]


@dataclass
class Town:
    """
    The feed, and the service beside it.

    Args:
        seen: Behaviour, as the job finds it every night: whose, which tag, how old.
    """

    house: House
    floor: Floor
    file: Path
    seen: list[tuple[str, str, datetime]]

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(statement, values).fetchall()

    @property
    def tags(self) -> set[Row]:
        """Whose tags, and where they come from."""
        return set(self.sql("SELECT user_id, topic, source FROM tags"))

    def nightly(self) -> None:
        """Compute all tags anew, as the guide tells: the chosen ones are left alone."""
        items = [
            {"type": "user_id", "value": user, "tag": tag, "recorded_at": at.isoformat()}
            for user, tag, at in self.seen
        ]
        answer = self.house.post("/v1/suppression/tags", {"items": items})
        assert answer.status_code == 200, answer.json
        self.sql("DELETE FROM tags WHERE source <> 'chosen'")
        for (user, tag, _), may in zip(self.seen, answer.json["items"], strict=True):
            if may["allowed"] and not may["chosen"]:
                self.sql(
                    "INSERT INTO tags (user_id, topic, source) VALUES (?, ?, 'bought')",
                    int(user),
                    tag,
                )

    def word(self, subject: Any = ANN, acr: str = "session") -> str:
        return self.house.partner.assertion(subject, self.house.clock.now(), acr)

    def says(self, subject: Any = ANN, **said: Sequence[str]) -> Reply:
        """Let somebody who is signed in choose, and no worker be there yet."""
        body = {"assertion": self.word(subject), **said}
        return self.house.post("/v1/preferences/tags", body)

    def chooses(self, subject: Any = ANN, **said: Sequence[str]) -> dict[str, Any]:
        """Let somebody choose, and have it done; return what was answered."""
        answer = self.says(subject, **said)
        assert answer.status_code == 202, answer.json
        work_on(self.floor, answer.json["request"]["id"])
        self.house.clock.forward(seconds=1)
        document: dict[str, Any] = answer.json
        return document

    def read(self, subject: Any = ANN) -> dict[str, Any]:
        """What a product reads of somebody's choice."""
        answer = self.house.post("/v1/preferences/tags/read", {"subject": subject})
        assert answer.status_code == 200, answer.json
        document: dict[str, Any] = answer.json
        return document

    def chosen(self, subject: Any = ANN) -> set[str]:
        return {one["tag"] for one in self.read(subject)["items"] if one["chosen"]}

    def results(self, request_id: str) -> dict[str, int]:
        remarks = self.house.get(f"/v1/requests/{request_id}/remarks").json
        return {one["item"]: one["status"] for one in remarks["results"]}

    def state(self, request_id: str) -> str:
        return str(self.house.get(f"/v1/requests/{request_id}").json["state"])


@contextmanager
def choice_town(folder: Path, redis_url: str, text: str = MAP) -> Iterator[Town]:
    """Yield one where a night has passed: everybody has the tags of their behaviour."""
    url = f"sqlite:///{folder / 'register.db'}"
    migrate.upgrade(url)
    file, datamap = folder / "feed.db", folder / "map.yaml"
    datamap.write_text(text, encoding="utf-8")
    clock = BothClocks()
    users = [{"id": n, "email": f"{name}@example.com"} for n, name in ((1, "ann"), (2, "bo"))]
    house = furnish(settings_for(url, redis_url, folder, datamap=datamap), clock=clock)
    shop: dict[str, dict[str, list[dict[str, Any]]]] = {
        "shop": {"users": users},
        "feed": {"tags": []},
    }
    plain = floor_over(folder, text, shop, clock, register_url=url, backoff_s=(5.0,))
    feed = Sql(SqlSettings(url=f"sqlite:///{file}"))
    stores: dict[str, Connector] = {"shop": plain.connector("shop"), "feed": feed}
    floor = replace(
        plain,
        connector=stores.__getitem__,
        manifests={"memory": Memory.manifest, "sql": Sql.manifest},
        context=replace(plain.context, policy=fitting(plain.context.policy, plain.context.datamap)),
    )
    old = clock.at - timedelta(days=30)
    town = Town(house, floor, file, [("1", TEA, old), ("1", OWL, old), ("2", TEA, old)])
    town.sql(SCHEMA)
    town.nightly()
    yield town
    feed.close_connections()
    floor.register.dispose()
    house.engine.dispose()
    house.parts.limits.close()
